-- title: Sales per product
-- question: What was sold of each product?
-- title.fr: Ventes par produit
-- question.fr: Combien a-t-on vendu de chaque produit ?
-- as: table
-- Only the products that sold.
select
    product_id,
    sum(units) as units,
    sum(revenue_cents) as revenue_cents,
    sum(sales_lines) as sales_lines
from product_store_sales
group by product_id
