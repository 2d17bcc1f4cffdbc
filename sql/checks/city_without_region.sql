-- title: Every store's city has a region
-- title.fr: La ville de chaque magasin a une région
-- severity: warn
-- value.fr: problem no region is known for this city=région inconnue pour cette ville
-- label.fr: problem=Problème; city=Ville; stores=Magasins; first_store_id=Premier magasin
-- Add the city to the reference of cities; until then its sales count in the region 'Unknown'.
select
    'no region is known for this city' as problem,
    city,
    count(*) as stores,
    min(store_id) as first_store_id
from dim_stores
where region = 'Unknown'
group by city
order by city
