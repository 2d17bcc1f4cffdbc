-- title: No sale lies far from all others
-- title.fr: Aucune vente n’est loin de toutes les autres
-- severity: warn
-- value.fr: problem sales more than 60 days from all others: is the date right?=date à vérifier
-- format: first_day=date last_day=date revenue=money
-- label.fr: problem=Problème; first_day=Premier jour; last_day=Dernier jour
-- label.fr: sales_days=Jours de vente; sales_lines=Lignes de vente; revenue=Chiffre d’affaires
-- A wrong year in a date leaves a few sales alone. A group of sales days is far outside when it has
-- at most three days, and more than 60 days separate it from the other sales on either side where
-- there are any. A seasonal shop's long pauses are not reported; its seasons have more days.
with numbered as (
    select
        date,
        row_number() over (order by date) as day_number
    from calendar
),

sales_days as (
    select
        numbered.date,
        numbered.day_number,
        daily_sales.sales_lines,
        daily_sales.revenue_cents,
        numbered.day_number - lag(numbered.day_number) over (order by numbered.date) as days_since
    from daily_sales
    inner join numbered on numbered.date = daily_sales.date
    where daily_sales.sales_lines > 0
),

grouped as (
    select
        sales_days.*,
        sum(case when days_since > 60 then 1 else 0 end) over (order by date) as group_number
    from sales_days
)

select
    'sales more than 60 days from all others: is the date right?' as problem,
    min(date) as first_day,
    max(date) as last_day,
    count(*) as sales_days,
    sum(sales_lines) as sales_lines,
    sum(revenue_cents) / 100.0 as revenue
from grouped
group by group_number
having count(*) <= 3 and (select max(group_number) from grouped) > 0
order by first_day
