"""Everything that happened to customers in one list: what they did or were told about, and the messages that reached them."""

from __future__ import annotations

from journeykit.insight.measures.awareness import SITE
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.days import DAY
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.quoting import quoted

#: moments that are easily overlooked have names of their own
_NAME = """case
        when name = 'Page Viewed' and (lower(word) like '%confirm%' or lower(word) like '%thank%') then 'Confirmation page'
        when name = 'Products Searched' and found = 0 then 'Empty search result'
        else name end"""

#: the messages that reached somebody; told with the step that asked for them: of several steps passed in one instant, each in its turn
_LETTERS = """
    create table letters as
    select m.customer, 2 * m.seq + 1 as mark, m.settled_at as occurred_at, m.action || coalesce(' in ' || a.step, '') as name, {channel} as channel
    from (
        select m.*, row_number() over (partition by customer, journey, key, number, seq, action order by place) as turn
        from messages m where m.message <> 'none'{counted}) as m
    left join (
        select v.customer, v.journey, v.key, v.number, v.seq, d.action, v.step,
            row_number() over (partition by v.customer, v.journey, v.key, v.number, v.seq, d.action order by v.visit, d.place) as turn
        from visits v join does d on d.version = v.version and d.step = v.step) as a
    on a.customer = m.customer and a.journey = m.journey and a.key = m.key and a.number = m.number and a.seq = m.seq and a.action = m.action
        and a.turn = m.turn
    where m.state in ('performed', 'imported')"""

#: the mark of a thing is its place in the customer's life: a message comes after the signal that asked for it
_THINGS = """
    create view things as
    select customer, 2 * seq as mark, occurred_at, {name} as name, channel from happenings
    union all select customer, mark, occurred_at, name, channel from letters"""

#: how an answer says they felt, from -1 to 1
FELT = """case
        when name in ('Product Reviewed', 'CSAT Answered') and score >= 1 and score <= 5 then (score - 3) / 2.0
        when name = 'NPS Answered' and score >= 0 and score <= 10 then (score - 5) / 5.0
        when name in ('Complaint Made', 'Email Marked as Spam') then -1.0 end"""

ANSWERS = "('Product Reviewed', 'CSAT Answered', 'NPS Answered', 'Complaint Made', 'Email Marked as Spam')"
ANSWER_DAYS = 30  #: how long after a moment an answer still tells about it

#: few say how they felt, so these stand in a table by themselves: what else they did is looked for from there
_ANSWERS = """
    create table answers as
    select customer, id, mark, occurred_at, felt, name, channel
    from (select customer, id, 2 * seq as mark, occurred_at, {felt} as felt, name, channel from happenings where name in {answers}) as s
    where felt is not null"""

#: an answer tells about the last thing before it that was no answer, however late it was told; about itself where that is long ago
_FEELINGS = """
    create table feelings as
    select s.customer, coalesce(b.mark, s.mark) as mark, s.occurred_at, s.felt, coalesce(b.name, s.name) as name, coalesce(b.channel, s.channel) as channel
    from answers s
    left join (
        select customer, id, mark, min(name) as name, min(channel) as channel
        from (
            select s.customer, s.id, t.mark, t.name, t.channel,
                rank() over (partition by s.customer, s.id order by t.occurred_at desc, t.mark desc) as back
            from things t join answers s on s.customer = t.customer and t.occurred_at >= s.occurred_at - {window}
                and (t.occurred_at < s.occurred_at or (t.occurred_at = s.occurred_at and t.mark < s.mark))
            where t.name not in {answers}) as before
        where back = 1 group by customer, id, mark) as b on b.customer = s.customer and b.id = s.id"""


def touch(lake: Lake, settings: Settings) -> None:
    """Make ``letters``, ``things``, ``answers``, ``feelings`` and ``visitors`` in *lake*."""
    counted = "" if settings.test is None else " and m.customer in (select customer from people)"
    cases = " ".join(f"when {quoted(action)} then {quoted(channel)}" for action, channel in settings.channels.items())
    channel = f"case m.action {cases} else m.action end" if cases else "m.action"
    lake.run(_LETTERS.format(channel=channel, counted=counted))
    lake.run(_THINGS.format(name=_NAME))
    lake.run(_ANSWERS.format(felt=FELT, answers=ANSWERS))
    lake.run(_FEELINGS.format(answers=ANSWERS, window=ANSWER_DAYS * DAY))
    lake.run(f"create view visitors as select customer, occurred_at from happenings where name in {SITE}")  # noqa: S608  names of our own
