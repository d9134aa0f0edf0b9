"""
Text to plain values and back: YAML read as 1.2, and JSON. Nothing here knows what a journey is.

Plain values are None, bool, int, float, str, list, and dict with text keys. YAML keys are always text. The YAML library is
imported when the first YAML is read or written; JSON does without it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeykit.codec.braces import Braced, Commas
from journeykit.errors import DefinitionError

MAX_TEXT = 2**20  #: characters of one file, aliases written out
MAX_NODES = 50_000
MAX_DEPTH = 60
WIDTH = 100  #: what fits into this many columns is written on one line

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = ("", "~", "null", "Null", "NULL")


def read(text: str, json_only: bool = False) -> list[Any]:
    """
    Read YAML or JSON text.

    Args:
        text: the text, at most 1 MiB.
        json_only: that YAML is not tried where it is no JSON.

    Returns:
        The plain value of each document.

    Raises:
        DefinitionError: it cannot be read, or it holds what a definition cannot hold.
    """
    if len(text) > MAX_TEXT:
        raise DefinitionError(f"{len(text)} characters are too many for one text; split it, {MAX_TEXT} are allowed")
    text = text.removeprefix("\ufeff")
    if json_only or text.lstrip()[:1] == "{":
        try:
            return [checked(_read_json(text))]
        except json.JSONDecodeError as error:
            if json_only or not _yaml_there():
                raise DefinitionError(f"line {error.lineno}: this is no JSON: {error.msg[:1].lower()}{error.msg[1:]}") from None
    return [checked(value) for value in _read_yaml(text)]


def checked(value: Any) -> Any:
    """Return *value* where it is a plain value that any YAML or JSON can hold; raise `DefinitionError` with every place where not."""
    problems = [f"{at.removeprefix('.')}: {what}" if at else what for at, what in _flaws(value, "", 0)]
    if problems:
        raise DefinitionError(problems)
    return value


def place(key: str) -> str:
    """How the place of *key* in a mapping is written in an error."""
    return f".{key}" if re.fullmatch(r"[\w$-]+", key) else f"[{json.dumps(key, ensure_ascii=False)}]"


def _flaws(value: Any, at: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        yield "", f"nested more than {MAX_DEPTH} deep; make it flatter"
    elif type(value) in (dict, Braced):
        for key, inner in value.items():
            yield from _key_flaws(key, at)
            yield from _flaws(inner, at + place(str(key)), depth + 1)
    elif type(value) is list:
        for index, inner in enumerate(value):
            yield from _flaws(inner, f"{at}[{index}]", depth + 1)
    else:
        flaw = _flaw(value)
        if flaw:
            yield at, flaw


def _key_flaws(key: Any, at: str) -> Iterator[tuple[str, str]]:
    flaw = _flaw(key) if type(key) is str else f"the key {key!r:.60} is no text; put it in quotes"
    if flaw:
        yield at, flaw


def _flaw(value: Any) -> str | None:
    if value is None or type(value) in (bool, int):
        return None
    if type(value) is str:
        return f"{ascii(value)[:60]} holds characters that cannot be stored; write plain text" if _UNSTORABLE.search(value) else None
    if type(value) is float:
        return None if math.isfinite(value) else f"{value} is no number that JSON knows; leave it out"
    kind = type(value).__name__
    return f"{value!r:.60} is {'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}, no JSON value; give text, a number, true, false, null, a list or a mapping"


# JSON


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise DefinitionError(f"nested more than {MAX_DEPTH} deep; make it flatter") from None
    except ValueError:
        raise DefinitionError("a number has too many digits; write it in quotes") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DefinitionError(f'the key "{key}" is written twice; keep one')
        found[key] = value
    return found


def _no_constant(word: str) -> Any:
    raise DefinitionError(f"{word} is no number that JSON knows; leave it out")


# YAML, read from the events of the parser: short, bounded, and no type is ever built but the plain ones


def _yaml_there() -> bool:
    try:
        import yaml  # noqa: F401
    except ImportError:
        return False
    return True


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise DefinitionError("YAML needs PyYAML, which is not installed; pip install 'journeykit[yaml]', or write JSON") from None
    return yaml


def _read_yaml(text: str) -> list[Any]:
    yaml = _yaml()
    try:
        return list(_Reader(yaml, text).documents())
    except yaml.YAMLError as error:
        raise DefinitionError(_yaml_problem(error)) from None
    except (ValueError, OverflowError):  # the scanner lets through a few: an escape such as "\UFFFFFFFF"
        raise DefinitionError("this is no YAML: it holds an escape or a number that stands for nothing; write it in full") from None


def _yaml_problem(error: Any) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    quotes = (
        "; put a text that holds a comma, a bracket or a brace in quotes" if re.match(r"expected ',' or .* but got '[\[\]{}]", what) else ""
    )
    return f"{_line(mark)}this is no YAML: {what}{quotes}"


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}: " if mark is not None else ""


class _Reader:
    """Builds plain values from parser events, counting what it builds, so that aliases cannot blow it up."""

    def __init__(self, yaml: Any, text: str) -> None:
        self.yaml, self.text = yaml, text
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        self.nodes = 0
        self.size = 0

    def documents(self) -> Iterator[Any]:
        for event in self.events:
            if isinstance(event, self.yaml.DocumentStartEvent):
                self.anchors = {}
                yield self.value(next(self.events), 0)

    def value(self, event: Any, depth: int) -> Any:
        if isinstance(event, self.yaml.AliasEvent):
            return self.alias(event)
        if event.tag is not None:
            raise DefinitionError(f'{_line(event.start_mark)}the tag "{event.tag}" is not read; write the plain value')
        nodes, size = self.nodes, self.size
        value = self.built(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.nodes - nodes, self.size - size)
        return value

    def built(self, event: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise DefinitionError(f"{_line(event.start_mark)}nested more than {MAX_DEPTH} deep; make it flatter")
        if isinstance(event, self.yaml.ScalarEvent):
            self.count(event, 1, len(event.value))
            return _scalar(event.value, _line(event.start_mark)) if event.implicit[0] else event.value
        self.count(event, 1, 2)
        return self.mapping(depth) if isinstance(event, self.yaml.MappingStartEvent) else self.sequence(depth)

    def sequence(self, depth: int) -> list[Any]:
        found = []
        while not isinstance(event := next(self.events), self.yaml.SequenceEndEvent):
            found.append(self.value(event, depth + 1))
        return found

    def mapping(self, depth: int) -> dict[str, Any]:
        found, bare, commas = dict[str, Any](), False, Commas(self.text)
        while not isinstance(event := next(self.events), self.yaml.MappingEndEvent):
            key = self.key(event)
            if key in found:
                raise DefinitionError(f'{_line(event.start_mark)}the key "{key}" is written twice; keep one')
            held = next(self.events)
            bare = commas.is_bare(event, held)
            found[key] = self.value(held, depth + 1)
        return Braced(found) if bare and len(found) == 1 else found

    def key(self, event: Any) -> str:
        if not isinstance(event, self.yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
            raise DefinitionError(f"{_line(event.start_mark)}a key is plain text here, without tag, anchor or alias; write the text")
        self.count(event, 1, len(event.value))
        return str(event.value)

    def alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise DefinitionError(
                f'{_line(event.start_mark)}no anchor "{event.anchor}" before this alias; write "&{event.anchor}" at the value'
            )
        value, nodes, size = self.anchors[event.anchor]
        self.count(event, nodes, size)
        return value

    def count(self, event: Any, nodes: int, size: int) -> None:
        self.nodes += nodes
        self.size += size
        if self.nodes > MAX_NODES or self.size > MAX_TEXT:
            raise DefinitionError(f"{_line(event.start_mark)}too large with its aliases written out; split it")


def _scalar(text: str, line: str) -> Any:
    """What a plain scalar is under the core schema of YAML 1.2."""
    if text in _NOTHING:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) or _BASED.fullmatch(text):
        return _whole(text, line)
    if _NOT_FINITE.fullmatch(text):
        raise DefinitionError(f"{line}{text} is no number that JSON knows; leave it out")
    return float(text) if _FLOAT.fullmatch(text) else text


def _whole(text: str, line: str) -> int:
    if len(text) > 1000:
        raise DefinitionError(f"{line}a number has too many digits; write it in quotes")
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


# YAML, written


def write(value: Any, block: str = "steps") -> str:
    """
    Write a plain value as YAML.

    Args:
        value: the plain value, see `checked`.
        block: the key whose list and entries are always written in lines of their own; all else goes on one line where it fits.
    """
    yaml = _yaml()
    return str(yaml.emit(_Writer(yaml, block).document(value), Dumper=_dumper(yaml), width=math.inf, allow_unicode=True))


def _dumper(yaml: Any) -> Any:
    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        """Indents lists, and avoids doubled quotes."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
            return super().increase_indent(flow, False)

        def choose_scalar_style(self) -> Any:
            style = super().choose_scalar_style()
            return '"' if style == "'" and "'" in self.event.value else style

    return Dumper


