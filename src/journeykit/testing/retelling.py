"""A story told again: as Python to paste into a test, and as a transcript for people."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from journeykit.codec import dumps
from journeykit.core.expressions.calendar import read_moment, show, wall_clock
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Done, Failed, Retry, moment
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.definitions import each
from journeykit.testing.fakes import Performed, Recorder
from journeykit.testing.told import Call

Definitions = Journey | Catalog | Iterable[Journey | Catalog]

_MINUTE = 60_000_000
_OWN = frozenset({"action", "at", "customer"})  #: what `Scenario.expect` takes besides parameters
_PLAIN = (str, int, float, bool, type(None), datetime, list, tuple, dict, Done, Retry, Failed, BaseException)


class Retelling:
    """The part of a `Scenario` that tells its story again."""

    zone: str
    clock: ManualClock
    storage: Storage
    actions: Recorder
    told: list[Call]
    _before: list[int]  #: for each call, how much had been performed when it was made
    look: Callable[[], None]

    @property
    def story(self) -> list[Call | Performed]:
        """What was told and what was performed, in order."""
        found: list[Call | Performed] = []
        for call, before, after in zip(self.told, self._before, [*self._before[1:], None], strict=True):
            found += [call, *self.actions.performed[before:after]]
        return found

    def transcript(self, customer: str | None = None) -> str:
        """
        Everything told and everything heard, in order of time, a line each: the text that approvals keep.

        What was not heard stands there too: what was dropped, held for later, or given up, with the reason.

        Args:
            customer: only what is about them; about everybody where not said.
        """
        self.look()
        return self._transcript(customer)

    def as_code(self, *, expected: bool = True, scenario: str | None = None, **written: str) -> str:
        """
        The story so far, as Python that can be pasted into a test.

        ::

            print(shop.as_code(definitions="load('journeys/')"))

        Args:
            expected: whether what was performed stands below it, as what is expected.
            scenario: how the scenario is made; ``Scenario(...)`` with all its arguments where not said.
            written: how an argument of the scenario is written; ``definitions`` stands for all of them, which are written out as
                YAML where not said, ``deploy`` and ``migrate`` for what those were given. What cannot be written, an action or a hook, stands there by the name of its argument. The
                storage is left out where not said.

        Raises:
            DefinitionError: a definition holds what no text can hold; say how it is written.
        """
        if expected:
            self.look()
        code = _Code(self.zone, scenario, written)
        lines = [code.call(one) for one in self.story if isinstance(one, Call)]
        lines += [code.expected(one) for one in self.actions.performed] + ["shop.expect_nothing_else()"] if expected else []
        return "\n".join([*code.head(), *lines, ""])

    def _transcript(self, customer: str | None = None) -> str:
        lines = [(one.at, _line(one)) for one in self.story if customer in (None, _whom(one) or customer) and not _silent(one)]
        lines += [(at, f"{whom}    {text}") for at, whom, text in _unheard(self.storage, self.zone) if customer in (None, whom)]
        lines.sort(key=lambda line: line[0])  # what came of a thing behind what was told, where both are of one instant
        shown = [(show(at, self.zone), text) for at, text in [*lines, (self.clock.now(), "the end")]]
        width = max(len(at) for at, _ in shown)
        return "".join(f"{at:<{width}}  {text}".rstrip() + "\n" for at, text in shown)


# -- the transcript --------------------------------------------------------------------------------------------------------


def _whom(one: Call | Performed) -> str | None:
    return one.customer if isinstance(one, Call) else one.request.customer_id


def _silent(one: Call | Performed) -> bool:
    """Whether it is heard in nothing but the time that has passed."""
    return isinstance(one, Call) and one.method in ("Scenario", "wait", "until", "look")


def _line(one: Call | Performed) -> str:
    if isinstance(one, Performed):
        return f"{one.request.customer_id}    {listed(one.request.action, one.request.parameters)}"
    given = {name: _shown(value) for name, value in one.options.items() if name != "customer"}
    if one.method == "event":
        return f"{one.customer}  {listed(one.arguments[0], given)}"
    whom, told = (one.customer, one.arguments[1:]) if one.customer is not None else ("", one.arguments)
    return f"{whom}  {listed(' '.join([one.method, *_names(told)]), given)}".strip()


def _shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _names(told: Iterable[Any]) -> Iterator[str]:
    """What was told, journeys and what leads from one version to another by their names."""
    for value in told:
        if isinstance(value, (Journey, Catalog)):
            yield value.name if isinstance(value, Journey) else "catalog"
        elif isinstance(value, (list, tuple)):
            yield from _names(value)
        else:
            yield value["journey"] if isinstance(value, Mapping) else getattr(value, "journey", str(value))


def _unheard(storage: Storage, zone: str) -> Iterator[tuple[int, str, str]]:
    """What was held, dropped or given up: when, whose it is, and in words."""
    for row in storage.outbox(limit=1_000_000):
        what, whom = listed(row.message.action, row.message.parameters), row.message.customer_id
        for one in row.answers:
            if one.until is not None:
                yield one.at, whom, f"{what}; held until {show(one.until, zone)}: {one.reason}"
        if row.state in ("dropped", "dead"):
            yield row.due_at, whom, f"{what}; {row.state}: {row.reason}"


def listed(name: str, values: Mapping[str, Any]) -> str:
    """A name and its values: ``email template='welcome', discount=10``."""
    return " ".join([name, *([", ".join(f"{one}={value!r}" for one, value in values.items())] if values else [])])


# -- the code --------------------------------------------------------------------------------------------------------------


class _Code:
    """Writes calls; knows what has to be imported, and what has to stand above them."""

    def __init__(self, zone: str, scenario: str | None, written: Mapping[str, str]) -> None:
        self.zone = zone
        self.scenario = scenario
        self.written = written
        self.needed: set[str] = set()
        self.above: list[str] = []
        self.names: list[str] = []  #: of all definitions written so far

    def head(self) -> list[str]:
        """What stands above the calls."""
        names = ", ".join(sorted(self.needed))
        imported = [f"from journeykit import {names}"] if names else []
        imported += ["from journeykit.testing import Scenario"] if self.scenario is None else []
        return [*imported, *([""] if imported else []), *self.above]

    def call(self, one: Call) -> str:
        """One call of the story."""
        if one.method == "Scenario" and self.scenario is not None:
            return f"shop = {self.scenario}"
        if one.method == "Scenario":
            return f"shop = Scenario({', '.join([*self.definitions(one), *self.options(one.options)])})"
        if one.method in self.written:
            return f"shop.{one.method}({self.written[one.method]})"
        if one.method == "deploy":
            return f"shop.deploy({', '.join(self.definitions(one))})"
        return f"shop.{one.method}({self.arguments(one.arguments, one.options)})"

    def expected(self, one: Performed) -> str:
        """What is expected, of what was performed."""
        request = one.request
        given = {name: value for name, value in request.parameters.items() if name not in _OWN}
        return (
            f"shop.expect({self.arguments((request.action,), {'at': civil(one.at, self.zone), 'customer': request.customer_id, **given})})"
        )

    def arguments(self, arguments: Sequence[Any], options: Mapping[str, Any]) -> str:
        """Arguments as they are written in a call; names that are none stand in a mapping."""
        odd = {name: value for name, value in options.items() if not name.isidentifier() or keyword.iskeyword(name)}
        named = [f"{name}={self.value(value)}" for name, value in options.items() if name not in odd]
        return ", ".join([*map(self.value, arguments), *named, *([f"**{self.value(odd)}"] if odd else [])])

    def options(self, options: Mapping[str, Any]) -> Iterator[str]:
        """The arguments of the scenario that have a name."""
        for name, value in options.items():
            if name in self.written:
                yield f"{name}={self.written[name]}"
            elif name not in ("storage", "catalog"):
                yield f"{name}={self.value(value) if _writable(value) else name}"

    def definitions(self, one: Call) -> list[str]:
        """The definitions, by a name each that stands above."""
        if "definitions" in self.written and one.method == "Scenario":
            return [f"*{self.written['definitions']}"]
        names: list[str] = []
        for value in (*flat(one.arguments), *([one.options["catalog"]] if "catalog" in one.options else [])):
            name = _named(value, self.names)
            names.append(name)
            self.names.append(name)
            self.above += [f"{name} = loads({_block(dumps(value))})", ""]
            self.needed.add("loads")
        return names

    def value(self, value: Any) -> str:
        """A value as it is written."""
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.value(name)}: {self.value(inner)}" for name, inner in value.items()) + "}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self.value, value))}]"
        if isinstance(value, datetime):
            return self.value(value.isoformat())
        if isinstance(value, str):
            return _double(repr(value))
        if attrs.has(type(value)):
            return self.answer(value)
        return str(value.__name__) if callable(value) else repr(value)

    def answer(self, value: Any) -> str:
        """What an action answers, as far as it says more than it would anyway."""
        self.needed.add(type(value).__name__)
        said = {one.name: getattr(value, one.name) for one in attrs.fields(type(value)) if getattr(value, one.name)}
        return f"{type(value).__name__}({self.arguments((), said)})"


def _writable(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_writable, value.values()))
    return all(map(_writable, value)) if isinstance(value, (list, tuple)) else isinstance(value, _PLAIN)


def _block(text: str) -> str:
    """A text of several lines, as it is."""
    return repr(text) if '"""' in text else f'r"""\n{text}"""'


