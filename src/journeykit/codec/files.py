"""Definitions as text: one at a time, or all files of a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from journeykit.codec.reading import definition
from journeykit.codec.text import read, text_of, write
from journeykit.codec.writing import plain
from journeykit.errors import DefinitionError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey

SUFFIXES = (".yaml", ".yml", ".json")
BESIDE = (".map", ".migration", ".population", ".insight")  #: what names of files end with that may lie beside definitions and are none
SETTINGS = "insight"  #: and what a shop says about its numbers


def loads(text: str, name: str = "") -> Journey | Catalog:
    """
    Read the journey or the catalog that *text*, YAML or JSON, describes.

    Args:
        text: one document.
        name: what the text is called in errors, such as the name of its file.

    Raises:
        DefinitionError: with every problem found, each with its place; or it is not exactly one document.
    """
    found = _all(text, name)
    if len(found) != 1:
        what = f"{len(found)} definitions in one text; read them from a file with load" if found else "no definition; write one"
        raise DefinitionError(what).at(name) if name else DefinitionError(what)
    return found[0]


def dumps(definition: Journey | Catalog) -> str:
    """
    Write a journey or a catalog as YAML, in the shortest form; `loads` gives an equal value back.

    Raises:
        DefinitionError: it holds what no text can hold: a parameter that is no JSON value, half a character.
    """
    return write(plain(definition))


def load(path: str | Path) -> list[Journey | Catalog]:
    """
    Read every definition of a file, or of all ``*.yaml``, ``*.yml`` and ``*.json`` files in and below a folder.

    Mappings of histories and migrations, ``*.map.yaml``, ``*.migration.yaml`` and the like, and the settings of numbers, ``insight.yaml``,
    may lie beside them; they are left alone.

    Returns:
        The definitions, files in order of their paths, documents in order.

    Raises:
        DefinitionError: with every problem of every file.
    """
    path = Path(path)
    files = sorted(_files(path)) if path.is_dir() else [path]
    found: list[Journey | Catalog] = []
    problems: list[str] = []
    for file in files:
        try:
            found += _of_file(file, file.relative_to(path).as_posix() if path.is_dir() else file.name)
        except DefinitionError as error:
            problems += error.problems
    if not files:
        problems.append(f"{path}: no definitions here; give a folder that holds {', '.join('*' + suffix for suffix in SUFFIXES)} files")
    if problems:
        raise DefinitionError(problems)
    return found


def journey_text(journey: Journey) -> str:
    """Write *journey* as canonical JSON: the same text for the same journey, in every process and release."""
    return json.dumps(plain(journey), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def journey_from_text(text: str) -> Journey:
    """
    Read what `journey_text` wrote.

    Raises:
        DefinitionError: it describes no journey.
    """
    (value,) = read(text, json_only=True)
    found = definition(value)
    if not isinstance(found, Journey):
        raise DefinitionError("this is a catalog; give the text of a journey")
    return found


def definition_hash(journey: Journey) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of `journey_text`."""
    return hashlib.sha256(journey_text(journey).encode()).hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    """The files to read; what is hidden, such as the folders of version control, is left alone."""
    found = (path for path in folder.rglob("*") if path.suffix in SUFFIXES and not _is_beside(path) and path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _is_beside(path: Path) -> bool:
    return path.stem == SETTINGS or path.stem.endswith(BESIDE)


def _of_file(file: Path, name: str) -> list[Journey | Catalog]:
    return _all(text_of(file, "a file or a folder of definitions", name), name)


def _all(text: str, name: str) -> list[Journey | Catalog]:
    """Read all documents of *text*, and report the problems of all of them."""
    try:
        values = read(text, json_only=name.endswith(".json"))
        return _definitions(values)
    except DefinitionError as error:
        raise _named(error, name) from None


def _definitions(values: list[object]) -> list[Journey | Catalog]:
    found: list[Journey | Catalog] = []
    problems: list[str] = []
    for number, value in enumerate(values, 1):
        try:
            found.append(definition(value))
        except DefinitionError as error:
            problems += _named(error, f"document {number}" if len(values) > 1 else "").problems
    if problems:
        raise DefinitionError(problems)
    return found


def _named(error: DefinitionError, name: str) -> DefinitionError:
    return DefinitionError([f"{name}: {problem}" for problem in error.problems]) if name else error
