-- title: Sales by product add up to the total
-- title.fr: Les ventes par produit font le total
-- severity: error
-- value.fr: problem sales by product differ from the total=les ventes par produit diffèrent du total
-- format: revenue_by_product=money revenue_in_total=money
-- label.fr: problem=Problème; revenue_by_product=CA par produit; revenue_in_total=CA au total
-- label.fr: units_by_product=Unités par produit; units_in_total=Unités au total
-- label.fr: sales_lines_by_product=Lignes par produit; sales_lines_in_total=Lignes au total
-- Revenue is compared to half a cent, units and sales lines exactly. The total is summed from the
-- sales lines, the parts from the tables the analyses read, so neither is derived from the other.
with parts as (
    select
        coalesce(sum(revenue), 0.0) as revenue,
        coalesce(sum(units), 0) as units,
        coalesce(sum(sales_lines), 0) as sales_lines
    from sales_by_product
)

select
    'sales by product differ from the total' as problem,
    parts.revenue as revenue_by_product,
    revenue_total.revenue as revenue_in_total,
    parts.units as units_by_product,
    revenue_total.units as units_in_total,
    parts.sales_lines as sales_lines_by_product,
    revenue_total.sales_lines as sales_lines_in_total
from parts
cross join revenue_total
where abs(parts.revenue - revenue_total.revenue) >= 0.005
    or parts.units <> revenue_total.units
    or parts.sales_lines <> revenue_total.sales_lines
