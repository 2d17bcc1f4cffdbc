-- title: Sales of the days that sold
-- question: What was sold on each day with sales?
-- title.fr: Ventes des jours de vente
-- question.fr: Qu’est-ce qui a été vendu chaque jour de vente ?
-- as: table
-- Only the days with sales. Every analysis over time reads this table, so the sales are grouped by
-- day once, and later only what was added to them.
select
    date,
    sum(quantity) as units,
    sum(revenue_cents) as revenue_cents,
    count(*) as sales_lines
from fct_sales
group by date
