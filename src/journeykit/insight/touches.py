"""Everything that happened to customers in one list: what they did or were told about, and the messages that reached them."""

from __future__ import annotations

from journeykit.insight.lake import Lake
from journeykit.insight.measures.awareness import SITE
from journeykit.insight.quoting import quoted
from journeykit.insight.settings import Settings

#: moments that are easily overlooked have names of their own
_NAME = """case
        when name = 'Page Viewed' and (lower(word) like '%confirm%' or lower(word) like '%thank%') then 'Confirmation page'
        when name = 'Products Searched' and found = 0 then 'Empty search result'
        else name end"""

#: a message is told with the step that asked for it, where one step did
_THINGS = """
    create view things as
    select customer, seq, 0 as later, occurred_at, {name} as name, name as event, channel, score from happenings
    union all
    select m.customer, m.seq, 1 as later, m.settled_at as occurred_at, m.action || coalesce(' in ' || a.step, '') as name, '' as event,
        {channel} as channel, null as score
    from messages m
    left join (
        select v.customer, v.journey, v.key, v.number, v.seq, d.action, min(v.step) as step
        from visits v join (select distinct journey, step, action from does) as d on d.journey = v.journey and d.step = v.step
        group by v.customer, v.journey, v.key, v.number, v.seq, d.action) as a
    on a.customer = m.customer and a.journey = m.journey and a.key = m.key and a.number = m.number and a.seq = m.seq and a.action = m.action
    where m.message <> 'none' and m.state in ('performed', 'imported'){counted}"""


def touch(lake: Lake, settings: Settings) -> None:
    """Make the views ``things`` and ``visitors`` in *lake*."""
    counted = "" if settings.test is None else " and m.customer in (select customer from people)"
    cases = " ".join(f"when {quoted(action)} then {quoted(channel)}" for action, channel in settings.channels.items())
    channel = f"case m.action {cases} else m.action end" if cases else "m.action"
    lake.run(_THINGS.format(name=_NAME, channel=channel, counted=counted))
    lake.run(f"create view visitors as select customer, occurred_at from happenings where name in {SITE}")  # noqa: S608  names of our own
