-- title: Sales lines
-- question: What was sold, when, where, and for how much?
-- title.fr: Lignes de vente
-- question.fr: Qu’est-ce qui a été vendu, quand, où et pour combien ?
-- One row per sales line, at the price frozen when it was first imported.
select
    date,
    product_id,
    store_id,
    quantity,
    unit_price_cents,
    quantity * unit_price_cents as revenue_cents
from sales
