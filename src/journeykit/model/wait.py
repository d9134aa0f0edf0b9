"""
How long, or until when: the text of a wait, read once into its parts.

::

    2 hours                                     elapsed; a day is 24 hours
    3 calendar days at 09:00                    civil: days, months and years of the calendar, in a zone
    2 business days at 09:00                    without Saturdays, Sundays and the holidays of the catalog
    until weekday 09:00                         the next such instant, strictly later
    7 days before data.start, exit if missing, now if past
    until '2026-11-28 09:00', now if past, in Europe/Berlin
    until payday(25) at 09:00, exit if missing, now if past              payday is a timer that a package brings
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.calls import read_call
from journeykit.model.conditions import Expression
from journeykit.model.phrases import seconds, suggestion

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"weekday": frozenset(range(5)), "weekend": frozenset({5, 6})}
WEEKDAYS = {name: frozenset({number}) for number, name in enumerate(_DAYS)} | _GROUPS
_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")

_UNIT = r"\d+ (?:seconds?|minutes?|hours?|(?:calendar )?(?:days?|weeks?|months?|years?))"
_BUSINESS = re.compile(r"(\d{1,6}) business days?")
_DURATION = re.compile(rf"{_UNIT}(?: (?:and )?{_UNIT})*")
_AMOUNT = re.compile(r"(\d+) (calendar )?([a-z]+?)s?\b")
_LOOSE = re.compile(r"(\d+) *(calendar )? *([a-z]+)", re.IGNORECASE)
_PLAIN_DAY = re.compile(r"(\d+) (?=days?|weeks?)")

_DAY = "|".join(WEEKDAYS)
_CLOCK = re.compile(rf"(?P<days>(?:{_DAY})(?: or (?:{_DAY}))*)?(?:(?:^| | at )(?P<time>\d\d:\d\d))?", re.IGNORECASE)
_AT = re.compile(r"(?P<core>.+?)\s+at\s+(?P<time>\d\S*)", re.DOTALL)
_OFFSET = re.compile(r"(?P<duration>.+?)\s+(?P<side>after|before)\s+(?P<moment>.+)", re.DOTALL)
_FIXED = re.compile(r"(['\"])(?P<date>[^'\"]*)\1")
_ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[\w+-]+)*")
_CASE = re.compile(r"(?P<what>wait|now|exit|skip to (?P<to>.+)) if (?P<when>missing|past)")

_SURE = frozenset({("now",), ("signal", "occurred_at"), ("step", "entered_at"), ("scope", "entered_at"), ("journey", "entered_at")})
_LONGEST = 1_000  # years; what is longer is a slip of the pen, and would leave the calendar


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DefinitionError(f'{value!r} is no wait; write it as text, for example "2 hours"')
    return value.strip()


@frozen
class Wait:
    """
    How long, or until when, somebody waits.

    Core: a duration (``2 hours``, ``1 day 12 hours``: elapsed; ``3 calendar days``, ``1 year 6 months``, ``2 business
    days``: civil, optionally ``at 09:00``), ``until`` a time of day (``until 09:00``, ``until monday or friday 09:00``, ``until weekday 09:00``), or a
    moment (``until data.start``, ``7 days before data.start``, ``2 months after '2026-01-31' at 09:00``, ``until payday(25)``).

    Options, after commas: ``wait``, ``exit`` or ``skip to STEP`` followed by ``if missing``; ``now``, ``exit`` or
    ``skip to STEP`` followed by ``if past``; ``following``; ``rolling over``; ``in ZONE``.

    Attributes:
        text: as written; the only field that is compared.
        kind: ``elapsed``, ``civil``, ``clock`` (until a time of day) or ``moment`` (counted from *moment*).
        seconds: the elapsed part; negative for ``before``.
        days: calendar days; negative for ``before``.
        business: days that are neither weekend nor holiday; negative for ``before``.
        months: calendar months, a year being twelve; negative for ``before``.
        moment: what is counted from, where it is not the entering of the owner; of a *timer*, the list of its arguments.
        timer: the name of the plugin that gives the moment, where one does.
        clock: hour and minute of the wall time asked for.
        weekdays: the days allowed, Monday being 0; None for all.
        missing: what becomes of a customer whose moment is not known; *missing_to* is the step skipped to.
        past: what becomes of a customer whose moment is over; *past_to* is the step skipped to.
        following: whether it is armed again when something its rule read has changed.
        zone: the IANA zone named here; otherwise the customer's counts, else the journey's.
        rolling_over: whether a day the month lacks is the first of the next month instead of its last.
        civil: whether a zone is needed to say when it is over.

    Raises:
        DefinitionError: the text is no wait; the message says what to write.
    """

    text: str = field(converter=_text)
    kind: Literal["elapsed", "civil", "clock", "moment"] = field(init=False, eq=False, repr=False)
    seconds: int = field(init=False, eq=False, repr=False, default=0)
    days: int = field(init=False, eq=False, repr=False, default=0)
    business: int = field(init=False, eq=False, repr=False, default=0)
    months: int = field(init=False, eq=False, repr=False, default=0)
    moment: Expression | None = field(init=False, eq=False, repr=False, default=None)
    timer: str | None = field(init=False, eq=False, repr=False, default=None)
    clock: tuple[int, int] | None = field(init=False, eq=False, repr=False, default=None)
    weekdays: frozenset[int] | None = field(init=False, eq=False, repr=False, default=None)
    missing: Literal["wait", "exit", "skip"] | None = field(init=False, eq=False, repr=False, default=None)
    missing_to: str | None = field(init=False, eq=False, repr=False, default=None)
    past: Literal["now", "exit", "skip"] | None = field(init=False, eq=False, repr=False, default=None)
    past_to: str | None = field(init=False, eq=False, repr=False, default=None)
    following: bool = field(init=False, eq=False, repr=False, default=False)
    zone: str | None = field(init=False, eq=False, repr=False, default=None)
    rolling_over: bool = field(init=False, eq=False, repr=False, default=False)
    civil: bool = field(init=False, eq=False, repr=False, default=False)

    def __attrs_post_init__(self) -> None:
        end = _first_comma(self.text)
        parts = _core(self.text[:end].strip())
        for option in self.text[end + 1 :].split(",") if end < len(self.text) else ():
            _add(parts, _option(" ".join(option.split())))
        _check(self.text, parts)
        for name, value in parts.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "civil", self._needs_zone())

    def _needs_zone(self) -> bool:
        if self.days or self.months or self.business or self.clock or self.timer:
            return True
        return self.moment is not None and not self._sure() and not _has_offset(self.moment.text)

    def _sure(self) -> bool:
        return self.moment is not None and bool(self.moment.paths) and self.moment.paths <= _SURE

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The cases, ``missing`` and ``past``, that can happen to its moment and of which it does not say what follows."""
        if self.moment is None:
            return ()
        may_miss = self.timer is not None or (bool(self.moment.paths) and not self._sure())
        may_pass = not (self.moment.text == "step.entered_at" and max(self.seconds, self.days, self.months, self.business) > 0)
        cases = (("missing", may_miss and self.missing is None), ("past", may_pass and self.past is None))
        return tuple(name for name, is_open in cases if is_open)