class _Writer:
    """Turns plain values into the events of the emitter."""

    def __init__(self, yaml: Any, block: str) -> None:
        self.yaml = yaml
        self.block = block
        self.old = yaml.resolver.Resolver()  # what YAML 1.1 makes of a word: such words are quoted, for the sake of other readers

    def document(self, value: Any) -> Iterator[Any]:
        yield self.yaml.StreamStartEvent()
        yield self.yaml.DocumentStartEvent(explicit=False)
        yield from self.value(value, 0, flow=not value)
        yield self.yaml.DocumentEndEvent(explicit=False)
        yield self.yaml.StreamEndEvent()

    def value(self, value: Any, indent: int, flow: bool, entries: bool = False) -> Iterator[Any]:
        if isinstance(value, dict):
            yield self.yaml.MappingStartEvent(None, None, True, flow_style=flow)
            for key, inner in value.items():
                yield self.scalar(key, flow=True)
                yield from self.inner(inner, indent + 2, len(key) + 2, flow, key == self.block)
            yield self.yaml.MappingEndEvent()
        elif isinstance(value, list):
            yield self.yaml.SequenceStartEvent(None, None, True, flow_style=flow)
            for inner in value:
                yield from self.inner(inner, indent + 2, 2, flow, False, entries)
            yield self.yaml.SequenceEndEvent()
        else:
            yield self.scalar(value, flow)

    def inner(self, value: Any, indent: int, lead: int, flow: bool, entries: bool, block: bool = False) -> Iterator[Any]:
        fits = not value or (not entries and not block and indent + lead + self.length(value) <= WIDTH)
        return self.value(value, indent, flow or fits, entries)

    def scalar(self, value: Any, flow: bool) -> Any:
        text = _literal(value)
        plain = not isinstance(value, str) or self.plain(value)
        style = "|" if not flow and isinstance(value, str) and _paragraphs(value) else '"' if _needs_escapes(text) else None
        return self.yaml.ScalarEvent(None, None, (plain and style is None, True), text, style=style)

    def plain(self, text: str) -> bool:
        """Whether *text* without quotes is text to every reader."""
        string = "tag:yaml.org,2002:str"
        typed = text in _NOTHING or text in _WORDS or any(p.fullmatch(text) for p in (_INT, _BASED, _FLOAT, _NOT_FINITE))
        return not typed and self.old.resolve(self.yaml.ScalarNode, text, (True, False)) == string

    def length(self, value: Any) -> float:
        """How long *value* is on one line; infinite where it reads better on several."""
        if _wide(value):
            return math.inf
        if isinstance(value, dict):
            return sum(len(key) + self.length(inner) + 4 for key, inner in value.items())
        if isinstance(value, list):
            return sum(self.length(inner) + 2 for inner in value)
        return len(_literal(value))


