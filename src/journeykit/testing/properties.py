"""
What must hold in every story: ready-made properties of what customers hear and of how long they stay.

::

    never_closer("email", "24 hours").check(shop)

Each looks at a `Scenario` as it stands, changes nothing in it, and counts how often there was something to look at. `JourneyMachine` holds
them against any story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from attrs import frozen

from journeykit.core.expressions.calendar import read_moment, show
from journeykit.model.pauses import Pause
from journeykit.model.phrases import MICROSECONDS, seconds
from journeykit.model.records import Enrollment, Want
from journeykit.testing.fakes import Performed, asked
from journeykit.testing.operating import paused
from journeykit.testing.people import People, heard_so_far
from journeykit.testing.scenario import Scenario

_EVERY = 1_000_000


class Looked(NamedTuple):
    """
    What a property saw.

    Attributes:
        seen: how often there was something to look at, by what that was; each of them has to come in some story.
        broken: what is not as promised, in words; None where all is well.
    """

    seen: dict[str, int]
    broken: str | None = None


@frozen
class Property:
    """
    Something that must hold in every story.

    Attributes:
        name: what it promises, for people to read.
        look: looks at a story.
        events: events that have to happen for there to be something to look at.
        seconds: lengths of time that make a difference to it.
        horizon: how many seconds have to pass at the end of a story before all has been seen.
    """

    name: str
    look: Callable[[Scenario], Looked]
    events: tuple[str, ...] = ()
    seconds: tuple[int, ...] = ()
    horizon: int = 0

    def check(self, shop: Scenario) -> Looked:
        """
        Look at a story.

        Raises:
            AssertionError: it is not as promised.
        """
        __tracebackhide__ = True
        looked = self.look(shop)
        if looked.broken is not None:
            raise AssertionError(f"{self.name}: {looked.broken}")
        return looked


def never_closer(action: str, how_long: str, **parameters: Any) -> Property:
    """
    A customer is not sent this twice within a time.

    Args:
        action: its name.
        how_long: ``24 hours``; exactly so long apart is far enough.
        parameters: parameters that it has, where only those are meant.
    """
    return _spaced(f"never_closer({asked(action, parameters)}, {how_long})", 1, how_long, action, parameters)


def at_most(number: int, how_long: str, action: str | None = None, **parameters: Any) -> Property:
    """
    A customer is not sent more than so many messages in any time of that length.

    Args:
        number: how many.
        how_long: ``7 days``.
        action: only this one; all that reach a person where not said, which are those that the catalog does not declare as ``none``.
        parameters: parameters that it has, where only those are meant.
    """
    what = asked(action, parameters) if action is not None else "messages"
    return _spaced(f"at_most({number} {what} in {how_long})", number, how_long, action, parameters)


def never_twice(action: str, **parameters: Any) -> Property:
    """
    A customer is not sent this a second time, however long after the first.

    Args:
        action: its name.
        parameters: parameters that it has, where only those are meant.
    """
    name, what = f"never_twice({asked(action, parameters)})", asked(action, parameters)

    def look(shop: Scenario) -> Looked:
        first, twice = 0, None
        for several in heard_so_far(shop, _heard(shop, action, parameters)):
            first += len(several) == 1
            twice = twice or (_together(several[-2:], shop.zone) if len(several) > 1 else None)
        return Looked({what: first}, twice)

    return Property(name, look)


def never_after(event: str, action: str, within: str | None = None, **parameters: Any) -> Property:
    """
    Whoever something has happened to is not sent this any more.

    Args:
        event: what happens.
        action: what is not sent then.
        within: for how long after it occurred, ``30 days``; for good where not said.
        parameters: parameters that the action has, where only those are meant.
    """
    what = asked(action, parameters)
    name = f"never_after({event}, {what}{f', within {within}' if within else ''})"
    length = seconds(within) * MICROSECONDS if within else None

    def look(shop: Scenario) -> Looked:
        happened = [one for one in shop.told if one.method == "event" and one.arguments[0] == event]
        heard = _heard(shop, action, parameters)
        wrong = next(_following(shop, event, heard, length), None)
        broken = None if wrong is None else f"{_said(wrong[1], shop.zone)}, after {event} at {show(wrong[0], shop.zone)}"
        return Looked({event: len(happened), what: len(heard)}, broken)

    return Property(name, look, (event,), _lengths(within))


def everyone_leaves_within(how_long: str, journey: str | None = None) -> Property:
    """
    Nobody stays in a journey longer than so long, whatever happens or does not happen; the time of pauses aside.

    Args:
        how_long: ``365 days``.
        journey: its name; every journey where not said.
    """
    length = seconds(how_long)

    def look(shop: Scenario) -> Looked:
        now, there = shop.clock.now(), [(who, e) for who, e in _enrollments(shop) if journey in (None, e.journey)]
        pauses = shop.storage.pauses()
        late = [(who, e) for who, e in there if e.active and _stay(e, now, pauses) > length]
        gone = sum(not e.active for _, e in there)
        return Looked({f"{journey or 'a journey'} left": gone}, _stayed(*late[0], shop) if late and shop.working else None)

    return Property(f"everyone_leaves_within({how_long}{f', {journey}' if journey else ''})", look, (), (), length + 1)


# -- what was heard --------------------------------------------------------------------------------------------------------


def _spaced(name: str, number: int, how_long: str, action: str | None, parameters: dict[str, Any]) -> Property:
    """No more than *number* in any time of that length."""
    length = seconds(how_long) * MICROSECONDS
    what = asked(action, parameters) if action is not None else "a message"

    def look(shop: Scenario) -> Looked:
        groups = [several[-number - 1 :] for several in heard_so_far(shop, _heard(shop, action, parameters)) if len(several) > number]
        close = next((group for group in groups if group[-1].at - group[0].at < length), None)
        return Looked({f"{what}, {number + 1} times": len(groups)}, None if close is None else _together(close, shop.zone))

    return Property(name, look, (), _lengths(how_long))


def _heard(shop: Scenario, action: str | None, parameters: dict[str, Any]) -> list[Performed]:
    """What was performed, each once, however often it was repeated under its key."""
    mute = {name for name, kind in shop.engine.definitions.catalog.actions.items() if kind == "none"} if action is None else set()
    first: dict[str, Performed] = {}
    for one in shop.performed:
        given = one.request.parameters
        meant = one.request.action == action if action is not None else one.request.action not in mute
        if meant and all(name in given and given[name] == value for name, value in parameters.items()):
            first.setdefault(one.request.idempotency_key, one)
    return list(first.values())


def _following(shop: Scenario, event: str, heard: Sequence[Performed], length: int | None) -> Iterator[tuple[int, Performed]]:
    """Each that was heard after the event had been told, and less than *length* after it occurred, with when it occurred."""
    meant, happened, people = {id(one) for one in heard}, dict[str, int](), People()
    for one in shop.story:
        if isinstance(one, Performed):
            since = happened.get(people.who(one.request.customer_id))
            if id(one) in meant and since is not None and (length is None or one.at - since < length):
                yield since, one
        elif (became := people.become(one)) is not None:
            since = happened.pop(became[0], None)
            if since is not None and became[1] is not None:
                happened[became[1]] = max(since, happened.get(became[1], since))
        elif one.method == "event" and one.arguments[0] == event and one.customer is not None:
            occurred = min(one.at, read_moment(one.options.get("at"), shop.zone) or one.at)
            who = people.who(one.customer)
            happened[who] = max(occurred, happened.get(who, occurred))


def _together(several: Sequence[Performed], zone: str) -> str:
    moments = [show(one.at, zone) for one in several]
    request = several[0].request
    return f"{request.customer_id} was sent {asked(request.action, request.parameters)} at {', '.join(moments[:-1])} and at {moments[-1]}"


def _said(one: Performed, zone: str) -> str:
    request = one.request
    return f"{request.customer_id} was sent {asked(request.action, request.parameters)} at {show(one.at, zone)}"


# -- who is there ----------------------------------------------------------------------------------------------------------


def _enrollments(shop: Scenario) -> list[tuple[str, Enrollment]]:
    """Everybody's, with whose they are."""
    journeys = tuple((name, None) for name in shop.engine.definitions.compiled.journeys)
    wants = [Want(customer, None, journeys) for customer in shop.storage.customers("", _EVERY)]
    return [(loaded.customer_id, e) for loaded in shop.storage.load_many(wants) for e in loaded.enrollments if e.status != "pending"]


def _stay(e: Enrollment, now: int, pauses: Sequence[Pause]) -> float:
    """For how many seconds somebody has been there, without those in which something was paused."""
    return (now - e.entered_at) / MICROSECONDS - paused(pauses, e.entered_at, now)


def _stayed(who: str, e: Enrollment, shop: Scenario) -> str:
    since, now = show(e.entered_at, shop.zone), show(shop.clock.now(), shop.zone)
    return f"{who} is in {f'{e.journey} {e.key}'.strip()} since {since}, still in {e.step} at {now}"


def _lengths(text: str | None) -> tuple[int, ...]:
    return (seconds(text),) if text else ()
