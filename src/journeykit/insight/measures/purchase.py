"""Purchase: who buys, for how much, and who gives up on the way to the till."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure

MEASURES = (
    Measure(
        name="conversion rate",
        group="purchase",
        unit="share",
        formula="customers who ordered / customers who came to the site or ordered",
        window="the period",
        source="orders / visitors, https://help.wponlinedesign.com/en/articles/142-the-ecommerce-metrics-explained, by customer",
        cases=(
            "A customer counts once, however often they come or order.",
            "Who ordered was there, also where nobody told us.",
            "A cancelled order is none, whenever it was cancelled; a refunded one is one.",
        ),
        sql="""
            select period, null as label, sum(ordered) as count, count(*) as out_of from (
                select p.period, t.customer, max(t.ordered) as ordered
                from {periods} p join (
                    select customer, occurred_at, 0 as ordered from {visitors} v
                    union all select customer, occurred_at, 1 as ordered from {orders} o where o.cancelled = 0) as t
                on t.occurred_at >= p.since and t.occurred_at < p.until
                group by p.period, t.customer) as came
            group by period""",
    ),
    Measure(
        name="average order value",
        group="purchase",
        unit="money",
        formula="sum of what orders came to / number of orders",
        window="orders of the period, as they stand now",
        source="https://changelog.shopify.com/posts/your-average-order-value-now-has-a-new-definition-in-shopify",
        cases=(
            "An order told twice, under whatever event ids, is one order by its order id; without one, each event is an order.",
            "Of an order that was updated, the last amount counts, whenever that was; Shopify leaves edits out.",
            "Cancelled orders are left out, whenever they were cancelled.",
            "Refunds change nothing here, in this period or later: they are in the customer lifetime value.",
            "Orders without an amount, and those in another currency than the settings name (the first one met where they name none), are left out.",
        ),
        sql="""
            select p.period, null as label, sum(o.amount) as count, count(*) as out_of
            from {periods} p join {orders} o on o.occurred_at >= p.since and o.occurred_at < p.until
            where o.cancelled = 0 and o.amount is not null
            group by p.period""",
    ),
    Measure(
        name="checkout completion rate",
        group="purchase",
        unit="share",
        formula="checkouts that an order followed / checkouts begun",
        window="checkouts that begin in the period; an order has 1 day",
        source="https://www.kpiformulas.com/checkout-completion-rate-formula/",
        cases=(
            "Who begins again within a day and before an order is in the same checkout.",
            "A checkout whose day is not over when the record ends is not counted yet.",
            "An order that is cancelled later was an order.",
        ),
        sql="""
            select p.period, null as label, sum(c.bought) as count, count(*) as out_of
            from {periods} p join {checkouts} c on c.occurred_at >= p.since and c.occurred_at < p.until
            group by p.period""",
    ),
)
