"""
The small sentences of a definition: re-entry rules, random shares, how long an action stays valid, declared facts.

Each is a frozen value over its text, parsed once. The text is what YAML holds, so nothing is lost on the way back.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.misreadings import refuse_misread_event, refuse_misread_name

_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_NUMBER = re.compile(r"[1-9]\d{0,8}")
_DURATION = re.compile(r"(\d+)\s+(second|minute|hour|day|week)s?")

MICROSECONDS = 1_000_000


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the nearest of *known*, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def seconds(text: str) -> int:
    """
    Read an elapsed duration such as ``2 hours`` or ``1 day 12 hours``.

    Returns:
        The duration in seconds; a day is 24 hours.

    Raises:
        DefinitionError: the text is no duration, or it is zero.
    """
    if not isinstance(text, str):
        raise DefinitionError(f'{text!r:.60} is no duration; write a text, for example "2 hours"')
    rest = _DURATION.sub("", text).replace(" and ", " ").strip()
    total = sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    if rest or total <= 0:
        words = text.split()
        near = suggestion(words[1].rstrip("s"), _UNITS) if len(words) > 1 and words[1].rstrip("s") not in _UNITS else ""
        if len(words) > 1 and words[1].rstrip("s") in ("month", "year"):
            near = "; months and years differ in length, say how many days"
        raise DefinitionError(f'"{text}" is no duration; write for example "2 hours" or "3 days"{near}')
    return total


def rate(text: str) -> tuple[int, int]:
    """
    Read how many in how long: ``1000 per hour``, ``5 per 10 seconds``.

    Returns:
        The number, and the microseconds.

    Raises:
        DefinitionError: the text is no rate, or it is zero.
    """
    number, _, window = str(text).strip().partition(" per ")
    if not _NUMBER.fullmatch(number):
        raise DefinitionError(f'"{text}" is no rate; write for example "100 per minute" or "5 per 10 seconds"')
    return int(number), seconds(window if window[:1].isdigit() else f"1 {window}") * MICROSECONDS


@frozen
class Reentry:
    """
    When a customer may come in again.

    ``once`` · ``always`` · ``after 30 days`` (since entry; or ``since end``, ``since action``) · ``at most 3`` · ``after 30 days,
    at most 3``, each optionally followed by ``per customer`` (instead of per key), ``counting performed`` (only entries that performed an
    action count) and ``restarting`` (an entry while the key is active restarts it instead of being ignored).
    """

    text: str = "once"
    rule: Literal["once", "always", "after", "at most"] = field(init=False, eq=False, repr=False)
    number: int = field(init=False, eq=False, repr=False)  #: the limit of ``at most``, the cooldown of ``after`` in microseconds
    most: int | None = field(init=False, eq=False, repr=False)  #: the limit, where one is said
    since: Literal["entry", "end", "action"] = field(init=False, eq=False, repr=False)
    per_customer: bool = field(init=False, eq=False, repr=False)
    performed: bool = field(init=False, eq=False, repr=False)
    restarting: bool = field(init=False, eq=False, repr=False)

    _SENTENCE = re.compile(
        r"(?:(?P<plain>once|always)|at most (?P<most>[1-9]\d*)|after (?P<after>.+?)(?: since (?P<since>entry|end|action))?"
        r"(?:, at most (?P<limit>[1-9]\d*))?)"
        r"(?P<customer>,? per customer)?(?P<performed>,? counting performed)?(?P<restarting>,? restarting)?"
    )

    def __attrs_post_init__(self) -> None:
        match = self._SENTENCE.fullmatch(self.text.strip())
        if match is None:
            raise DefinitionError(f'"{self.text}" is no re-entry rule; write "once", "always", "after 30 days since end" or "at most 3"')
        cooldown = seconds(match["after"]) * MICROSECONDS if match["after"] else 0
        rule = match["plain"] or ("at most" if match["most"] else "after")
        for name, value in {
            "rule": rule,
            "number": int(match["most"] or cooldown),
            "most": int(match["most"] or match["limit"] or 0) or None,
            "since": match["since"] or "entry",
            "per_customer": bool(match["customer"]),
            "performed": bool(match["performed"]),
            "restarting": bool(match["restarting"]),
        }.items():
            object.__setattr__(self, name, value)


@frozen
class Split:
    """
    A random but stable choice: ``50% short, 50% long``, optionally ``per enrollment`` and ``as NAME``.

    The arm is drawn from a hash of journey, experiment and customer (or enrollment) and kept with the customer. With ``, then the
    better by share of Email Opened after 2 days``, whoever comes so long after the first who was drawn gets the arm of which the
    greatest share did that; the first reading counts for all.
    """

    text: str
    shares: tuple[tuple[str, int], ...] = field(init=False, eq=False, repr=False)  #: target step and percent, in order
    per: Literal["customer", "enrollment"] = field(init=False, eq=False, repr=False)
    experiment: str | None = field(init=False, eq=False, repr=False)  #: its name; the step's name where none is given
    measure: str | None = field(init=False, eq=False, repr=False)  #: the event that makes an arm the better one
    after: int | None = field(init=False, eq=False, repr=False)  #: microseconds from the first draw until the better one is known

    _BETTER = r"(?:, then the better by share of (?P<measure>.+?) after (?P<after>\d.*?))?"
    _TAIL = re.compile(rf"(?P<shares>.*?){_BETTER}(?P<per> per enrollment| per customer)?(?: as (?P<name>[\w -]+))?")
    _SHARE = re.compile(r"(\d+)% ([\w -]+?)")

    def __attrs_post_init__(self) -> None:
        match = self._TAIL.fullmatch(self.text.strip())
        parts = [self._SHARE.fullmatch(part.strip()) for part in match["shares"].split(",")] if match else []
        if match is None or not all(parts):
            raise DefinitionError(f'"{self.text}" is no split; write for example "50% short, 50% long"')
        refuse_misread_name(self.text, match["name"], "per (?:enrollment|customer)", 'write "per enrollment as NAME"')
        shares = tuple((part[2], int(part[1])) for part in parts if part)
        if sum(share for _, share in shares) != 100:
            raise DefinitionError(f'"{self.text}": the shares add up to {sum(share for _, share in shares)}%; make them 100%')
        object.__setattr__(self, "shares", shares)
        object.__setattr__(self, "per", "enrollment" if (match["per"] or "").strip() == "per enrollment" else "customer")
        object.__setattr__(self, "experiment", match["name"])
        object.__setattr__(self, "measure", match["measure"])
        object.__setattr__(self, "after", seconds(match["after"]) * MICROSECONDS if match["after"] else None)
        if self.measure and self.per == "enrollment":
            raise DefinitionError(f'"{self.text}": the better arm is one for customers; leave "per enrollment" out')


@frozen
class Expiry:
    """
    Until when a committed action may still be performed: ``2 days`` (age), ``never``, ``with step``, ``with scope``, or an
    age and a place: ``2 days, with step``. A message without one expires after three days.
    """

    text: str
    age: int | None = field(init=False, eq=False, repr=False)  #: seconds; 0 for ``never``; None where not said
    owner: Literal["step", "scope"] | None = field(init=False, eq=False, repr=False)

    _SENTENCE = re.compile(r"(?:(?P<age>never|\d.*?))?(?:(?:, )?with (?P<owner>step|scope))?")

    def __attrs_post_init__(self) -> None:
        match = self._SENTENCE.fullmatch(self.text.strip())
        if match is None or not (match["age"] or match["owner"]):
            raise DefinitionError(f'"{self.text}" is no expiry; write "2 days", "never", "with step" or "2 days, with step"')
        age = None if match["age"] is None else 0 if match["age"] == "never" else seconds(match["age"])
        object.__setattr__(self, "age", age)
        object.__setattr__(self, "owner", match["owner"])


@frozen
class Aggregate:
    """
    A declared fold over a customer's events.

    ``count of Order Completed`` · ``sum of Order Completed.total`` · ``last of Order Completed.store`` · also ``min``,
    ``max``, ``mean``, ``first`` and ``distinct``. ``first``, ``last`` without a property give the moment of the event.

    Over all time, or over a window: ``in 365 days`` (rolling: what lies less than that back), ``this day``, ``this week``,
    ``this month`` or ``this year`` (the calendar's, in the customer's zone, or ``in Europe/Berlin``), or ``since entry``, for each
    enrollment from when it was entered. What is counted over all time may begin with a trait: ``from customer.opening_spent``. Then,
    where wanted, a condition: ``count of Order Completed in 365 days where event.total >= 5000``.
    """

    text: str
    kind: Literal["count", "sum", "min", "max", "mean", "first", "last", "distinct"] = field(init=False, eq=False, repr=False)
    event: str = field(init=False, eq=False, repr=False)
    of: str | None = field(init=False, eq=False, repr=False)  #: the property that is folded
    rolling: int | None = field(init=False, eq=False, repr=False)  #: microseconds of a rolling window
    period: Literal["day", "week", "month", "year"] | None = field(init=False, eq=False, repr=False)  #: of the calendar
    zone: str | None = field(init=False, eq=False, repr=False)  #: of the period; the customer's where none is named
    since_entry: bool = field(init=False, eq=False, repr=False)  #: it is counted for each enrollment, from when it was entered
    opening: str | None = field(init=False, eq=False, repr=False)  #: the trait that it begins with
    where: Expression | None = field(init=False, eq=False, repr=False)

    _SENTENCE = re.compile(
        r"(?P<kind>count|sum|min|max|mean|first|last|distinct) of (?P<event>[^.]+?)(?:\.(?P<of>\w+))?"
        r"(?: in (?P<rolling>\d[\w ]*?)| this (?P<period>day|week|month|year)(?: in (?P<zone>[A-Za-z][\w+/-]*))?|(?P<since> since entry)"
        r"| from customer\.(?P<opening>\w+))?"
        r"(?: where (?P<where>.+))?"
    )

    def __attrs_post_init__(self) -> None:
        match = self._SENTENCE.fullmatch(self.text.strip())
        if match is None:
            raise DefinitionError(
                f'"{self.text}" is no fact; write for example "count of Order Completed" or "sum of Order Completed.total"'
            )
        event = match["event"].strip()
        refuse_misread_event(self.text, event)
        if match["of"] is None and match["kind"] not in ("count", "first", "last"):
            raise DefinitionError(f'"{self.text}": a {match["kind"]} needs a property; write "{match["kind"]} of {event}.total"')
        if match["opening"] and match["kind"] in ("mean", "distinct"):
            raise DefinitionError(f'"{self.text}": nothing can be added to a {match["kind"]}; begin a count or a sum with a trait')
        object.__setattr__(self, "kind", match["kind"])
        object.__setattr__(self, "event", event)
        object.__setattr__(self, "of", match["of"])
        object.__setattr__(self, "rolling", seconds(match["rolling"]) * MICROSECONDS if match["rolling"] else None)
        object.__setattr__(self, "period", match["period"])
        object.__setattr__(self, "zone", match["zone"])
        object.__setattr__(self, "since_entry", match["since"] is not None)
        object.__setattr__(self, "opening", match["opening"])
        object.__setattr__(self, "where", Expression(match["where"]) if match["where"] else None)
