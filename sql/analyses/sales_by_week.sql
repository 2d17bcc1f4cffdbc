-- title: Sales by week
-- question: Do sales grow from week to week?
-- page: Time
-- title.fr: Ventes par semaine
-- question.fr: Les ventes progressent-elles d’une semaine à l’autre ?
-- page.fr: Dans le temps
-- order: 21
-- format: week_start=date days=integer is_complete=flag units=integer revenue=money
-- format: sales_lines=integer
-- format: units_growth=percent revenue_growth=percent
-- chart: bar x=week_start y=revenue
-- label: iso_year=ISO year; iso_week=ISO week; week_start=Week from; is_complete=Complete
-- label.fr: iso_year=Année ISO; iso_week=Semaine ISO; week_start=Semaine du; days=Jours
-- label.fr: is_complete=Complet; units=Unités; revenue=Chiffre d’affaires
-- label.fr: sales_lines=Lignes de vente; units_growth=Évolution des unités
-- label.fr: revenue_growth=Évolution du CA
-- ISO weeks, Monday to Sunday, with their ISO year. A week is complete when the data holds all its
-- seven days. Growth is against the week before, and empty unless both are complete.
with weeks as (
    select
        calendar.iso_year,
        calendar.iso_week,
        calendar.week_start,
        calendar.week_end,
        count(*) as days,
        sum(daily_sales.units) as units,
        sum(daily_sales.revenue_cents) as revenue_cents,
        sum(daily_sales.sales_lines) as sales_lines
    from daily_sales
    inner join calendar on calendar.date = daily_sales.date
    group by calendar.iso_year, calendar.iso_week, calendar.week_start, calendar.week_end
),

marked as (
    select
        weeks.*,
        case
            when period.first_day <= weeks.week_start
                and weeks.week_end <= period.last_complete_day then 1
            else 0
        end as is_complete
    from weeks
    cross join period
),

compared as (
    select
        marked.*,
        case when is_complete = 1 then units end as full_units,
        case when is_complete = 1 then revenue_cents end as full_cents
    from marked
)

select
    iso_year,
    iso_week,
    week_start,
    days,
    is_complete,
    units,
    revenue_cents / 100.0 as revenue,
    sales_lines,
    cast(full_units as double precision) / nullif(lag(full_units) over in_order, 0) - 1
        as units_growth,
    cast(full_cents as double precision) / nullif(lag(full_cents) over in_order, 0) - 1
        as revenue_growth
from compared
window in_order as (order by week_start)
order by week_start
