-- title: Period
-- question: Which days do the figures cover?
-- title.fr: Période
-- question.fr: Quels jours les chiffres couvrent-ils ?
-- One row. The days go from the first sale to the last; "today" is last_complete_day, never the
-- machine's clock. Without sales the days are null and their number is 0.
with bounds as (
    select
        (select min(date) from sales) as first_day,
        (select max(date) from sales) as last_day
)

select
    bounds.first_day,
    bounds.last_day,
    max(case when calendar.is_complete = 1 then calendar.date end) as last_complete_day,
    count(calendar.date) as days
from bounds
left join calendar on calendar.date between bounds.first_day and bounds.last_day
group by bounds.first_day, bounds.last_day
