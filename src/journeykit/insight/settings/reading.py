"""insight.yaml: what a shop says about its numbers, read with every problem told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from journeykit.codec.fields import Read, fields, items, named
from journeykit.codec.text import read, text_of
from journeykit.core.expressions.calendar import known_zone, near_zone
from journeykit.errors import DefinitionError
from journeykit.insight.measures.measure import Measure
from journeykit.insight.settings import vocabulary
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.settings import Settings
from journeykit.insight.settings.targets import FORM, read_kpi
from journeykit.model.money import CURRENCY
from journeykit.model.phrases import seconds

DAY = 86_400  #: seconds
MOST_DECIMALS = 4


def load_settings(path: str | Path, measures: Iterable[Measure]) -> Settings:
    """
    Read a file of settings, YAML or JSON.

    Args:
        path: the file, ``insight.yaml``.
        measures: all numbers that are defined, `Insight.measures`; KPIs are made of them.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    file = Path(path)
    return read_settings(text_of(file, "a file of settings"), measures, file.name)


def read_settings(text: str, measures: Iterable[Measure], name: str = "insight.yaml") -> Settings:
    """
    Read the text of settings.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    try:
        found = read(text, json_only=name.endswith(".json"))
        if len(found) > 1:
            raise DefinitionError(f"{len(found)} documents in one file of settings; write one")
        return _settings((found or [None])[0], tuple(measures))
    except DefinitionError as error:
        raise DefinitionError([f"{name}: {problem.removeprefix('.')}" for problem in error.problems]) from None


def _settings(value: Any, measures: tuple[Measure, ...]) -> Settings:
    currency = value.get("currency") if isinstance(value, dict) else None
    readers: Mapping[str, Read] = {
        "zone": _zone,
        "currency": _currency,
        "decimals": _decimals,
        "events": _meant,
        "properties": _meant,
        "channels": _by_name(_text, "{ACTION: CHANNEL}"),
        "test": _text,
        "churn": _days,
        "kpis": _by_name(_kpis(measures, currency if isinstance(currency, str) else None), f'{{JOURNEY: ["{FORM}"]}}'),
    }
    found = Settings(**fields({} if value is None else value, readers))
    _known(found)
    return found


def _known(settings: Settings) -> None:
    """Refuse names that no number knows."""
    problems: list[str] = []
    for look in (vocabulary.names, vocabulary.properties):
        try:
            look(settings)
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)


def _zone(value: Any) -> str:
    if not isinstance(value, str) or not known_zone(value):
        raise DefinitionError(f'{value!r:.40} is no time zone; write an IANA name, for example "Europe/Berlin"{near_zone(value)}')
    return value


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise DefinitionError(f"{value!r:.40} is no currency; write its three letters, for example EUR")
    return value


def _decimals(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST_DECIMALS:
        raise DefinitionError(f"{value!r:.40} is no number of decimals; write 0 for whole minor units, 2 for amounts such as 12.50")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise DefinitionError(f"a name belongs here, not {value!r:.60}")
    return value


def _days(value: Any) -> float:
    if not isinstance(value, str):
        raise DefinitionError(f"{value!r:.40} is no duration; write how long, for example 90 days")
    return seconds(value) / DAY


def _by_name(reader: Read, form: str) -> Callable[[Any], dict[str, Any]]:
    """Reads a mapping whose keys are the shop's own names."""

    def by_name(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise DefinitionError(f"a mapping belongs here, not {value!r:.60}; write {form}")
        return named(value, reader)

    return by_name


def _names(value: Any) -> tuple[str, ...]:
    return tuple(items(value if isinstance(value, list) else [value], _text))


_meant = _by_name(_names, "{NAME OF THE VOCABULARY: NAME IN THE SHOP}")


def _kpis(measures: tuple[Measure, ...], currency: str | None) -> Callable[[Any], tuple[Kpi, ...]]:
    def kpis(value: Any) -> tuple[Kpi, ...]:
        if not isinstance(value, list):
            raise DefinitionError(f'a list belongs here, not {value!r:.60}; write ["{FORM}"]')
        found = items(value, lambda one: read_kpi(one, measures, currency))
        return tuple(_once(found))

    return kpis


def _once(kpis: list[Kpi]) -> list[Kpi]:
    """Refuse two targets for one number."""
    seen: set[tuple[object, ...]] = set()
    for kpi in kpis:
        told = (kpi.measure, kpi.rhythm, kpi.least)
        if told in seen:
            raise DefinitionError(f'"{kpi.measure}" has two targets, {kpi.rhythm} both; keep one')
        seen.add(told)
    return kpis
