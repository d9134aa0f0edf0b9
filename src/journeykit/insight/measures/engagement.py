"""Engagement: whether mails are read, visits last, and who wants no more."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure


def _mails(name: str, formula: str, what: str, source: str, *cases: str) -> Measure:
    return Measure(
        name=name,
        group="engagement",
        unit="share",
        formula=formula,
        window="mails delivered in the period; what became of them, up to now",
        source=source,
        cases=(
            "A mail counts once, however often it is opened or clicked.",
            "Mails are told apart by their id, else by their campaign, else by the day; one that came back was not delivered.",
            "What was opened but never told as delivered is left out: without deliveries there is no rate.",
            *cases,
        ),
        sql=f"""
            select p.period, null as label, sum(m.{what}) as count, count(*) as out_of
            from {{periods}} p join {{mails}} m on m.occurred_at >= p.since and m.occurred_at < p.until
            group by p.period""",  # noqa: S608  names of our own
    )


MEASURES = (
    _mails(
        "open rate", "mails opened (or clicked) / mails delivered", "opened",
        "unique opens, https://mailchimp.com/help/about-open-and-click-rates/",
        "Who clicked has opened, also where pictures are off; what a mail program opens by itself counts, nobody can tell.",
    ),
    _mails(
        "click rate", "mails in which a link was clicked / mails delivered", "clicked",
        "unique clicks, https://mailchimp.com/help/about-open-and-click-rates/",
    ),
    Measure(
        name="session duration",
        group="engagement",
        unit="seconds",
        formula="mean time from the first to the last event of a session",
        window="sessions that begin in the period",
        source="https://www.optimizesmart.com/read-average-session-duration-google-analytics/",
        cases=(
            "Sessions are told apart by their id; events without one are in none.",
            "A session of one event lasted no time and counts.",
            "A session over midnight, or over the period's end, counts whole where it began.",
        ),
        sql="""
            select p.period, null as label, sum(s.until - s.occurred_at) / 1000000.0 as count, count(*) as out_of
            from {periods} p join {sessions} s on s.occurred_at >= p.since and s.occurred_at < p.until
            group by p.period""",
    ),
    Measure(
        name="unsubscribe rate",
        group="engagement",
        unit="share",
        better="down",
        formula="customers who wanted no more mail / customers who were delivered one, or wanted no more",
        window="the period",
        source="https://www.mailgun.com/?p=5224, by customer",
        cases=("Who unsubscribes twice counts once.", "Who unsubscribes because of a mail of the period before counts in both places of the rate."),
        sql="""
            select p.period, null as label, count(distinct case when h.name = 'Unsubscribed' then h.customer end) as count,
                count(distinct h.customer) as out_of
            from {periods} p join {happenings} h on h.occurred_at >= p.since and h.occurred_at < p.until
            where h.name in ('Unsubscribed', 'Email Delivered')
            group by p.period""",
    ),
)  # fmt: skip