def _first_comma(text: str) -> int:
    """Where the options begin: at the first comma that stands in no quotes and no brackets."""
    depth, quote = 0, ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([)]":
            depth += 1 if sign in "([" else -1
        elif sign == "," and depth == 0:
            return place
    return len(text)


def _core(core: str) -> dict[str, Any]:
    until = re.fullmatch(r"until\s+(.+)", core, re.DOTALL)
    if until and re.match(rf"{_UNIT}\b", until[1]):
        raise DefinitionError(f'"{core}": "until" names a moment, and this is how long; leave "until" out')
    if until:
        return _clock(" ".join(until[1].split())) or _at(core, until[1], _until)
    if core[:1].isdigit():
        return _at(core, core, _counted)
    try:
        return _at(core, core, _until)
    except DefinitionError:
        raise DefinitionError(f'"{core}" is no wait; write for example "2 hours", "until 09:00" or "until data.start"') from None


def _clock(text: str) -> dict[str, Any] | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    names = match["days"].lower().split(" or ") if match["days"] else []
    weekdays = frozenset[int]().union(*(WEEKDAYS[name] for name in names)) if names else None
    return {"kind": "clock", "weekdays": weekdays, "clock": time_of_day(match["time"] or "00:00")}


def time_of_day(text: str) -> tuple[int, int]:
    """Read ``09:00`` as hour and minute."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        raise DefinitionError(f'"{text}" is no time of day; write hours and minutes from 00:00 to 23:59, for example "09:00"')
    return int(match[1]), int(match[2])


def _at(core: str, text: str, read: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Read *text* with *read*, and the ``at HH:MM`` that may stand at its end."""
    match = _AT.fullmatch(text)
    parts = read(match["core"] if match else text)
    if match:
        parts["clock"] = time_of_day(match["time"])
        if parts.get("seconds"):
            raise DefinitionError(f'"{core}": an elapsed duration has no wall time; {_civil_instead(core)}')
    return parts


