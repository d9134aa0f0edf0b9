"""Two tables that numbers start from: who counts, and what happened to them in words that numbers know."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.insight.settings.settings import Settings
from journeykit.insight.settings.vocabulary import EVENTS, Property, names, properties
from journeykit.insight.tables.days import day_sql
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.quoting import quoted

#: columns of happenings that are numbers; the others of `journeykit.insight.settings.vocabulary.PROPERTIES` are text
_NUMBERS = ("amount", "score", "found")


def derive(lake: Lake, settings: Settings) -> None:
    """
    Make the tables ``people`` and ``happenings`` in *lake*, whose raw tables are filled.

    ``people(customer)`` is who counts: everybody but test customers.

    ``happenings(customer, id, seq, occurred_at, day, name, ...)`` is every decided event of theirs: *seq* the number of its signal, *day* the day of
    `Settings.zone` in whole days since 1970, *name* as numbers know it (another name is left as it is), then one column for each
    known property, null where it is not there: *amount* in whole minor units, *score* and *found* as numbers, the rest as text. *source* is
    the event's own where no property says what brought the customer. What the library notes for itself (``$...``) is left out, and
    what waits or is parked has not happened yet.
    """
    _people(lake, settings)
    first, last = lake.query("select coalesce(min(occurred_at), 0), coalesce(max(occurred_at), 0) from events")[0]
    columns = [_column(lake, one, settings) for one in properties(settings)]
    lake.run(
        f"""create table happenings as
        select customer, id, seq, occurred_at, {day_sql("occurred_at", first, last, settings.zone)} as day, name, {", ".join(columns)}
        from (select customer, id, seq, occurred_at, {_name(settings)} as name, source as origin, properties from events
            where state = 'decided' and substr(name, 1, 1) <> '$'{_counts(settings)}) as told"""  # noqa: S608  names of our own
    )


def _people(lake: Lake, settings: Settings) -> None:
    real = "" if settings.test is None else f" where coalesce({lake.property('traits', settings.test)}, '') not in ('true', '1', 'yes')"
    lake.run(f"create table people as select customer from customers{real}")  # noqa: S608


def _counts(settings: Settings) -> str:
    return "" if settings.test is None else " and customer in (select customer from people)"


def _name(settings: Settings) -> str:
    """SQL for the name as numbers know it."""
    others = {said: meant for said, meant in names(settings).items() if said != meant}
    cases = " ".join(f"when {quoted(said)} then {quoted(meant)}" for said, meant in others.items())
    return f"case name {cases} else name end"


def _column(lake: Lake, one: Property, settings: Settings) -> str:
    if one.name in _NUMBERS:
        value = _first(lake.number("properties", name) for name in one.read)
        value = _whole(value, settings.decimals) if one.name == "amount" else value
    else:
        value = lake.property("properties", *one.read)
    if one.name == "currency":
        value = f"upper({value})"
    elif one.name == "source":
        value = f"coalesce({value}, nullif(origin, ''))"
    elif one.name == "channel":
        value = f"coalesce({value}, {_channel()})"
    of = f"name in ({', '.join(quoted(event) for event in one.of)})"
    return f"{f'case when {of} then {value} end' if one.of else value} as {one.name}"


def _channel() -> str:
    """SQL for the channel of an event that names none."""
    channels = {
        channel: [event.name for event in EVENTS if event.channel == channel] for channel in sorted({one.channel for one in EVENTS})
    }
    channels.pop("site")
    cases = " ".join(f"when name in ({', '.join(map(quoted, events))}) then {quoted(channel)}" for channel, events in channels.items())
    return f"case {cases} else 'site' end"


def _first(values: Iterable[str]) -> str:
    several = list(values)
    return several[0] if len(several) == 1 else f"coalesce({', '.join(several)})"


def _whole(value: str, decimals: int) -> str:
    """SQL for money in minor units. An amount that ought to be whole and is not is none: nobody knows what it is an amount of."""
    if decimals:
        return f"cast(round({value} * {10**decimals}) as bigint)"
    return f"case when {value} = round({value}) then cast(round({value}) as bigint) end"
