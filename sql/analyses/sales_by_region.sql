-- title: Sales by region
-- question: Which regions sell most, in units and in revenue?
-- page: Places
-- title.fr: Ventes par région
-- question.fr: Quelles régions vendent le plus, en unités et en chiffre d’affaires ?
-- page.fr: Lieux
-- order: 40
-- format: stores=integer units=integer revenue=money sales_lines=integer
-- format: units_share=percent revenue_share=percent units_rank=integer revenue_rank=integer
-- chart: bar x=revenue y=region
-- value.fr: region Unknown=Inconnue
-- label: units_share=Share of units; revenue_share=Share of revenue; units_rank=Rank by units
-- label: revenue_rank=Rank by revenue
-- label.fr: region=Région; stores=Magasins; units=Unités; revenue=Chiffre d’affaires
-- label.fr: sales_lines=Lignes de vente; units_share=Part des unités; revenue_share=Part du CA
-- label.fr: units_rank=Rang (unités); revenue_rank=Rang (CA)
-- Cities that the reference of cities does not know are in the region 'Unknown'.
with totals as (
    select
        dim_stores.region,
        count(*) as stores,
        coalesce(sum(sold.units), 0) as units,
        coalesce(sum(sold.revenue_cents), 0) as revenue_cents,
        coalesce(sum(sold.sales_lines), 0) as sales_lines
    from dim_stores
    left join store_sales as sold on sold.store_id = dim_stores.store_id
    group by dim_stores.region
)

select
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
order by revenue_cents desc, region