def _civil_instead(core: str) -> str:
    if re.search(r"\b(?:second|minute|hour)", core):
        return 'write "until 09:00" for a time of day, or calendar days before "at"'
    return _calendar(core)


def _calendar(text: str) -> str:
    return 'write "' + _PLAIN_DAY.sub(r"\1 calendar ", text) + '"'


def _until(text: str) -> dict[str, Any]:
    if not re.search(r"[.\[('\"]", text):
        near = suggestion(text.partition(" ")[0].lower(), WEEKDAYS)
        raise DefinitionError(
            f'"until {text}": no time of day, no weekday and no moment; write "until 09:00", "until tuesday 09:00" or "until data.start"{near}'
        )
    return {"kind": "moment"} | _moment(text)


def _moment(text: str) -> dict[str, Any]:
    call = read_call(text)
    if call is not None:
        return {"moment": call.arguments, "timer": call.name}
    moment = Expression(text)
    fixed = _FIXED.fullmatch(text)
    if fixed:
        _fixed(fixed["date"])
    elif not moment.paths:
        raise DefinitionError(f"\"{text}\" is no moment; write for example data.start, customer.birthday or '2026-11-28 09:00' in quotes")
    return {"moment": moment}


def _fixed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise DefinitionError(f"'{text}' is no date ({error}); write for example '2026-11-28' or '2026-11-28 09:00'") from None


def _has_offset(text: str) -> bool:
    """Whether *text* is a fixed date that names its own offset from UTC."""
    fixed = _FIXED.fullmatch(text)
    return fixed is not None and _fixed(fixed["date"]).tzinfo is not None


def _counted(text: str) -> dict[str, Any]:
    match = _OFFSET.fullmatch(text)
    if match is None:
        parts = _duration(text)
        return parts | {"kind": "elapsed" if "seconds" in parts else "civil"}
    sign = -1 if match["side"] == "before" else 1
    parts = {name: sign * number for name, number in _duration(match["duration"]).items()}
    return parts | {"kind": "moment"} | _moment(match["moment"])


def _duration(text: str) -> dict[str, int]:
    """Read an elapsed duration into seconds, or a civil one into months and days; they do not mix."""
    text = " ".join(text.split())
    if (business := _BUSINESS.fullmatch(text)) is not None:
        if not int(business[1]):
            raise DefinitionError(f'"{text}" is no time at all; write for example "1 business day"')
        return {"business": int(business[1])}
    if not _DURATION.fullmatch(text):
        raise DefinitionError(f'"{text}" is no duration; write {_repaired(text)}')
    amounts = [(number, unit if unit in ("month", "year") else word + unit) for number, word, unit in _AMOUNT.findall(text)]
    civil = {unit for _, unit in amounts if unit in ("month", "year") or unit.startswith("calendar")}
    if civil and len(civil) < len({unit for _, unit in amounts}):
        raise DefinitionError(f'"{text}" mixes elapsed and calendar time; {_unmixed(text)}')
    if any(len(number) > 12 for number, _ in amounts):
        raise _too_long(text)
    return _civil(text, amounts) if civil else _elapsed(text)


def _elapsed(text: str) -> dict[str, int]:
    if not any(int(number) for number, _, _ in _AMOUNT.findall(text)):
        raise DefinitionError(f'"{text}" is no time at all; write for example "1 hour"')
    total = seconds(text)
    if total > _LONGEST * 366 * 86_400:
        raise _too_long(text)
    return {"seconds": total}


