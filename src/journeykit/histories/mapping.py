"""What the rows of a file mean: a small mapping says which columns are what, which rows make which event, and how ids are formed."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import field, frozen

from journeykit.codec.fields import Read, fields, items
from journeykit.codec.text import read, text_of
from journeykit.errors import DefinitionError
from journeykit.histories.kinds import Kind, read_kind, read_zone
from journeykit.histories.lines import readable_encoding
from journeykit.histories.tables import BLANKS
from journeykit.model.customer import RESERVED

FORMATS = ("csv", "jsonl", "segment")
DELIMITERS = {"tab": "\t", BLANKS: BLANKS}


@frozen(kw_only=True)
class Rule:
    """
    Which rows make which event.

    Attributes:
        event: its name, or a template.
        where: a condition on the row; every row where not said.
        customer: the column, or template, of whom it is about.
        time: when it happened.
        id: the column, columns or template that tells events of one customer apart.
        properties: its properties, each a column or a template; a list of columns; all columns where not said.
        sum: properties that are added up over all rows of one id.
        traits: instead of an event: what the row says about the customer.
        consent: with *traits*, or alone: per channel the column that says whether they agreed.
    """

    event: str | None = None
    where: str | None = None
    customer: Any = None
    time: Any = None
    id: Any = None
    properties: Any = None
    sum: dict[str, Any] = field(factory=dict)
    traits: dict[str, Any] = field(factory=dict)
    consent: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Join:
    """A second, small file whose columns are added to each row: *by* is the column that both have."""

    file: str
    by: str


@frozen(kw_only=True)
class Mapping:
    """
    What the rows of a file mean.

    Attributes:
        rows: the rules; the first whose condition holds makes the event, and a row that none wants is passed over.
        format: ``csv``, ``jsonl`` or ``segment``; by the name of the file where not said.
        delimiter: what stands between the columns of a CSV file.
        encoding: of the file.
        header: the names of the columns, where the file does not begin with them.
        zone: the zone of times without an offset.
        columns: what columns hold that are not text.
        explode: the column that holds a list of objects, each of which is a row of its own.
        join: a second file whose columns are added.
        name: what the mapping is called in errors.
    """

    rows: tuple[Rule, ...]
    format: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()
    zone: str | None = None
    columns: dict[str, Kind] = field(factory=dict)
    explode: str | None = None
    join: Join | None = None
    name: str = "mapping"


def load_mapping(path: str | PathLike[str]) -> Mapping:
    """
    Read a mapping file, YAML or JSON.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    file = Path(path)
    return read_mapping(text_of(file, "a mapping file"), file.name)


