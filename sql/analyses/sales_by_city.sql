-- title: Sales by city
-- question: Which cities sell most, in units and in revenue?
-- page: Places
-- title.fr: Ventes par ville
-- question.fr: Quelles villes vendent le plus, en unités et en chiffre d’affaires ?
-- page.fr: Lieux
-- order: 41
-- format: stores=integer units=integer revenue=money sales_lines=integer
-- format: units_share=percent revenue_share=percent units_rank=integer revenue_rank=integer
-- chart: bar x=revenue y=city
-- value.fr: region Unknown=Inconnue
-- label: units_share=Share of units; revenue_share=Share of revenue; units_rank=Rank by units
-- label: revenue_rank=Rank by revenue
-- label.fr: city=Ville; region=Région; stores=Magasins; units=Unités; revenue=Chiffre d’affaires
-- label.fr: sales_lines=Lignes de vente; units_share=Part des unités; revenue_share=Part du CA
-- label.fr: units_rank=Rang (unités); revenue_rank=Rang (CA)
-- Cities whose stores have no sales are listed with zeros.
with totals as (
    select
        dim_stores.city,
        dim_stores.region,
        count(*) as stores,
        coalesce(sum(sold.units), 0) as units,
        coalesce(sum(sold.revenue_cents), 0) as revenue_cents,
        coalesce(sum(sold.sales_lines), 0) as sales_lines
    from dim_stores
    left join store_sales as sold on sold.store_id = dim_stores.store_id
    group by dim_stores.city, dim_stores.region
)

select
    city,
    region,
    stores,
    units,
    revenue_cents / 100.0 as revenue,
    sales_lines,
    cast(units as double precision) / nullif(sum(units) over (), 0) as units_share,
    cast(revenue_cents as double precision) / nullif(sum(revenue_cents) over (), 0) as revenue_share,
    rank() over (order by units desc) as units_rank,
    rank() over (order by revenue_cents desc) as revenue_rank
from totals
order by revenue_cents desc, city
