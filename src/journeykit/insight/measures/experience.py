"""Experience: how help is asked for, how soon it comes, and how content customers are."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure

MEASURES = (
    Measure(
        name="CSAT",
        group="experience",
        unit="share",
        formula="answers of 4 or 5 / answers, from 1 to 5",
        window="answers of the period",
        source="https://intercom.help/voc-metrics/en/articles/9647540-what-is-csat-and-how-is-csat-score-calculated",
        cases=(
            "Of who answers twice for one request for help (or, where none is named, twice in the period) the last answer counts.",
            "Answers that are no number from 1 to 5 are left out.",
        ),
        sql="""
            select period, null as label, sum(case when score >= 4 then 1 else 0 end) as count, count(*) as out_of from (
                select p.period, h.score, row_number() over (
                    partition by p.period, h.customer, coalesce(h.ticket, '')
                    order by h.occurred_at desc, h.seq desc, h.id desc) as back
                from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
                where h.name = 'CSAT Answered' and h.score >= 1 and h.score <= 5) as said
            where back = 1
            group by period""",
    ),
    Measure(
        name="time to resolution",
        group="experience",
        unit="seconds",
        better="down",
        formula="mean time from the opening of a request to its last resolution",
        window="requests resolved for good in the period, whenever they were opened",
        source="https://help.getredo.com/en/articles/12218475-explanation-of-analytics",
        cases=(
            "One that was reopened took until it was resolved again; while it stands open it is not counted.",
            "Nights and weekends count: it is how long the customer waited.",
            "Requests without an id, or opened before the record begins, have no known time and are left out.",
        ),
        sql="""
            select p.period, null as label, sum(t.occurred_at - t.opened_at) / 1000000.0 as count, count(*) as out_of
            from {periods} p join {resolved} t on t.occurred_at >= p.since and t.occurred_at < p.until
            where t.opened_at is not null
            group by p.period""",
    ),
    Measure(
        name="first contact resolution",
        group="experience",
        unit="share",
        formula="requests resolved with one answer at most and never reopened / requests resolved",
        window="requests resolved for good in the period",
        source="FCR tickets of https://help.zoho.com/portal/en/kb/desk/reports-and-dashboards/articles/understanding-the-agent-performance-report",
        cases=(
            "One that is reopened after the period was not resolved for good: it counts when it is resolved again.",
            "Where answers are not told, a request that was never reopened was resolved at the first contact.",
        ),
        sql="""
            select p.period, null as label, sum(case when t.answers <= 1 and t.reopened = 0 then 1 else 0 end) as count, count(*) as out_of
            from {periods} p join {resolved} t on t.occurred_at >= p.since and t.occurred_at < p.until
            group by p.period""",
    ),
    Measure(
        name="ticket volume",
        group="experience",
        unit="number",
        better="down",
        formula="requests for help that were opened",
        window="the period",
        source="tickets created, https://help.getredo.com/en/articles/12218475-explanation-of-analytics",
        cases=("A request opened twice under one id is one, from its first opening; without an id each opening is one.",),
        sql="""
            select p.period, null as label, count(*) as count, null as out_of
            from {periods} p join {tickets} t on t.occurred_at >= p.since and t.occurred_at < p.until
            group by p.period""",
    ),
)