def read_mapping(text: str, name: str = "mapping") -> Mapping:
    """
    Read the text of a mapping.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    try:
        values = read(text, json_only=name.endswith(".json"))
        if len(values) > 1:
            raise DefinitionError(f"{len(values)} documents in one mapping; write one")
        return _mapping(values[0] if values else None, name)
    except DefinitionError as error:
        raise DefinitionError([f"{name}: {problem.removeprefix('.')}" for problem in error.problems]) from None


# -- reading ---------------------------------------------------------------------------------------------------------------


def _mapping(value: Any, name: str) -> Mapping:
    if not isinstance(value, dict):
        raise DefinitionError('no mapping; begin with "rows:", a list of what becomes of rows')
    found = fields(value, _MAPPING)
    for key in ("customer", "time", "id"):
        found["rows"] = tuple(_with_default(rule, key, found.get(key)) for rule in found.get("rows", ()))
        found.pop(key, None)
    problems = [f"rows[{number}]: {problem}" for number, rule in enumerate(found["rows"]) for problem in _lacking(rule)]
    if not found["rows"]:
        problems.append("rows: no rule; say which rows make which event: rows: [{event: Order Completed}]")
    if found.get("header") and found.get("format") == "jsonl":
        problems.append("header: JSON lines name their values themselves; take it out")
    if problems:
        raise DefinitionError(problems)
    return Mapping(**found, name=name)


def _with_default(rule: Rule, key: str, given: Any) -> Rule:
    if getattr(rule, key) is not None or given is None:
        return rule
    return Rule(**{name: getattr(rule, name) for name in _RULE} | {key: given})


def _lacking(rule: Rule) -> list[str]:
    """What a rule cannot do without."""
    problems = [
        f'"{key}" is missing; say which column {what}'
        for key, what in (("customer", "is the customer"), ("time", "is the time"), ("id", "is the id, or write id: '{file}:{line}'"))
        if getattr(rule, key) is None
    ]
    about = bool(rule.traits or rule.consent)
    if (rule.event is None) is not about:
        problems.append("give either the name of an event, or traits and consent")
    if about and (rule.properties is not None or rule.sum):
        problems.append("properties and sum belong to an event, not to traits")
    problems += [f'traits: "{name}" is not yours to set; call it something else' for name in rule.traits if name in RESERVED]
    if rule.event is not None and rule.event.startswith("$"):
        problems.append(f'"{rule.event}" is one of the library\'s own; names of your events do not begin with "$"')
    return problems


def _rules(value: Any) -> tuple[Rule, ...]:
    return tuple(items(value if isinstance(value, list) else [value], lambda one: Rule(**fields(one, _RULE))))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise DefinitionError(f"text belongs here, not {value!r:.60}")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value) or len(set(value)) != len(value):
        raise DefinitionError(f"different names belong here, not {value!r:.60}; write [NAME, NAME]")
    return tuple(value)


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise DefinitionError(f"{value!r:.40} is not known; write {', '.join(FORMATS)}")
    return str(value)


def _delimiter(value: Any) -> str:
    found = DELIMITERS.get(value, value) if isinstance(value, str) else ""
    if found != BLANKS and (len(found) != 1 or found in '"\r\n'):
        raise DefinitionError(f'{value!r:.40} is no delimiter; write one character, "tab" or "{BLANKS}"')
    return found


def _column(value: Any) -> Any:
    """A column, a template, or a list of columns."""
    if value is None or isinstance(value, (dict, bool)) or value in ("", []):
        raise DefinitionError(f"a column belongs here, not {value!r:.60}; write its name, or a template such as '{{row.invoice}}-{{line}}'")
    return value


def _by_name(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise DefinitionError(f"a mapping of names to columns belongs here, not {value!r:.60}; write {{NAME: COLUMN}}")
    return dict(value)


def _properties(value: Any) -> Any:
    return _names(value) if isinstance(value, list) else _by_name(value) if value != {} else {}


_RULE: MappingOf[str, Read] = {
    "event": _text,
    "where": _text,
    "customer": _column,
    "time": _column,
    "id": _column,
    "properties": _properties,
    "sum": _by_name,
    "traits": _by_name,
    "consent": _by_name,
}
_JOIN: MappingOf[str, Read] = {"file": _text, "by": _text}


def _join(value: Any) -> Join:
    found = fields(value, _JOIN)
    if len(found) != 2:
        raise DefinitionError("write {file: FILE, by: COLUMN}")
    return Join(**found)


def _kinds(value: Any) -> dict[str, Kind]:
    return fields(value, dict.fromkeys(value, read_kind)) if isinstance(value, dict) else fields(value, {})


def _zone(value: Any) -> str:
    return read_zone(value)


def _encoding(value: Any) -> str:
    return readable_encoding(_text(value))


_MAPPING: MappingOf[str, Read] = {
    "format": _format,
    "delimiter": _delimiter,
    "encoding": _encoding,
    "header": _names,
    "zone": _zone,
    "columns": _kinds,
    "explode": _text,
    "join": _join,
    "customer": _column,
    "time": _column,
    "id": _column,
    "rows": _rules,
}
