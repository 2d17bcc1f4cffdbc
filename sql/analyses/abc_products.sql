-- title: ABC analysis of products
-- question: Which few products make most of the revenue?
-- page: Products
-- title.fr: Analyse ABC des produits
-- question.fr: Quels sont les quelques produits qui font l’essentiel du chiffre d’affaires ?
-- page.fr: Produits
-- order: 31
-- format: units=integer revenue=money sales_lines=integer revenue_rank=integer
-- format: revenue_share=percent cumulative_share=percent
-- chart: bar x=revenue y=product color=class
-- label: product_id=Reference; revenue_rank=Rank by revenue; revenue_share=Share of revenue
-- label.fr: product_id=Référence; product=Produit; units=Unités; revenue=Chiffre d’affaires
-- label.fr: sales_lines=Lignes de vente; revenue_rank=Rang (CA); revenue_share=Part du CA
-- label.fr: cumulative_share=Part cumulée; class=Classe
-- A product's class says what share of revenue the products that earn more than it make up: less
-- than 80 % is A, less than 95 % is B, the rest is C. So the product that crosses a threshold is
-- still above it, the best product is always A, and products that tie have the same class.
-- The cumulative share runs down the list, ties in the order of their ids.
with totals as (
    select
        dim_products.product_id,
        dim_products.product,
        coalesce(sold.units, 0) as units,
        coalesce(sold.revenue_cents, 0) as revenue_cents,
        coalesce(sold.sales_lines, 0) as sales_lines
    from dim_products
    left join product_sales as sold on sold.product_id = dim_products.product_id
),

ranked as (
    select
        totals.*,
        rank() over (order by revenue_cents desc) as revenue_rank,
        sum(revenue_cents) over () as all_cents,
        sum(revenue_cents) over (
            order by revenue_cents desc, product_id
            rows between unbounded preceding and current row
        ) as cumulative_cents,
        sum(revenue_cents) over (
            order by revenue_cents desc
            range between unbounded preceding and current row
        ) - sum(revenue_cents) over (partition by revenue_cents) as better_cents
    from totals
)

select
    product_id,
    product,
    units,
    revenue_cents / 100.0 as revenue,
    sales_lines,
    revenue_rank,
    cast(revenue_cents as double precision) / nullif(all_cents, 0) as revenue_share,
    cast(cumulative_cents as double precision) / nullif(all_cents, 0) as cumulative_share,
    case
        when better_cents * 100 < all_cents * 80 then 'A'
        when better_cents * 100 < all_cents * 95 then 'B'
        else 'C'
    end as class
from ranked
order by revenue_cents desc, product_id
