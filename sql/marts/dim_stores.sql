-- title: Stores
-- question: Which stores are there, in which city and region?
-- title.fr: Magasins
-- question.fr: Quels sont les magasins, dans quelle ville et quelle région ?
-- A city that the reference of cities does not know is in the region 'Unknown'.
select
    stores.store_id,
    coalesce(stores.city, 'Unknown') || ' ' || cast(stores.store_id as text) as store,
    coalesce(stores.city, 'Unknown') as city,
    coalesce(cities.region, 'Unknown') as region,
    stores.employees,
    stores.gone
from stores
left join cities on cities.city = stores.city
