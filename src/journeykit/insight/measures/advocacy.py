"""Advocacy: who would recommend the shop, and who does."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure


def _referrals(name: str, formula: str, count: str, of: str, case: str) -> Measure:
    return Measure(
        name=name,
        group="advocacy",
        unit="share",
        formula=formula,
        window="the period",
        source="conversion of referrals, https://www.keevee.com/referral-program-metrics",
        cases=("Each event counts, once for each id.", case),
        sql=f"""
            select p.period, null as label, sum(case when h.name = '{count}' then 1 else 0 end) as count,
                sum(case when h.name = '{of}' then 1 else 0 end) as out_of
            from {{periods}} p join {{happenings}} h on h.occurred_at >= p.since and h.occurred_at < p.until
            where h.name in ('{count}', '{of}')
            group by p.period""",  # noqa: S608  names of our own
    )


MEASURES = (
    Measure(
        name="NPS",
        group="advocacy",
        unit="score",
        scale=100.0,
        formula="100 * (promoters - detractors) / customers who answered; promoters say 9 or 10, detractors 0 to 6",
        window="answers of the period",
        source="Reichheld (2003), Harvard Business Review 81(12), https://hbr.org/2003/12/the-one-number-you-need-to-grow",
        cases=(
            "Of who answers twice in a period the last answer counts.",
            "Answers that are no number from 0 to 10 are left out.",
            "From -100 to 100; 7 and 8 are passive and count among those who answered.",
        ),
        sql="""
            select period, null as label, sum(case when score >= 9 then 1 when score <= 6 then -1 else 0 end) as count, count(*) as out_of from (
                select p.period, h.score,
                    row_number() over (partition by p.period, h.customer order by h.occurred_at desc, h.seq desc, h.id desc) as back
                from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
                where h.name = 'NPS Answered' and h.score >= 0 and h.score <= 10) as said
            where back = 1
            group by period""",
    ),
    Measure(
        name="reviews",
        group="advocacy",
        unit="number",
        formula="how many reviews customers wrote",
        window="the period",
        source="Product Reviewed of https://segment.com/docs/connections/spec/ecommerce/v2/",
        cases=("A second review of the same product counts as well: it was written.",),
        sql="""
            select p.period, null as label, count(*) as count, null as out_of
            from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
            where h.name = 'Product Reviewed'
            group by p.period""",
    ),
    Measure(
        name="review score",
        group="advocacy",
        unit="score",
        formula="mean rating of the reviews, from 1 to 5",
        window="reviews of the period",
        source="average rating, https://schema.org/AggregateRating",
        cases=(
            "Of who reviews one product twice in a period the last rating counts; a review without a product is one of its own.",
            "Reviews without a rating, and ratings that are none from 1 to 5, are left out.",
        ),
        sql="""
            select period, null as label, sum(score) as count, count(*) as out_of from (
                select p.period, h.score, row_number() over (
                    partition by p.period, h.customer, coalesce(h.product_id, 'review ' || h.id)
                    order by h.occurred_at desc, h.seq desc, h.id desc) as back
                from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
                where h.name = 'Product Reviewed' and h.score >= 1 and h.score <= 5) as said
            where back = 1
            group by period""",
    ),
    Measure(
        name="referrals sent",
        group="advocacy",
        unit="number",
        formula="how often customers recommended the shop to a friend",
        window="the period",
        source="shares of https://www.keevee.com/referral-program-metrics",
        cases=("Each event counts, once for each id.",),
        sql="""
            select p.period, null as label, count(*) as count, null as out_of
            from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
            where h.name = 'Referral Sent'
            group by p.period""",
    ),
    _referrals(
        "referral acceptance rate", "referrals accepted / referrals sent", "Referral Accepted", "Referral Sent",
        "A referral sent before the period and accepted in it makes the rate larger; it may be above one.",
    ),
    _referrals(
        "referral purchase rate", "friends who ordered for the first time / referrals accepted", "Referral Bought", "Referral Accepted",
        "One accepted before the period and bought in it makes the rate larger; it may be above one.",
    ),
)  # fmt: skip
