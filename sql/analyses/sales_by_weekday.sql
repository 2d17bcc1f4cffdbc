-- title: Sales by weekday
-- question: Which days of the week sell best?
-- page: Time
-- title.fr: Ventes par jour de la semaine
-- question.fr: Quels jours de la semaine se vend-il le plus ?
-- page.fr: Dans le temps
-- order: 23
-- format: days=integer units=integer revenue=money sales_lines=integer
-- format: average_units=number average_revenue=money revenue_share=percent
-- chart: bar x=weekday_name y=average_revenue
-- value.fr: weekday_name Monday=lundi
-- value.fr: weekday_name Tuesday=mardi
-- value.fr: weekday_name Wednesday=mercredi
-- value.fr: weekday_name Thursday=jeudi
-- value.fr: weekday_name Friday=vendredi
-- value.fr: weekday_name Saturday=samedi
-- value.fr: weekday_name Sunday=dimanche
-- label: weekday=Day of week; weekday_name=Weekday; average_units=Units per day
-- label: average_revenue=Revenue per day; revenue_share=Share of revenue
-- label.fr: weekday=N° du jour; weekday_name=Jour; days=Jours; units=Unités
-- label.fr: revenue=Chiffre d’affaires; sales_lines=Lignes de vente; average_units=Unités par jour
-- label.fr: average_revenue=CA par jour; revenue_share=Part du CA
-- Always seven rows, Monday first. The averages are over all such days of the period, those
-- without sales included.
with weekdays (weekday, weekday_name) as (
    values
        (1, 'Monday'),
        (2, 'Tuesday'),
        (3, 'Wednesday'),
        (4, 'Thursday'),
        (5, 'Friday'),
        (6, 'Saturday'),
        (7, 'Sunday')
),

sold as (
    select
        calendar.weekday,
        count(*) as days,
        sum(daily_sales.units) as units,
        sum(daily_sales.revenue_cents) as revenue_cents,
        sum(daily_sales.sales_lines) as sales_lines
    from daily_sales
    inner join calendar on calendar.date = daily_sales.date
    group by calendar.weekday
)

select
    weekdays.weekday,
    weekdays.weekday_name,
    coalesce(sold.days, 0) as days,
    coalesce(sold.units, 0) as units,
    coalesce(sold.revenue_cents, 0) / 100.0 as revenue,
    coalesce(sold.sales_lines, 0) as sales_lines,
    cast(sold.units as double precision) / sold.days as average_units,
    sold.revenue_cents / 100.0 / sold.days as average_revenue,
    cast(coalesce(sold.revenue_cents, 0) as double precision)
        / nullif(sum(sold.revenue_cents) over (), 0) as revenue_share
from weekdays
left join sold on sold.weekday = weekdays.weekday
order by weekdays.weekday
