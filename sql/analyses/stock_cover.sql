-- title: Stock cover
-- question: How many days will the stock last at the current pace?
-- page: Products
-- title.fr: Couverture de stock
-- question.fr: Combien de jours le stock durera-t-il au rythme actuel ?
-- page.fr: Produits
-- order: 32
-- format: stock=integer days=integer units_sold=integer units_per_day=number days_left=number
-- chart: bar x=days_left y=product
-- label: product_id=Reference
-- label.fr: product_id=Référence; product=Produit; stock=Stock; days=Jours
-- label.fr: units_sold=Unités vendues; units_per_day=Unités par jour; days_left=Jours restants
-- The pace is that of the last 28 days up to the last complete day, or of the whole period when it
-- is shorter. Days left are empty when nothing was sold. Products that are gone are left out.
with recent as (
    select calendar.date
    from calendar
    inner join period on calendar.date between period.first_day and period.last_complete_day
    order by calendar.date desc
    limit 28
),

pace as (
    select
        min(date) as first_day,
        max(date) as last_day,
        count(*) as days
    from recent
),

sold as (
    select
        fct_sales.product_id,
        sum(fct_sales.quantity) as units
    from fct_sales
    inner join pace on fct_sales.date between pace.first_day and pace.last_day
    group by fct_sales.product_id
)

select
    dim_products.product_id,
    dim_products.product,
    dim_products.stock,
    pace.days,
    coalesce(sold.units, 0) as units_sold,
    cast(coalesce(sold.units, 0) as double precision) / nullif(pace.days, 0) as units_per_day,
    cast(dim_products.stock * pace.days as double precision) / nullif(sold.units, 0) as days_left
from dim_products
cross join pace
left join sold on sold.product_id = dim_products.product_id
where dim_products.gone = 0
order by case when sold.units is null then 1 else 0 end, days_left, dim_products.product_id
