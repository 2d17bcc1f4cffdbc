-- title: Sales by store
-- question: Which stores sell most, in all and for each employee?
-- page: Places
-- title.fr: Ventes par magasin
-- question.fr: Quels magasins vendent le plus, au total et par salarié ?
-- page.fr: Lieux
-- order: 42
-- format: employees=integer units=integer revenue=money sales_lines=integer
-- format: units_share=percent revenue_share=percent units_rank=integer revenue_rank=integer
-- format: revenue_per_employee=money
-- chart: bar x=revenue y=store
-- value.fr: region Unknown=Inconnue
-- label: store_id=Store number; units_share=Share of units; revenue_share=Share of revenue
-- label: units_rank=Rank by units; revenue_rank=Rank by revenue
-- label.fr: store_id=N° de magasin; store=Magasin; city=Ville; region=Région; employees=Salariés
-- label.fr: units=Unités; revenue=Chiffre d’affaires; sales_lines=Lignes de vente
-- label.fr: units_share=Part des unités; revenue_share=Part du CA; units_rank=Rang (unités)
-- label.fr: revenue_rank=Rang (CA); revenue_per_employee=CA par salarié
-- Stores without sales are listed with zeros.
with totals as (
    select
        dim_stores.store_id,
        dim_stores.store,
        dim_stores.city,
        dim_stores.region,
        dim_stores.employees,
        coalesce(sold.units, 0) as units,
        coalesce(sold.revenue_cents, 0) as revenue_cents,
        coalesce(sold.sales_lines, 0) as sales_lines
    from dim_stores
    left join store_sales as sold on sold.store_id = dim_stores.store_id
)

select
    store_id,
    store,
    city,
    region,
    employees,
    units,
    revenue_cents / 100.0 as revenue,
    sales_lines,
    cast(units as double precision) / nullif(sum(units) over (), 0) as units_share,
    cast(revenue_cents as double precision) / nullif(sum(revenue_cents) over (), 0) as revenue_share,
    rank() over (order by units desc) as units_rank,
    rank() over (order by revenue_cents desc) as revenue_rank,
    revenue_cents / 100.0 / nullif(employees, 0) as revenue_per_employee
from totals
order by revenue_cents desc, store_id
