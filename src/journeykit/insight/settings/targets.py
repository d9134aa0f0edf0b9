"""A KPI as a sentence: ``cart abandonment rate at most 60%, marketing, weekly``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from journeykit.errors import DefinitionError
from journeykit.insight.figures import Unit
from journeykit.insight.measures.measure import Measure
from journeykit.insight.settings.kpis import OWNERS, RHYTHMS, Kpi
from journeykit.insight.words import amount, shown
from journeykit.model.money import CURRENCY, digits
from journeykit.model.phrases import seconds, suggestion

FORM = "cart abandonment rate at most 60%, marketing, weekly"

_SENTENCE = re.compile(r"(?P<measure>.+?) (?P<bound>at least|at most) (?P<target>.+?), *(?P<owner>[^,]+), *(?P<rhythm>[^,]+)")
_NUMBER = re.compile(r"[-+]?\d+(,\d{3})*(\.\d+)?")
_LENGTHS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def read_kpi(text: object, measures: Iterable[Measure], currency: str | None = None) -> Kpi:
    """
    Read a KPI.

    Args:
        text: measure, target, owner and rhythm, in this order.
        measures: all numbers that are defined.
        currency: the one that the shop counts in.

    Raises:
        DefinitionError: with every problem found, each with the way out.
    """
    found = _SENTENCE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise DefinitionError(f'{text!r:.80} is no KPI; write MEASURE at least or at most TARGET, OWNER, RHYTHM: "{FORM}"')
    known = {measure.name: measure for measure in measures}
    measure = known.get(found["measure"])
    problems = [*_measure(found["measure"], known), *_word("owner", found["owner"], OWNERS), *_word("rhythm", found["rhythm"], RHYTHMS)]
    target = 0.0
    try:
        target = read_target(found["target"], measure.unit, currency) if measure is not None else 0.0
    except DefinitionError as error:
        problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return Kpi(
        measure=found["measure"],
        least=found["bound"] == "at least",
        target=target,
        owner=found["owner"],  # type: ignore[arg-type]  # one of OWNERS
        rhythm=found["rhythm"],  # type: ignore[arg-type]  # one of RHYTHMS
    )


def kpi_text(kpi: Kpi, unit: Unit, currency: str | None = None) -> str:
    """Write a KPI as its sentence; `read_kpi` reads it."""
    return f"{kpi.measure} {target_text(kpi, unit, currency)}, {kpi.owner}, {kpi.rhythm}"


def target_text(kpi: Kpi, unit: Unit, currency: str | None = None) -> str:
    """The target of a KPI: ``at most 60%``."""
    return f"at {'least' if kpi.least else 'most'} {_written(kpi.target, unit, currency)}"


def read_target(text: str, unit: Unit, currency: str | None = None) -> float:
    """
    Read a target in its unit: ``60%``, ``35.00 USD``, ``3 days``, ``1,200``.

    Raises:
        DefinitionError: it is none of that unit.
    """
    if unit == "share":
        number = _number(text.removesuffix("%").rstrip())
        if not text.endswith("%") or number is None or not 0 <= number <= 100:
            raise DefinitionError(f'"{text}" is no share; write it in per cent, from 0% to 100%')
        return float(number / 100)
    if unit == "money":
        return _money(text, currency)
    if unit == "seconds":
        return float(seconds(text))
    number = _number(text)
    if number is None:
        raise DefinitionError(f'"{text}" is no number; write for example 40 or 1,200')
    return float(number)


def _money(text: str, currency: str | None) -> float:
    written, _, code = text.rpartition(" ")
    number = _number(written.rstrip())
    if number is None or not CURRENCY.fullmatch(code):
        raise DefinitionError(f'"{text}" is no amount; write it with its currency, 35.00 {currency or "EUR"}')
    if code != currency:
        way = f"write it in {currency}" if currency else f"say so above: currency: {code}"
        raise DefinitionError(f'"{text}": {code} is not what the shop counts in; {way}')
    return float(number * 10 ** digits(code))


def _number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def _written(target: float, unit: Unit, currency: str | None) -> str:
    if unit == "money":
        return amount(target, currency)
    if unit != "seconds":
        return shown(target, unit)
    size, name = next((size, name) for size, name in _LENGTHS if target % size == 0)
    return f"{target / size:,.0f} {name}{'' if target == size else 's'}"


def _measure(name: str, known: dict[str, Measure]) -> list[str]:
    if name not in known:
        return [f'no measure "{name}"{suggestion(name, known) or "; docs/insight.md lists them"}']
    told = known[name].by
    return [f'"{name}" is told for each {told} and is no single number; choose another measure'] if told else []


def _word(what: str, given: str, known: tuple[str, ...]) -> list[str]:
    return [] if given in known else [f'"{given}" is no {what}{suggestion(given, known) or "; write " + ", ".join(known)}']
