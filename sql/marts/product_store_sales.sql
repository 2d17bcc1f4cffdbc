-- title: Sales per product and store
-- question: What did each store sell of each product?
-- title.fr: Ventes par produit et magasin
-- question.fr: Qu’a vendu chaque magasin de chaque produit ?
-- as: table
-- Only the pairs that sold. The analyses of the whole period by product or place read this table, or
-- one of those made from it, so the sales are grouped by product and store once, and later only what
-- was added to them.
select
    product_id,
    store_id,
    sum(quantity) as units,
    sum(revenue_cents) as revenue_cents,
    count(*) as sales_lines
from fct_sales
group by product_id, store_id
