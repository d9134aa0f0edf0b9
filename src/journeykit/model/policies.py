"""
What may stop or hold a message: the sentences of a catalog, and what a policy answers.

::

    consent                                                  consent.CHANNEL is true; the channel is the action's name
    consent opt-out for push                                 ... or at least not false
    hold out 10% as control                                  a stable tenth gets no marketing
    no marketing while customer.open_tickets > 0 as open ticket
    quiet 22:00 to 08:00, missing zone Europe/Berlin         held to the end of the window
    at most 1 email in 24 hours or defer up to 2 days
    at most 1 letter in 7 days per customer.household        ... counted over all who share that trait
    good-taste                                               a policy of the host, by its name
    one at a time of recover-cart, newsletter as offers      a lane of journeys: the first goes on, time stands still in the others
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.messages import microseconds, words
from journeykit.model.misreadings import refuse_misread_name
from journeykit.model.phrases import MICROSECONDS, seconds, suggestion
from journeykit.model.wait import WEEKDAYS

Kind = Literal["consent", "holdout", "suppression", "plugin", "quiet", "cap", "lane"]

_NAME = r"[\w.-]+(?: (?!(?:about|and|as|in|or|while) )[\w.-]+)*"  #: an action's, which may be several words
_NAMES = rf"(?P<channels>{_NAME}(?: and {_NAME})*)"
_ABOUT = r"(?: about (?P<about>[\w.-]+))?"
_WHOM = rf"(?: for {_NAMES})?{_ABOUT}"
_DAY = "|".join(WEEKDAYS)
_CONSENT = re.compile(rf"consent(?: (?P<opt>opt-in|opt-out))?{_WHOM}")
_HOLDOUT = re.compile(rf"hold out (?P<percent>\d+)%{_WHOM} as (?P<name>[\w -]+)")
_SUPPRESSION = re.compile(
    rf"(?P<whom>none|no marketing){_WHOM} while (?P<where>.+) as (?P<name>[\w -]+?)(?: or defer up to (?P<defer>.+))?", re.DOTALL
)
_QUIET = re.compile(
    rf"quiet (?P<begin>\S+) to (?P<end>[^\s,]+)(?: on (?P<days>(?:{_DAY})(?: and (?:{_DAY}))*))?{_WHOM}(?P<drop> or drop)?"
    r"(?:, missing zone (?P<missing>\S+))?"
)
_CAP = re.compile(
    rf"at most (?P<number>\d+)(?: (?!(?:about|in) ){_NAMES})?{_ABOUT} in (?P<window>\d.*?)(?: per customer\.(?P<per>\w+))?"
    r"(?: or (?:skip|defer up to (?P<defer>.+)))?"
)
_LANE = re.compile(r"one at a time of (?P<journeys>.+) as (?P<name>[\w -]+?)(?:, clocks (?P<clocks>stand still|run on))?")
_PLUGIN = re.compile(r"[^\W\d][\w.-]*")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|(24):(00)")
_WAYS = {
    "consent": 'write "consent", "consent opt-out for push" or "consent about newsletter"',
    "hold": 'write for example "hold out 10% as control"',
    "none": 'write for example "none while customer.bounced as bounced"',
    "no": 'write for example "no marketing while customer.open_tickets > 0 as open ticket"',
    "quiet": 'write for example "quiet 22:00 to 08:00" or "quiet 22:00 to 08:00 on friday for sms or drop, missing zone Europe/Berlin"',
    "one": 'write for example "one at a time of recover-cart, newsletter as offers" or "one at a time of a, b as offers, clocks run on"',
    "at": 'write for example "at most 3 in 7 days" or "at most 1 email in 24 hours per customer.household or defer up to 2 days"',
}
_HOLD_DAYS = 366  #: nothing is held longer


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DefinitionError(f'{value!r:.60} is no policy; write it as text, for example "at most 3 in 7 days"')
    return " ".join(value.split())


@frozen
class Policy:
    """
    One rule about when messages may be performed, as a sentence; the catalog lists them, their order is fixed.

    ``consent`` · ``hold out 10% as control`` · ``none while customer.bounced as bounced`` · ``quiet 22:00 to 08:00`` ·
    ``at most 3 in 7 days or defer up to 2 days`` · the name of a policy that the host or a package gives. ``for email and push``
    restricts one to channels (the names of actions), ``about newsletter`` to messages whose parameter ``topic`` says so.
    ``one at a time of recover-cart, newsletter as offers`` is about journeys: a lane.

    Attributes:
        text: as written; the only field that is compared.
        kind: ``consent``, ``holdout``, ``suppression``, ``plugin``, ``quiet``, ``cap`` or ``lane``.
        name: of a holdout, a suppression, a plugin or a lane.
        channels: the actions it is about; all where empty.
        about: the topic it is about.
        opt_out: of a consent, that silence is consent.
        percent: the share of a holdout.
        everything: of a suppression, that it stops transactional messages too.
        where: the condition of a suppression.
        begin: of quiet hours, in minutes after midnight; *end* likewise, later than a day's where they cross midnight.
        days: the weekdays on which quiet hours begin, Monday being 0; None for all.
        drop: that what comes in quiet hours is dropped, not held.
        missing: what is done for customers without a zone: ``drop``, ``permit``, or a zone; None where not said.
        number: the limit of a cap, over *window* microseconds.
        per: the trait or fact whose value customers share that a cap counts together; None where each is counted alone.
        defer: for how many microseconds after its decision a message may be held by a cap or a suppression; None where it is dropped.
        journeys: of a lane, the most important first.
        still: of a lane, that what is left of a wait is the same once the journey goes on; else time runs on.

    Raises:
        DefinitionError: the text is no policy; the message says what to write.
    """

    text: str = field(converter=_text)
    kind: Kind = field(init=False, eq=False, repr=False)
    name: str = field(init=False, eq=False, repr=False, default="")
    channels: tuple[str, ...] = field(init=False, eq=False, repr=False, default=())
    about: str | None = field(init=False, eq=False, repr=False, default=None)
    opt_out: bool = field(init=False, eq=False, repr=False, default=False)
    percent: int = field(init=False, eq=False, repr=False, default=0)
    everything: bool = field(init=False, eq=False, repr=False, default=False)
    where: Expression | None = field(init=False, eq=False, repr=False, default=None)
    begin: int = field(init=False, eq=False, repr=False, default=0)
    end: int = field(init=False, eq=False, repr=False, default=0)
    days: frozenset[int] | None = field(init=False, eq=False, repr=False, default=None)
    drop: bool = field(init=False, eq=False, repr=False, default=False)
    missing: str | None = field(init=False, eq=False, repr=False, default=None)
    number: int = field(init=False, eq=False, repr=False, default=0)
    window: int = field(init=False, eq=False, repr=False, default=0)
    per: str | None = field(init=False, eq=False, repr=False, default=None)
    defer: int | None = field(init=False, eq=False, repr=False, default=None)
    journeys: tuple[str, ...] = field(init=False, eq=False, repr=False, default=())
    still: bool = field(init=False, eq=False, repr=False, default=True)

    def __attrs_post_init__(self) -> None:
        for name, value in _parts(self.text).items():
            object.__setattr__(self, name, value)


def _parts(text: str) -> dict[str, Any]:
    for sentence, read in _READERS:
        match = sentence.fullmatch(text)
        if match is not None:
            return read(match) if sentence is _LANE else _whom(match) | read(match)
    first = text.partition(" ")[0]
    near = suggestion(first, ("consent", "hold", "quiet", "none", "one at a time")) if first not in _WAYS else ""
    if not near and _PLUGIN.fullmatch(text) and text not in _WAYS:
        return {"kind": "plugin", "name": text}
    way = (
        _WAYS.get(first)
        or 'begin with "consent", "hold out", "none while", "quiet", "at most" or "one at a time of", or name a policy of your own'
    )
    raise DefinitionError(f'"{text}" is no policy; {way}{near}')


def _whom(match: re.Match[str]) -> dict[str, Any]:
    """Which messages it is about."""
    channels = match["channels"].split(" and ") if match["channels"] else []
    return {"channels": tuple(dict.fromkeys(channels)), "about": match["about"]}


def _consent(match: re.Match[str]) -> dict[str, Any]:
    return {"kind": "consent", "opt_out": match["opt"] == "opt-out"}


def _holdout(match: re.Match[str]) -> dict[str, Any]:
    percent = int(match["percent"])
    if not 0 < percent < 100:
        raise DefinitionError(f'"{match[0]}": {percent}% holds out {"everybody" if percent else "nobody"}; write 1% to 99%')
    return {"kind": "holdout", "percent": percent, "name": match["name"].strip()}


def _suppression(match: re.Match[str]) -> dict[str, Any]:
    where = Expression(match["where"])
    return {
        "kind": "suppression", "everything": match["whom"] == "none", "where": where, "name": match["name"].strip(), "defer": _hold(match)
    }  # fmt: skip


def _quiet(match: re.Match[str]) -> dict[str, Any]:
    begin, end = _minutes(match["begin"]), _minutes(match["end"])
    if begin in (end, 24 * 60):
        raise DefinitionError(f'"{match[0]}" begins where it ends; write "quiet 00:00 to 24:00" for whole days')
    names = match["days"].split(" and ") if match["days"] else []
    days = frozenset[int]().union(*(WEEKDAYS[name] for name in names)) if names else None
    end += 0 if end > begin else 24 * 60
    return {"kind": "quiet", "begin": begin, "end": end, "days": days, "drop": bool(match["drop"]), "missing": match["missing"]}


def _minutes(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise DefinitionError(f'"{text}" is no time of day; write hours and minutes from 00:00 to 24:00, for example "22:00"')
    return int(match[1] or match[3]) * 60 + int(match[2] or match[4])


def _cap(match: re.Match[str]) -> dict[str, Any]:
    number = int(match["number"])
    if number == 0:
        raise DefinitionError(f'"{match[0]}" lets nothing through; write "at most 1", or take the message out of the journey')
    return {"kind": "cap", "number": number, "window": seconds(match["window"]) * MICROSECONDS, "per": match["per"], "defer": _hold(match)}


def _hold(match: re.Match[str]) -> int | None:
    """For how long a message may be held."""
    if match["defer"] is None:
        return None
    longest = seconds(match["defer"])
    if longest > _HOLD_DAYS * 86_400:
        raise DefinitionError(f'"{match["defer"]}" is longer than a year; hold a message for less')
    return longest * MICROSECONDS


def _lane(match: re.Match[str]) -> dict[str, Any]:
    refuse_misread_name(match[0], match["name"], "clocks (?:stand still|run on)", 'put a comma before "clocks"')
    journeys = tuple(name.strip() for name in match["journeys"].split(","))
    if "" in journeys or len(journeys) < 2:
        raise DefinitionError(f'"{match[0]}" names one journey or none, which has nobody to wait for; write at least two, with commas')
    return {"kind": "lane", "journeys": journeys, "name": match["name"].strip(), "still": match["clocks"] != "run on"}


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, Any]]], ...] = (
    (_CONSENT, _consent), (_HOLDOUT, _holdout), (_SUPPRESSION, _suppression), (_QUIET, _quiet), (_CAP, _cap), (_LANE, _lane),
)  # fmt: skip


# what a policy is asked, and what it answers


@frozen
class Question:
    """
    What a policy of the host is asked: may this message be performed now?

    Attributes:
        action: the name of the action, which is the channel.
        message: ``marketing`` or ``transactional``.
        journey: the journey that asks for it.
        customer_id: the addressee.
        parameters: its parameters, fixed when the decision was committed.
        requested_at: the moment of the decision, UTC.
        now: the moment of the attempt, UTC.
        customer: traits and facts by name, and ``id``, ``zone`` and ``stage``.
        consent: per channel or topic, whether they agreed.
    """

    action: str
    message: str
    journey: str
    customer_id: str
    parameters: Mapping[str, Any]
    requested_at: datetime
    now: datetime
    customer: Mapping[str, Any]
    consent: Mapping[str, bool]


@frozen
class Permit:
    """Nothing stands against it; the next policy is asked."""


@frozen
class Defer:
    """
    Not now; ask again once that moment has passed.

    Attributes:
        until: a datetime with a zone, or ISO 8601 text with an offset.
        reason: why, for people to read.
        at: *until* in microseconds since 1970 UTC (derived).

    Raises:
        EventError: *until* is no moment, or it has no zone.
    """

    until: datetime | str
    reason: str = field(default="", converter=words)
    at: int = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "at", microseconds(self.until, "until"))


@frozen
class Drop:
    """
    Never; the journey is told where it listens for that.

    Attributes:
        reason: why, for people to read.
    """

    reason: str = field(default="", converter=words)


PolicyAnswer = Permit | Defer | Drop
