-- title: Sales per day
-- question: What was sold on each day of the period?
-- title.fr: Ventes par jour
-- question.fr: Qu’est-ce qui a été vendu chaque jour de la période ?
-- One row per calendar day of the period; a day without sales holds zeros.
select
    calendar.date,
    coalesce(day_sales.units, 0) as units,
    coalesce(day_sales.revenue_cents, 0) as revenue_cents,
    coalesce(day_sales.sales_lines, 0) as sales_lines
from calendar
inner join period on calendar.date between period.first_day and period.last_day
left join day_sales on day_sales.date = calendar.date
