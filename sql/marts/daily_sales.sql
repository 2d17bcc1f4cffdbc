-- title: Sales per day
-- question: What was sold on each day of the period?
-- title.fr: Ventes par jour
-- question.fr: Qu’est-ce qui a été vendu chaque jour de la période ?
-- as: table
-- One row per calendar day of the period; a day without sales holds zeros.
-- Every analysis over time reads this table, so the sales are grouped by day once.
with sold as (
    select
        date,
        sum(quantity) as units,
        sum(revenue_cents) as revenue_cents,
        count(*) as sales_lines
    from fct_sales
    group by date
)

select
    calendar.date,
    coalesce(sold.units, 0) as units,
    coalesce(sold.revenue_cents, 0) as revenue_cents,
    coalesce(sold.sales_lines, 0) as sales_lines
from calendar
inner join period on calendar.date between period.first_day and period.last_day
left join sold on sold.date = calendar.date
