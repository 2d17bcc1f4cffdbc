-- title: Products
-- question: Which products are there?
-- title.fr: Produits
-- question.fr: Quels sont les produits ?
-- The name is the label; products that share a name carry their id as well.
-- A product is gone when its source no longer lists it and sales still refer to it.
select
    product_id,
    case
        when count(*) over (partition by name) > 1 then name || ' (' || product_id || ')'
        else name
    end as product,
    price_cents,
    stock,
    gone
from products
