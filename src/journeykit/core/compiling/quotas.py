"""
Shared numbers (P26): what a decision takes of them, and what it has to know of what is left.

A decision supposes that there is enough; a storage refuses the commit where there is not, and says what is left. The decision is
then made again, knowing it, so that the next branch holds. What it had to know is kept in the customer's log as an event of our
own, and a replay needs nobody else (P12).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from attrs import field, frozen

from journeykit.core.expressions.calendar import wall_clock
from journeykit.core.expressions.context import Context
from journeykit.model.messages import Event, moment
from journeykit.model.pauses import Pause
from journeykit.model.quotas import Take
from journeykit.model.records import LoggedEvent

Test = Callable[[Context], bool]

SHARED = "$shared"  #: the name of the event that keeps what shared numbers said
PAUSED = "$paused"  #: the name of the event that keeps which pauses a decision has heeded
KEPT = frozenset({SHARED, PAUSED})  #: what the log keeps for a replay only
_PERIOD = re.compile(r"[\w -]+/(\d{4}-\d\d)(-\d\d)?(T\d\d[+-]\d{4,6})?(?:\[[0-9a-f]{32}\])?")  #: how a number of a period is called


class Quota(NamedTuple):
    """
    A shared number as a journey takes of it.

    Attributes:
        zone: whose calendar its periods are of.
        per: finds what has a number of its own; None where all share one.
    """

    take: Take
    zone: str
    per: Callable[[Context], Any] | None = None


def quota_key(take: Take, zone: str, now: int, of: str | None = None) -> str:
    """
    The name of the number at *now*: that of the quota, the beginning of the period where it has one, and a hash where each *of* has its own.

    What all customers share outlives each of them, so what is anybody's own does not stand in it (P21); nor does it grow with that.
    """
    name = take.name
    if take.period is not None:
        name = f"{name}/{_begin(take.period, wall_clock(now, zone))}"
    return name if of is None else f"{name}[{sha256(f'{take.name}/{of}'.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}]"


def over(name: str, before: int) -> bool:
    """
    Whether the period in the *name* of a number (`quota_key`) has ended before *before* in whatever zone.

    Of a week and a day the name says the first day alone, so each day is taken for a week.
    """
    found = _PERIOD.fullmatch(name)
    if found is None:
        return False
    month, day, hour = found.groups()
    begin = datetime.fromisoformat(f"{month}{day or '-01'}").replace(tzinfo=UTC)
    return begin <= moment(before) - timedelta(days=2 if hour else 8 if day else 32)  # its length, and a day for the zone


def told(take: Take, of: str | None) -> str:
    """How people read of which number none was left."""
    return take.text if of is None else f"{take.text}: {of}"


def _begin(period: str, here: datetime) -> str:
    if period == "hour":
        return f"{here:%Y-%m-%dT%H%z}"  # the hour that the autumn repeats is two hours
    day = here.date()
    if period == "week":
        day -= timedelta(days=day.weekday())
    return f"{day:%Y-%m}" if period == "month" else f"{day}"


def taking(condition: Test | None, quota: Quota, cause: str, leaves: Test) -> Test:
    """
    A condition that holds only where *condition* does and one could be taken.

    Where the customer *leaves* instead of performing what the move asks for, nothing is taken.
    """

    def holds(context: Context) -> bool:
        return (condition is None or condition(context)) and (leaves(context) or context.grant(quota, cause))

    return holds


class Known(NamedTuple):
    """What one decision knows: how many are left of shared numbers (of others, enough), what is kept once for all customers, and pauses."""

    left: Mapping[str, int] = {}
    told: Mapping[str, str] = {}
    pauses: Sequence[Pause] = ()


KNOWN = Known()  #: nothing is known; so there is enough of everything


class Unread(Exception):  # noqa: N818  a request for what all share, not an error
    """
    A decision has to know what is kept once for all customers; find it out and decide again.

    Attributes:
        name: under which it is kept.
        first: what it becomes where nothing is kept yet: a value, or the arms of which the better is looked for; a number where what
            is asked for is how many of so many are left.
    """

    def __init__(self, name: str, first: str | tuple[str, ...] | int) -> None:
        self.name = name
        self.first = first
        super().__init__(name)


def kept(customer_id: str, known: Known, seq: int, now: int) -> LoggedEvent:
    """What the decision of signal *seq* had to know, for the customer's log."""
    given = {"left": dict(known.left), "told": dict(known.told)}
    event = Event(SHARED, id=f"{SHARED}/{seq}", customer_id=customer_id, occurred_at=moment(now), properties=given)
    return LoggedEvent(event, now, seq, "decided")


@frozen
class Shared:
    """
    What decisions know of what customers share.

    Attributes:
        known: now.
        recorded: in a replay, what was known when the signal of each number was decided.
        pausing: whether a pause may concern somebody.
    """

    known: Known = field(default=KNOWN)
    recorded: Mapping[int, Known] | None = field(default=None)
    pausing: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        pausing = bool(self.known.pauses) if self.recorded is None else any(one.pauses for one in self.recorded.values())
        object.__setattr__(self, "pausing", pausing)

    def at(self, seq: int) -> Known:
        """What is known when signal *seq* is decided."""
        return self.known if self.recorded is None else self.recorded.get(seq, KNOWN)

    def after(self, taken: Iterable[tuple[str, int, int | None]]) -> Shared:
        """What is left after so much has been *taken*."""
        if not self.known.left or not taken:
            return self
        left = dict(self.known.left)
        for key, number, _ in taken:
            if key in left:
                left[key] -= number
        return Shared(self.known._replace(left=left))

    def knowing(self, key: str, number: int) -> Shared:
        """Know also how many are left of the number *key*."""
        return Shared(self.known._replace(left={**self.known.left, key: number}))

    def telling(self, name: str, value: str) -> Shared:
        """Know also what is kept under *name*."""
        return Shared(self.known._replace(told={**self.known.told, name: value}))


UNKNOWN = Shared()


def recorded(events: Iterable[LoggedEvent]) -> Shared:
    """What the log of a customer says of what is shared, for a replay."""
    found: dict[int, Known] = {}
    for one in events:
        seq, given = one.seq or 0, one.event.properties
        if one.event.name == SHARED:
            found[seq] = found.get(seq, Known())._replace(left=given["left"], told=given["told"])
        elif one.event.name == PAUSED:
            found[seq] = found.get(seq, Known())._replace(pauses=tuple(Pause(*row[: len(Pause._fields)]) for row in given["pauses"]))
    return Shared(recorded=found)