def _wide(value: Any) -> bool:
    """Whether *value* holds several entries with entries of their own, or is a text of several lines."""
    if isinstance(value, str):
        return _paragraphs(value)
    entries = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    nested = sum(1 for entry in entries if entry and isinstance(entry, (dict, list)))
    return nested > 1 or (nested == 1 and isinstance(value, list) and len(value) > 1)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = json.dumps(value)
    return text.replace("e", ".0e", 1) if isinstance(value, float) and "." not in text else text


def _paragraphs(text: str) -> bool:
    """Whether *text* reads well as lines of its own."""
    return "\n" in text and re.fullmatch(r"\S.*(\n.*)*", text) is not None and not _needs_escapes(text.replace("\n", ""))


def _needs_escapes(text: str) -> bool:
    return not text.replace(" ", "").isprintable()


def text_of(file: Path, wanted: str, name: str | None = None) -> str:
    """
    Return what stands in a file that somebody has written.

    Args:
        file: where it is.
        wanted: what to give instead where it cannot be read: ``a mapping file``.
        name: how errors call it; the file's own name where not said.

    Raises:
        DefinitionError: it cannot be read, or is not in UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DefinitionError(f"{file}: cannot be read: {error.strerror}; give {wanted}") from None
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{name or file.name}: not in UTF-8, at byte {error.start}; save it as UTF-8") from None
