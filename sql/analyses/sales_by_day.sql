-- title: Sales by day
-- question: How do sales move from day to day, once the weekdays are smoothed out?
-- page: Time
-- title.fr: Ventes par jour
-- question.fr: Comment évoluent les ventes de jour en jour, une fois les jours de semaine lissés ?
-- page.fr: Dans le temps
-- order: 20
-- format: date=date weekday=weekday is_complete=flag units=integer revenue=money
-- format: sales_lines=integer revenue_7d_average=money
-- chart: line x=date y=revenue,revenue_7d_average
-- label: weekday=Weekday; is_complete=Complete; revenue_7d_average=7-day average
-- label.fr: date=Date; weekday=Jour; is_complete=Complet; units=Unités; revenue=Chiffre d’affaires
-- label.fr: sales_lines=Lignes de vente; revenue_7d_average=Moyenne sur 7 jours
-- Every calendar day of the period. The average is over the day and the six calendar days before
-- it, and is empty on the first six days.
select
    daily_sales.date,
    calendar.weekday,
    calendar.is_complete,
    daily_sales.units,
    daily_sales.revenue_cents / 100.0 as revenue,
    daily_sales.sales_lines,
    case
        when count(*) over seven_days = 7
            then sum(daily_sales.revenue_cents) over seven_days / 700.0
    end as revenue_7d_average
from daily_sales
inner join calendar on calendar.date = daily_sales.date
window seven_days as (order by daily_sales.date rows between 6 preceding and current row)
order by daily_sales.date
