-- title: Sales by product
-- question: Which products sell most, in units and in revenue?
-- page: Products
-- title.fr: Ventes par produit
-- question.fr: Quels produits se vendent le plus, en unités et en chiffre d’affaires ?
-- page.fr: Produits
-- order: 30
-- format: units=integer revenue=money sales_lines=integer
-- format: units_share=percent revenue_share=percent units_rank=integer revenue_rank=integer
-- chart: bar x=revenue y=product
-- label: product_id=Reference; units_share=Share of units; revenue_share=Share of revenue
-- label: units_rank=Rank by units; revenue_rank=Rank by revenue
-- label.fr: product_id=Référence; product=Produit; units=Unités; revenue=Chiffre d’affaires
-- label.fr: sales_lines=Lignes de vente; units_share=Part des unités; revenue_share=Part du CA
-- label.fr: units_rank=Rang (unités); revenue_rank=Rang (CA)
-- Products without sales are listed with zeros.
with totals as (
    select
        dim_products.product_id,
        dim_products.product,
        coalesce(sold.units, 0) as units,
        coalesce(sold.revenue_cents, 0) as revenue_cents,
        coalesce(sold.sales_lines, 0) as sales_lines
    from dim_products
    left join product_sales as sold on sold.product_id = dim_products.product_id
)

select
    product_id,
    product,
    units,
    revenue_cents / 100.0 as revenue,
    sales_lines,
    cast(units as double precision) / nullif(sum(units) over (), 0) as units_share,
    cast(revenue_cents as double precision) / nullif(sum(revenue_cents) over (), 0) as revenue_share,
    rank() over (order by units desc) as units_rank,
    rank() over (order by revenue_cents desc) as revenue_rank
from totals
order by revenue_cents desc, product_id
