"""Migrations as text: documents of their own, in files called ``*.migration.yaml``; their words are those of journeys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeykit.codec.forms import MIGRATION
from journeykit.codec.text import read, text_of, write
from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.migrations import Migration, Setting
from journeykit.model.phrases import suggestion

ENDING = ".migration"  #: what the name of such a file ends with, before its suffix

_FORM = "write for example changed: {3f21ab07: 90cd41e2}, the old version and the new one"


def load_migrations(path: str | Path) -> list[Migration]:
    """
    Read the migrations of a file, or those in and below a folder.

    Raises:
        DefinitionError: with every problem of every file.
    """
    path = Path(path)
    found: list[Migration] = []
    problems: list[str] = []
    for file in sorted(migration_files(path)) if path.is_dir() else [path]:
        try:
            found += _of_file(file)
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return found


def migration_files(folder: Path) -> list[Path]:
    """The files of migrations in and below a folder; what is hidden is left alone."""
    found = (path for path in folder.rglob("*") if is_migration(path) and path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def is_migration(path: Path) -> bool:
    """Whether a file of that name holds migrations."""
    return path.suffix in (".yaml", ".yml", ".json") and path.stem.endswith(ENDING)


def migration(value: Any) -> Migration:
    """
    The migration that a plain value describes.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    if isinstance(value, Migration):
        return value
    if not isinstance(value, Mapping):
        raise DefinitionError(f"{value!r:.60} is no migration; begin with journey: NAME")
    problems = [
        f'unknown key "{key}"{suggestion(str(key), MIGRATION) or "; there are " + ", ".join(MIGRATION)}'
        for key in value
        if key not in MIGRATION
    ]
    problems += [f'"{key}" is missing; {_FORM if key == "changed" else "write it"}' for key in ("journey", "changed") if key not in value]
    if problems:
        raise DefinitionError(problems)
    origin, target = _changed(value["changed"])
    waits = value.get("wait", "keep")
    named = isinstance(waits, Mapping)
    return Migration(
        journey=_name(value["journey"], "journey"),
        origin=origin,
        target=target,
        steps={name: None if to is None else _name(to, f"steps.{name}") for name, to in _mapping(value, "steps").items()},
        wait=dict(waits) if named else {},
        waits="keep" if named else waits,
        set=_set(value.get("set")),
    )


def migration_text(one: Migration) -> str:
    """Write a migration as YAML."""
    written: dict[str, Any] = {"journey": one.journey, "changed": {one.origin: one.target}}
    if one.steps:
        written["steps"] = dict(one.steps)
    if one.wait or one.waits != "keep":
        written["wait"] = dict(one.wait) or one.waits
    if one.set:
        (setting,) = one.set  # what several composed ones set is none that a file could say
        written["set"] = setting if isinstance(setting, str) else {name: expression.text for name, expression in setting.items()}
    return write(written, block="")


def _of_file(file: Path) -> list[Migration]:
    text = text_of(file, "a file or a folder of migrations")
    try:
        return [migration(value) for value in read(text, json_only=file.suffix == ".json")]
    except DefinitionError as error:
        raise DefinitionError([f"{file.name}: {problem}" for problem in error.problems]) from None


def _changed(value: Any) -> tuple[str, str]:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise DefinitionError(f"changed: {value!r:.60} does not say from which version to which; {_FORM}")
    ((origin, target),) = value.items()
    if not isinstance(target, str):
        raise DefinitionError(f"changed: {target!r:.40} is no text; put the version in quotes")
    return str(origin), target


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key) or {}
    if not isinstance(found, Mapping):
        raise DefinitionError(f"{key}: {found!r:.60} is no mapping; write {key}: {{OLD: NEW}}")
    return found


def _name(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise DefinitionError(f"{place}: {value!r:.60} is no name; write text")
    return value


def _set(value: Any) -> tuple[Setting, ...]:
    """A function by name, or expressions by what they set."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Mapping):
        raise DefinitionError(f"set: {value!r:.60} is no mapping; write set: {{data.total: data.amount * 100}}, or the name of a function")
    settings: dict[str, Expression] = {}
    for name, text in value.items():
        root, _, rest = str(name).partition(".")
        if root != "data" or not rest:
            raise DefinitionError(f'set: "{name}" is no data of the enrollment; write data.NAME')
        try:
            settings[str(name)] = text if isinstance(text, Expression) else Expression(text if isinstance(text, str) else repr(text))
        except DefinitionError as error:
            raise error.at(f"set.{name}") from None
    return (settings,)
