-- title: Products by city
-- question: What sells where?
-- page: Places
-- title.fr: Produits par ville
-- question.fr: Qu’est-ce qui se vend où ?
-- page.fr: Lieux
-- order: 43
-- format: units=integer revenue=money sales_lines=integer
-- chart: heatmap x=city y=product color=units
-- label: product_id=Reference
-- label.fr: product_id=Référence; product=Produit; city=Ville; units=Unités
-- label.fr: revenue=Chiffre d’affaires; sales_lines=Lignes de vente
-- Every product in every city; a product that a city never sold is there with zeros.
with places as (
    select distinct city
    from dim_stores
),

sold as (
    select
        dim_stores.city,
        product_store_sales.product_id,
        sum(product_store_sales.units) as units,
        sum(product_store_sales.revenue_cents) as revenue_cents,
        sum(product_store_sales.sales_lines) as sales_lines
    from product_store_sales
    inner join dim_stores on dim_stores.store_id = product_store_sales.store_id
    group by dim_stores.city, product_store_sales.product_id
)

select
    dim_products.product_id,
    dim_products.product,
    places.city,
    coalesce(sold.units, 0) as units,
    coalesce(sold.revenue_cents, 0) / 100.0 as revenue,
    coalesce(sold.sales_lines, 0) as sales_lines
from dim_products
cross join places
left join sold on sold.product_id = dim_products.product_id and sold.city = places.city
order by dim_products.product_id, places.city