def _civil(text: str, amounts: list[tuple[str, str]]) -> dict[str, int]:
    lengths = {"year": ("months", 12), "month": ("months", 1), "calendar week": ("days", 7), "calendar day": ("days", 1)}
    total = {"months": 0, "days": 0}
    for number, unit in amounts:
        name, length = lengths[unit]
        total[name] += int(number) * length
    if not any(total.values()):
        raise DefinitionError(f'"{text}" is no time at all; write for example "1 calendar day"')
    if total["months"] > _LONGEST * 12 or total["days"] > _LONGEST * 366:
        raise _too_long(text)
    return total


def _too_long(text: str) -> DefinitionError:
    return DefinitionError(f'"{text}" is longer than {_LONGEST} years; write a shorter wait, or none')


def _unmixed(text: str) -> str:
    if re.search(r"second|minute|hour", text):
        return "write two steps, one wait each"
    return _calendar(text)


def _repaired(text: str) -> str:
    """What was probably meant, in quotes; an example where it cannot be guessed."""
    found = [(number, word.lower(), _unit(unit.lower())) for number, word, unit in _LOOSE.findall(text.replace("calender", "calendar"))]
    guesses = [(number, "" if unit in _UNITS[:3] else word, unit) for number, word, unit in found]
    if not guesses or "." in text or not all(unit for _, _, unit in guesses):
        return 'for example "2 hours", "90 minutes" or "3 calendar days"'
    return '"' + " ".join(f"{number} {word}{unit}{'' if number == '1' else 's'}" for number, word, unit in guesses) + '"'


def _unit(word: str) -> str | None:
    starting = [unit for unit in _UNITS if unit.startswith(word)]
    near = starting or difflib.get_close_matches(word.rstrip("s"), _UNITS, n=1)
    return near[0] if len(near) == 1 else None


def _option(text: str) -> dict[str, Any]:
    if text in ("following", "rolling over"):
        return {text.replace(" ", "_"): True}
    if text.startswith("in "):
        return {"zone": zone_name(text[3:])}
    match = _CASE.fullmatch(text)
    if match is None:
        known = ("following", "rolling over", "in Europe/Berlin", "wait if missing", "exit if missing", "now if past", "exit if past")
        raise DefinitionError(
            f'"{text}" is no option of a wait; known are "... if missing", "... if past", "following", "rolling over" and "in ZONE"'
            f"{suggestion(text, known)}"
        )
    return _case(text, match["when"], match["what"].split()[0], match["to"])


def _case(text: str, when: str, what: str, to: str | None) -> dict[str, Any]:
    alone = {"missing": "wait", "past": "now"}[when]
    if what not in (alone, "exit", "skip"):
        raise DefinitionError(f'"{text}" has no meaning; write "{alone} if {when}", "exit if {when}" or "skip to STEP if {when}"')
    return {when: what, f"{when}_to": to}


def zone_name(text: str) -> str:
    """Return *text* where it looks like the name of a time zone."""
    if not _ZONE.fullmatch(text):
        raise DefinitionError(f'"{text}" is no time zone; write an IANA name, for example "in Europe/Berlin"')
    return text


def _add(parts: dict[str, Any], option: dict[str, Any]) -> None:
    for name in sorted(option.keys() & parts.keys()):
        raise DefinitionError(f'"{name.replace("_", " ")}" is said twice; keep one')
    parts.update(option)


def _check(text: str, parts: dict[str, Any]) -> None:
    """Refuse options that could never have an effect."""
    for when in ("missing", "past"):
        if when in parts and "moment" not in parts:
            raise DefinitionError(f'"{text}": only a moment can be {when}; leave "if {when}" out')
    for name, words in (("following", "following"), ("zone", "in ...")):
        if name in parts and parts["kind"] == "elapsed":
            raise DefinitionError(f'"{text}": an elapsed duration is the same everywhere and always; leave "{words}" out')
    if "rolling_over" in parts and not parts.get("months"):
        raise DefinitionError(f'"{text}": only months and years can roll over; leave "rolling over" out')
