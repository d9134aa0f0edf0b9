"""A population out of a history: how often each event followed which, and after how long."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from journeykit.codec.text import write
from journeykit.core.expressions.calendar import known_zone, near_zone, wall
from journeykit.errors import DefinitionError, HistoryError
from journeykit.model.messages import Event
from journeykit.model.phrases import MICROSECONDS
from journeykit.rehearsal.phrases import Follow, Shares, Value, key_of
from journeykit.rehearsal.population import DAY, Arrival, Habit, Population

TURNS = 4  #: the first events of a kind are looked at each for itself, up to this one, which stands for all later ones
QUANTILES = 10  #: parts of what is written of times and numbers
LISTED = 20  #: different values that are written with their shares

_Life = list[tuple[int, str]]
_Gap = tuple[int, str | None]  #: microseconds until what follows, or until the history ends where nothing does


def fit(events: Iterable[Event], zone: str = "UTC") -> Population:
    """
    Make a population of customers who behave like those of a history.

    What follows an event is taken from what followed the first, the second, ... of its kind. Customers whose history ends before
    anything followed are counted for as long as they were seen (the estimator of Aalen and Johansen, 1978), so that whoever came late does
    not pass for somebody who never came back. A number that no file can hold (nan, infinity) is left out.

    Args:
        events: a history, in whatever order.
        zone: whose clocks the hours of arrival are read on.

    Raises:
        DefinitionError: there is no such zone.
        HistoryError: it is no history, or has no event that customers could begin with.
    """
    if not known_zone(zone):
        raise DefinitionError(f'zone: {zone!r:.60} is no time zone; write an IANA name, for example "Europe/Berlin"{near_zone(zone)}')
    read = _Read()
    for number, event in enumerate(_history(events)):
        if not isinstance(event, Event):
            raise HistoryError(f"events[{number}]: {event!r:.60} is no event; give Event(...), or let collect(...) read a file")
        read.add(event)
    read.in_order()
    if not read.lives:
        raise HistoryError("there is no event to learn from; give a history of what customers did")
    first = [life[0] for life in read.lives.values()]
    begin = Counter(name for _, name in first)
    return Population(
        customers=len(first),
        begin=_shares(begin),
        arrival=_arrival([at for at, _ in first], zone),
        zones=_shares(Counter({zone: 1})),
        events={name: _habit(name, read) for name in read.names},
    )


def _history(events: object) -> Iterable[object]:
    if isinstance(events, Iterable) and not isinstance(events, (str, bytes)):
        return events
    raise HistoryError(f"events: {events!r:.60} is no history; give a list of events, or a History that collect(...) has read files into")


class _Read:
    """What a history says, customer by customer."""

    def __init__(self) -> None:
        self.lives: defaultdict[str, _Life] = defaultdict(list)
        self.names: dict[str, None] = {}
        self.properties: defaultdict[str, defaultdict[str, Counter[Any]]] = defaultdict(lambda: defaultdict(Counter))
        self.repeated: Counter[tuple[str, str]] = Counter()
        self.last = 0
        self._known: dict[tuple[str, str], Any] = {}

    def add(self, event: Event) -> None:
        """Take an event in; what tells only who somebody is, is left out."""
        if event.name.startswith("$"):
            return
        self.last = max(self.last, event.at)
        self.names[event.name] = None
        self.lives[event.customer_id].append((event.at, event.name))
        for name, value in event.properties.items():
            if isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and isfinite(value)):
                self._property(event, name, value)

    def in_order(self) -> None:
        """What each did, in order of time; of one moment what was told first comes first."""
        for life in self.lives.values():
            life.sort(key=lambda one: one[0])

    def _property(self, event: Event, name: str, value: Any) -> None:
        self.properties[event.name][name][value] += 1
        place = (event.customer_id, name)
        self.repeated[event.name, name] += place in self._known and self._known[place] == value
        self._known[place] = value

    def gaps(self, name: str) -> Iterator[tuple[int, _Gap]]:
        """For each event of that name: which of its customer it was, from 0, and what followed it."""
        for life in self.lives.values():
            number = 0
            for place, (at, here) in enumerate(life):
                if here == name:
                    following = life[place + 1] if place + 1 < len(life) else (self.last, None)
                    yield number, (following[0] - at, following[1])
                    number += 1


def _shares(counter: Counter[Any]) -> Shares:
    total = counter.total()
    names: list[Any] = []
    upto: list[float] = []
    for name, count in counter.most_common():
        names.append(name)
        upto.append((upto[-1] if upto else 0.0) + count / total)
    return Shares(tuple(names), (*upto[:-1], 1.0))


def _arrival(moments: Sequence[int], zone: str) -> Arrival:
    first = min(moments) // DAY * DAY
    days = sorted(at - first for at in moments)
    parts = _parts(len(days))
    over = (0, *(days[(len(days) - 1) * part // parts] for part in range(1, parts)), (days[-1] // DAY + 1) * DAY)
    hours = Counter(wall(at, zone).hour for at in moments)
    upto, total = 0.0, len(moments)
    reached = []
    for hour in range(24):
        upto += hours[hour] / total
        reached.append(min(1.0, upto))
    return Arrival(over=tuple(map(float, over)), hours=Shares(tuple(range(24)), (*reached[:-1], 1.0)))


def _habit(name: str, read: _Read) -> Habit:
    turns: list[list[_Gap]] = [[] for _ in range(TURNS)]
    for number, gap in read.gaps(name):
        turns[min(number, TURNS - 1)].append(gap)
    following = [_following(gaps) for gaps in turns if gaps]
    while len(following) > 1 and following[-1] == following[-2]:
        following.pop()  # the last one stands for all later ones
    properties = {one: _value(counter, read.repeated[name, one]) for one, counter in read.properties[name].items()}
    return Habit(properties=properties, next=tuple(following) if any(following) else ())


def _following(gaps: Sequence[_Gap]) -> dict[str, Follow]:
    """What follows, of how many and when: for each the share that it has reached after each time, others and the end of the history apart."""
    steps = _incidence(sorted(gaps, key=lambda gap: gap[0]))
    found = {}
    for name, curve in sorted(steps.items(), key=lambda one: -one[1][-1][1]):
        found[name] = Follow(min(curve[-1][1], 1.0), _quantiles(curve))
    return found


def _incidence(gaps: Sequence[_Gap]) -> dict[str, list[tuple[int, float]]]:
    """By what follows the times and the share that had followed by then; *gaps* are in order of time."""
    curves: dict[str, list[tuple[int, float]]] = {}
    waiting, unmoved, place = len(gaps), 1.0, 0
    while place < len(gaps):
        at, began = gaps[place][0], place
        moved: Counter[str] = Counter()
        while place < len(gaps) and gaps[place][0] == at:
            name = gaps[place][1]
            if name is not None:
                moved[name] += 1
            place += 1
        for name, count in moved.items():
            curve = curves.setdefault(name, [])
            curve.append((at, (curve[-1][1] if curve else 0.0) + unmoved * count / waiting))
        unmoved *= 1 - moved.total() / waiting
        waiting -= place - began
    return curves


def _quantiles(curve: Sequence[tuple[int, float]]) -> tuple[float, ...]:
    """The times at even steps of the share that follows at all."""
    if len(curve) == 1:
        return (float(curve[0][0]),)
    whole, parts = curve[-1][1], _parts(len(curve))
    found, place = [float(curve[0][0])], 0
    for part in range(1, parts):
        while curve[place][1] < whole * part / parts:
            place += 1
        found.append(float(curve[place][0]))
    return (*found, float(curve[-1][0]))


def _parts(seen: int) -> int:
    """Into how many parts so many different observations are cut: no more than they can say."""
    return max(1, min(QUANTILES, seen - 1))


def _value(counter: Counter[Any], repeated: int) -> Value:
    """What a property may be: some values with their shares, numbers by quantiles, or text that is told again or never."""
    if all(isinstance(value, str) for value in counter) and 2 * len(counter) > counter.total() > 1:  # ids
        return Value("same" if 2 * repeated > counter.total() else "new")
    if len(counter) <= LISTED:
        return Value("one of", _shares(counter))
    numbers = [value for value in counter.elements() if type(value) in (int, float)]
    if len(numbers) == counter.total():
        numbers.sort()
        last = len(numbers) - 1
        whole = all(type(value) is int for value in counter)
        return Value(
            "between",
            quantiles=tuple(float(numbers[last * part // QUANTILES]) for part in range(QUANTILES + 1)),
            digits=None if whole else 2,
        )
    return Value("same" if 2 * repeated > counter.total() else "new")


# -- writing ---------------------------------------------------------------------------------------------------------------


def population_text(population: Population) -> str:
    """Write a population as its file: YAML."""
    written: dict[str, Any] = {"customers": population.customers, "begin": _written(population.begin)}
    over = population.arrival.over
    arrival: dict[str, Any] = {"over": _span(over[-1]) if len(over) == 2 and not over[0] else [_span(at) for at in over]}
    if population.arrival.hours.names:
        arrival["hours"] = _written(population.arrival.hours)
    written |= {"arrival": arrival, "zones": _written(population.zones)}
    if population.traits:
        written["traits"] = {name: _value_text(value) for name, value in population.traits.items()}
    if population.consent:
        written["consent"] = {channel: _percent(share) for channel, share in population.consent.items()}
    written["events"] = {name: _habit_text(habit) for name, habit in population.events.items()}
    if population.after:
        written["after"] = {action: _follows(several) for action, several in population.after.items()}
    return write({name: value for name, value in written.items() if value}, block="")


def _habit_text(habit: Habit) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if habit.properties:
        found["properties"] = {name: _value_text(value) for name, value in habit.properties.items()}
    if habit.next:
        several = [_follows(one) for one in habit.next]
        found["next"] = several[0] if len(several) == 1 else several
    if habit.also:
        found["also"] = _follows(habit.also)
    return found


def _follows(several: Mapping[str, Follow]) -> dict[str, Any]:
    return {name: {"share": _percent(one.share), "after": [_span(at) for at in one.after]} for name, one in several.items()}


def _percent(share: float) -> str:
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + "%"


def _written(shares: Shares, called: Callable[[Any], str] = str) -> dict[str, str]:
    befores = (0.0, *shares.upto[:-1])
    found = {called(name): _percent(upto - before) for name, before, upto in zip(shares.names, befores, shares.upto, strict=True)}
    return {name: share for name, share in found.items() if share not in {"0%", "-0%"}}


def _value_text(value: Value) -> Any:
    if value.kind == "between":
        numbers = [round(one) if value.digits is None else one for one in value.quantiles]
        return {"quantiles": numbers}
    if value.kind != "one of":
        return value.kind
    names = value.shares.names
    return _written(value.shares, key_of) if len(names) > 1 else list(names)


def _span(microseconds: float) -> str:
    """A duration in words: ``2 days 3 hours``; seconds are the least."""
    left, found = round(microseconds / MICROSECONDS), []
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, left = divmod(left, length)
        if number:
            found.append(f"{number} {unit}{'s' if number > 1 else ''}")
    return " ".join(found) or "at once"
