-- title: Sales per store
-- question: What did each store sell?
-- title.fr: Ventes par magasin
-- question.fr: Combien chaque magasin a-t-il vendu ?
-- as: table
-- Only the stores that sold.
select
    store_id,
    sum(units) as units,
    sum(revenue_cents) as revenue_cents,
    sum(sales_lines) as sales_lines
from product_store_sales
group by store_id
