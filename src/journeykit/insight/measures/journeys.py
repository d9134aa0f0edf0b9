"""Journeys: how many enter, and how many reach what the journey is for."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure

MEASURES = (
    Measure(
        name="entries",
        group="journey",
        unit="number",
        formula="how often customers entered",
        window="the period",
        source="enrollments, docs/journeys.md",
        cases=(
            "Each enrollment counts: of who enters again, or under another key, each.",
            "Who was refused, or waits to be let in, did not enter.",
        ),
        sql="""
            select p.period, null as label, count(*) as count, null as out_of
            from {periods} p join {stays} s on s.occurred_at >= p.since and s.occurred_at < p.until
            group by p.period""",
    ),
    Measure(
        name="goal rate",
        group="journey",
        unit="share",
        formula="enrollments that reached the goal (where the journey has none: completed) / enrollments",
        window="enrollments that began in the period; the goal has until now",
        source="conversion of a funnel, https://en.wikipedia.org/wiki/Conversion_funnel",
        cases=(
            "Enrollments of recent days have had less time than older ones.",
            "One that became part of another, because two customers are one, is not counted: the other is.",
        ),
        sql="""
            select p.period, null as label, sum(s.reached) as count, count(*) as out_of
            from {periods} p join {stays} s on s.occurred_at >= p.since and s.occurred_at < p.until
            where s.how is null or s.how <> 'merged'
            group by p.period""",
    ),
)
