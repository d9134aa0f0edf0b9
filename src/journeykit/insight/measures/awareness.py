"""Awareness: who comes, from where, and who is reached."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure

#: what customers do on the site, whether they came for it or not
SITE = """('Page Viewed', 'Session Started', 'Promotion Viewed', 'Promotion Clicked', 'Products Searched', 'Product List Viewed', 'Product Clicked',
    'Product Viewed', 'Product Added', 'Cart Viewed', 'Checkout Started')"""

MEASURES = (
    Measure(
        name="traffic by source",
        group="awareness",
        unit="number",
        by="source",
        formula="days on which a customer came to the site, by what brought them",
        window="the period",
        source="traffic by source, https://docs.sealmetrics.com/reports/sources, counted by customer and day: no cookie ends a day",
        cases=(
            "A customer counts once a day for each source, however often they come.",
            "What has no source is told as (none).",
            "Who came without being known as a customer is not in the history and not counted.",
            "A day is one of the zone of the settings.",
        ),
        sql=f"""
            select period, label, count(*) as count, null as out_of from (
                select distinct p.period, coalesce(h.source, '(none)') as label, h.customer, h.day
                from {{periods}} p join {{happenings}} h on h.occurred_at >= p.since and h.occurred_at < p.until
                where h.name in {SITE}) as came
            group by period, label""",  # noqa: S608  names of our own
    ),
    Measure(
        name="reach",
        group="awareness",
        unit="number",
        formula="different customers whom anything happened to: something they did, or a message that was performed",
        window="the period",
        source="reach, https://en.wikipedia.org/wiki/Reach_(advertising)",
        cases=(
            "Nobody counts twice, so reach of two periods does not add up to that of both.",
            "A message counts when it was performed, not when it was asked for; one that was dropped reached nobody.",
        ),
        sql="""
            select p.period, null as label, count(distinct t.customer) as count, null as out_of
            from {periods} p join {things} t on t.occurred_at >= p.since and t.occurred_at < p.until
            group by p.period""",
    ),
    Measure(
        name="social engagement rate",
        group="awareness",
        unit="share",
        formula="customers who liked, shared or answered a post / customers who were shown one",
        window="the period",
        source="engagement on reach, https://support.iconosquare.com/how-are-the-facebook-engagement-reach-rates-calculated",
        cases=("Who answered a post was shown one, also where nobody told us.", "Who is shown ten posts counts once."),
        sql="""
            select p.period, null as label, count(distinct case when h.name = 'Social Engaged' then h.customer end) as count,
                count(distinct h.customer) as out_of
            from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
            where h.name in ('Social Engaged', 'Social Post Seen')
            group by p.period""",
    ),
)
