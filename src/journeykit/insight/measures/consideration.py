"""Consideration: who looks, who asks to hear more, and who leaves a full cart."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure

MEASURES = (
    Measure(
        name="product page views",
        group="consideration",
        unit="number",
        formula="how often customers looked at a product",
        window="the period",
        source="Product Viewed of https://segment.com/docs/connections/spec/ecommerce/v2/",
        cases=("Looking twice counts twice; the same event told twice counts once (P28).",),
        sql="""
            select p.period, null as label, count(*) as count, null as out_of
            from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
            where h.name = 'Product Viewed'
            group by p.period""",
    ),
    Measure(
        name="newsletter sign-ups",
        group="consideration",
        unit="number",
        formula="customers who asked for the newsletter for the first time",
        window="the period; first times of all that is recorded",
        source="new subscribers of https://www.waseembashir.com/glossary/list-growth-rate",
        cases=(
            "Who signs up again, in this period or in a later one, is not counted again: sign-ups of periods add up.",
            "Who had signed up before the record begins and does so again counts then.",
        ),
        sql="""
            select p.period, null as label, count(*) as count, null as out_of
            from {periods} p join {signups} s on s.occurred_at >= p.since and s.occurred_at < p.until
            group by p.period""",
    ),
    Measure(
        name="cart abandonment rate",
        group="consideration",
        unit="share",
        better="down",
        formula="carts that no order followed / carts; a cart begins with its first product",
        window="carts that begin in the period; an order has 7 days from the last product that was added",
        source="1 - completed purchases / created carts, https://gleam.io/faq/rewards/data/how-to-calculate-cart-abandonment-rate",
        cases=(
            "Carts are told apart by their id where orders carry it as well; else a customer has one cart at a time, which an order closes.",
            "A product added 7 days after the last one, or after an order, begins another cart, also under the same id.",
            "A cart with several orders was bought once, by the first.",
            "An order that is cancelled later was an order: the cart was not left.",
            "A cart whose 7 days are not over when the record ends is neither bought nor left, and not counted yet.",
        ),
        sql="""
            select p.period, null as label, count(*) - sum(c.bought) as count, count(*) as out_of
            from {periods} p join {carts} c on c.occurred_at >= p.since and c.occurred_at < p.until
            group by p.period""",
    ),
)
