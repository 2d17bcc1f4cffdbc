-- title: Total revenue
-- question: How much was sold in all?
-- page: Overview
-- title.fr: Chiffre d’affaires total
-- question.fr: Combien a-t-on vendu en tout ?
-- page.fr: Vue d’ensemble
-- order: 10
-- format: revenue=money units=integer sales_lines=integer average_basket=money first_day=date
-- format: last_day=date last_complete_day=date days=integer
-- label.fr: revenue=Chiffre d’affaires; units=Unités; sales_lines=Lignes de vente
-- label.fr: average_basket=Panier moyen; first_day=Premier jour; last_day=Dernier jour
-- label.fr: last_complete_day=Dernier jour complet; days=Jours
-- Always one row. The average basket is the revenue of one sales line.
with total as (
    select
        coalesce(sum(quantity), 0) as units,
        coalesce(sum(revenue_cents), 0) as revenue_cents,
        count(*) as sales_lines
    from fct_sales
)

select
    total.revenue_cents / 100.0 as revenue,
    total.units,
    total.sales_lines,
    coalesce(total.revenue_cents / 100.0 / nullif(total.sales_lines, 0), 0.0) as average_basket,
    period.first_day,
    period.last_day,
    period.last_complete_day,
    period.days
from total
cross join period
order by period.first_day
