-- title: Key figures
-- question: How do the last 28 days compare with the 28 before, and with a year before?
-- page: Overview
-- title.fr: Chiffres clés
-- question.fr: Que donnent les 28 derniers jours face aux 28 précédents, et à un an plus tôt ?
-- page.fr: Vue d’ensemble
-- order: 11
-- format: first_day=date last_day=date days=integer is_complete=flag revenue=money units=integer
-- format: sales_lines=integer average_basket=money
-- chart: tiles y=revenue,units,sales_lines,average_basket,best_product,best_city
-- value: period last=Last 28 days
-- value: period previous=28 days before
-- value: period year before=A year before
-- value.fr: period last=28 derniers jours
-- value.fr: period previous=28 jours précédents
-- value.fr: period year before=Un an plus tôt
-- label: is_complete=Complete; best_product_by_units=Best product (units)
-- label: best_city_by_units=Best city (units)
-- label.fr: period=Période; first_day=Premier jour; last_day=Dernier jour; days=Jours
-- label.fr: is_complete=Complet; revenue=Chiffre d’affaires; units=Unités
-- label.fr: sales_lines=Lignes de vente; average_basket=Panier moyen; best_product=Meilleur produit
-- label.fr: best_product_by_units=Meilleur produit (unités); best_city=Meilleure ville
-- label.fr: best_city_by_units=Meilleure ville (unités)
-- Always three rows. The last 28 days end with the last complete day (so with every weekday four
-- times); a year before are the same dates. A period is complete when the data holds all its days
-- and they had ended; without any day it is empty. The average basket is the revenue
-- of one sales line. The best are those by revenue and, beside it, by units; of equals, the first.
with ends as (
    select
        first_day,
        coalesce(last_complete_day, last_day) as last_day,
        case when last_complete_day is null then 0 else 1 end as has_ended
    from period
),

numbered as (
    select
        calendar.date,
        row_number() over (order by calendar.date desc) as days_ago
    from calendar
    inner join ends on calendar.date between ends.first_day and ends.last_day
),

recent as (
    select
        min(case when days_ago <= 28 then date end) as first_day,
        max(case when days_ago <= 28 then date end) as last_day,
        min(case when days_ago > 28 then date end) as previous_first_day,
        max(case when days_ago > 28 then date end) as previous_last_day
    from numbered
    where days_ago <= 56
),

spans as (
    select
        1 as position,
        'last' as period,
        first_day,
        last_day
    from recent
    union all
    select
        2 as position,
        'previous' as period,
        previous_first_day as first_day,
        previous_last_day as last_day
    from recent
    union all
    select
        3 as position,
        'year before' as period,
        cast(first_days.year - 1 as text) || substr(recent.first_day, 5, 6) as first_day,
        cast(last_days.year - 1 as text) || substr(recent.last_day, 5, 6) as last_day
    from recent
    left join calendar as first_days on first_days.date = recent.first_day
    left join calendar as last_days on last_days.date = recent.last_day
),

held as (
    select
        spans.position,
        spans.period,
        spans.first_day,
        spans.last_day,
        count(numbered.date) as days
    from spans
    left join numbered on numbered.date between spans.first_day and spans.last_day
    group by spans.position, spans.period, spans.first_day, spans.last_day
),

products_sold as (
    select
        held.position,
        fct_sales.product_id,
        row_number() over (
            partition by held.position
            order by sum(fct_sales.revenue_cents) desc, fct_sales.product_id
        ) as by_revenue,
        row_number() over (
            partition by held.position order by sum(fct_sales.quantity) desc, fct_sales.product_id
        ) as by_units
    from held
    inner join fct_sales on fct_sales.date between held.first_day and held.last_day
    group by held.position, fct_sales.product_id
),

stores_sold as (
    select
        held.position,
        fct_sales.store_id,
        sum(fct_sales.quantity) as units,
        sum(fct_sales.revenue_cents) as revenue_cents
    from held
    inner join fct_sales on fct_sales.date between held.first_day and held.last_day
    group by held.position, fct_sales.store_id
),

totals as (
    select
        held.position,
        sum(daily_sales.units) as units,
        sum(daily_sales.revenue_cents) as revenue_cents,
        sum(daily_sales.sales_lines) as sales_lines
    from held
    inner join daily_sales on daily_sales.date between held.first_day and held.last_day
    group by held.position
),

cities_sold as (
    select
        stores_sold.position,
        dim_stores.city,
        row_number() over (
            partition by stores_sold.position
            order by sum(stores_sold.revenue_cents) desc, dim_stores.city
        ) as by_revenue,
        row_number() over (
            partition by stores_sold.position
            order by sum(stores_sold.units) desc, dim_stores.city
        ) as by_units
    from stores_sold
    inner join dim_stores on dim_stores.store_id = stores_sold.store_id
    group by stores_sold.position, dim_stores.city
),

best as (
    select
        held.position,
        max(case when products_sold.by_revenue = 1 then dim_products.product end) as product,
        max(case when products_sold.by_units = 1 then dim_products.product end)
            as product_by_units
    from held
    left join products_sold on products_sold.position = held.position
    left join dim_products on dim_products.product_id = products_sold.product_id
    group by held.position
),

best_places as (
    select
        held.position,
        max(case when cities_sold.by_revenue = 1 then cities_sold.city end) as city,
        max(case when cities_sold.by_units = 1 then cities_sold.city end) as city_by_units
    from held
    left join cities_sold on cities_sold.position = held.position
    group by held.position
)

select
    held.period,
    held.first_day,
    held.last_day,
    held.days,
    case
        when held.position = 3 and held.first_day >= ends.first_day then ends.has_ended
        when held.position < 3 and held.days = 28 then ends.has_ended
        else 0
    end as is_complete,
    case when held.days > 0 or held.position = 1
        then coalesce(totals.revenue_cents, 0) / 100.0
    end as revenue,
    case when held.days > 0 or held.position = 1 then coalesce(totals.units, 0) end as units,
    case when held.days > 0 or held.position = 1
        then coalesce(totals.sales_lines, 0)
    end as sales_lines,
    totals.revenue_cents / 100.0 / nullif(totals.sales_lines, 0) as average_basket,
    best.product as best_product,
    best.product_by_units as best_product_by_units,
    best_places.city as best_city,
    best_places.city_by_units as best_city_by_units
from held
cross join ends
left join totals on totals.position = held.position
left join best on best.position = held.position
left join best_places on best_places.position = held.position
order by held.position