def _double(text: str) -> str:
    """A text in double quotes, where that needs no other signs."""
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def _named(value: Journey | Catalog, taken: Sequence[str]) -> str:
    """A name for a definition in Python that nothing else has."""
    name = re.sub(r"\W|^(?=\d)", "_", value.name.lower()) if isinstance(value, Journey) else "catalog"
    name = f"{name}_" if keyword.iskeyword(name) or name in ("shop", "loads") else name
    return name if name not in taken else _named_again(name, taken)


def _named_again(name: str, taken: Sequence[str]) -> str:
    return next(other for number in range(2, len(taken) + 3) if (other := f"{name}_{number}") not in taken)


def civil(at: int, zone: str) -> str:
    """A moment as `Scenario` reads it: wall time to the minute, to the second where there are any, with the offset where it is told twice."""
    wall = wall_clock(at, zone).replace(tzinfo=None, microsecond=0)
    text = wall.isoformat(" ", "seconds" if at // 1_000_000 % 60 else "minutes")
    precise = at // 1_000_000 * 1_000_000
    return text if read_moment(text, zone) == precise else moment(precise).isoformat()


def flat(definitions: Iterable[Definitions]) -> list[Journey | Catalog]:
    """Journeys, catalogs, and lists of them, as one list."""
    return [one for value in definitions for one in each(value)]
