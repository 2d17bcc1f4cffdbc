-- title: Sales by month
-- question: Do sales grow from month to month?
-- page: Time
-- title.fr: Ventes par mois
-- question.fr: Les ventes progressent-elles d’un mois à l’autre ?
-- page.fr: Dans le temps
-- order: 22
-- format: month_start=month days=integer is_complete=flag units=integer revenue=money
-- format: sales_lines=integer
-- format: revenue_per_day=money units_growth=percent revenue_growth=percent
-- chart: bar x=month_start y=revenue
-- label: month=Month number; month_start=Month; is_complete=Complete
-- label.fr: year=Année; month=N° de mois; month_start=Mois; days=Jours; is_complete=Complet
-- label.fr: units=Unités; revenue=Chiffre d’affaires; sales_lines=Lignes de vente
-- label.fr: revenue_per_day=CA par jour; units_growth=Évolution des unités
-- label.fr: revenue_growth=Évolution du CA
-- A month is complete when the data holds all its days. Growth is against the month before, and
-- empty unless both are complete; the revenue per day can be compared in any case.
with months as (
    select
        calendar.year,
        calendar.month,
        calendar.month_start,
        calendar.month_end,
        count(*) as days,
        sum(daily_sales.units) as units,
        sum(daily_sales.revenue_cents) as revenue_cents,
        sum(daily_sales.sales_lines) as sales_lines
    from daily_sales
    inner join calendar on calendar.date = daily_sales.date
    group by calendar.year, calendar.month, calendar.month_start, calendar.month_end
),

marked as (
    select
        months.*,
        case
            when period.first_day <= months.month_start
                and months.month_end <= period.last_complete_day then 1
            else 0
        end as is_complete
    from months
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
    year,
    month,
    month_start,
    days,
    is_complete,
    units,
    revenue_cents / 100.0 as revenue,
    sales_lines,
    revenue_cents / 100.0 / days as revenue_per_day,
    cast(full_units as double precision) / nullif(lag(full_units) over in_order, 0) - 1
        as units_growth,
    cast(full_cents as double precision) / nullif(lag(full_cents) over in_order, 0) - 1
        as revenue_growth
from compared
window in_order as (order by month_start)
order by month_start
