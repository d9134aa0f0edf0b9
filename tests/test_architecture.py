"""The house rules, read off the source by ``ast``: who may import whom, and how long a function and a module may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

TESTS = Path(__file__).parent
SOURCE = Path(__file__).parent.parent / "src" / "journeykit"

#: Each room and the rooms it may import, itself aside.
ROOMS = {
    "errors": (),
    "model": ("errors",),
    "core": ("model", "errors"),
    "ports": ("model", "errors"),
    "codec": ("model", "errors"),
    "storage": ("model", "errors", "ports", "codec"),
    "actions": ("model", "errors", "ports"),
    "runtime": ("core", "model", "errors", "ports", "codec"),
    "rehearsal": ("core", "model", "errors", "ports", "codec", "runtime", "storage.memory"),
    "histories": ("model", "errors", "core", "ports", "codec", "runtime"),
    "insight": ("model", "errors", "ports", "codec"),
    "insight.settings.reading": ("model", "errors", "codec", "core"),
    "insight.words": ("model", "core"),
    "insight.insight": ("model", "errors", "ports", "codec", "core"),
    "insight.tables.designs": ("model", "errors", "codec", "core"),
    "insight.tables.standing": ("model", "errors", "ports", "core"),
    "insight.map.designed": ("model", "core"),
    "insight.reports.summary": ("model", "ports", "core"),
    "insight.definitions": ("model", "errors", "core"),
    "testing": ("model", "errors", "core", "ports", "codec", "storage", "actions", "runtime", "rehearsal", "histories", "insight"),
    "contrib.django.management.commands.journeykit": ("cli", "model", "errors", "codec", "runtime", "contrib"),
    "contrib": ("model", "errors", "core", "ports", "codec", "storage", "actions", "runtime", "rehearsal", "histories", "insight"),
    "cli": ("model", "errors", "core", "ports", "codec", "storage", "actions", "runtime", "rehearsal", "histories", "insight"),
}

#: The rooms inside `core`, in order: each may import those before it.
CORE = ("expressions", "definitions", "facts", "checks", "compiling", "turns", "enrollments", "deciding")

#: Each room inside `insight` and what of `insight` it may import, itself aside; modules that stand between the rooms are named like them.
INSIGHT = {
    "__init__": ("insight",),
    "figures": (),
    "words": ("figures",),
    "cells": (),
    "definitions": (),
    "measures": ("figures",),
    "settings": ("figures", "words", "measures"),
    "tables": ("settings", "measures"),
    "engines": ("tables", "cells"),
    "numbers": ("figures", "measures", "tables"),
    "insight": ("figures", "measures", "settings", "tables", "engines", "numbers"),
    "reports": ("figures", "words", "cells", "measures", "settings", "numbers", "insight"),
    "map": ("figures", "words", "settings", "numbers", "insight"),
}

#: Libraries of others, and the only rooms or modules that may import them; attrs may be used wherever values are made.
BORROWED = {
    "transitions": ("core.compiling.compiler",),
    "pendulum": ("core.expressions.calendar",),
    "cattrs": ("codec",),
    "yaml": ("codec",),
    "pytest": ("testing",),
    "hypothesis": ("testing",),
    "_pytest": ("testing",),
    "psycopg": ("storage.postgres", "testing.storages"),
    "typer": ("cli",),
    "rich": ("cli",),
    "django": ("contrib.django",),
    "sqlalchemy": ("contrib.sqlalchemy",),
    "fastapi": ("contrib.fastapi",),
    "flask": ("contrib.flask",),
    "click": ("contrib.flask",),
    "duckdb": ("insight.engines.duck",),
}

#: What a pure room must never touch: clocks, chance, the environment, other threads, the network, databases.
IMPURE = {"asyncio", "concurrent", "logging", "os", "random", "secrets", "socket", "sqlite3", "subprocess", "threading", "time", "uuid"}
PURE = ("model", "core", "errors", "codec", "insight")
ENGINES = ("insight.engines",)  # databases are what they are for

LONGEST_MODULE = 400
MEDIAN_FUNCTION = 10


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name below ``journeykit``, parsed."""
    names = {
        path: ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip(".") for path in SOURCE.rglob("*.py")
    }
    return {name: ast.parse(path.read_text("utf-8")) for path, name in sorted(names.items()) if name}


@cache
def imports(tree: ast.Module) -> tuple[str, ...]:
    """Every module that *tree* imports anywhere, functions included, by its dotted name."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide the direction; write the whole name"
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


def own(name: str) -> str | None:
    """The module of the package that an imported name means: a name taken from a module is that module."""
    below = name.removeprefix("journeykit.")
    if below == name:
        return None
    while below and below not in modules():
        below = below.rpartition(".")[0]
    return below


def within(module: str, rooms: tuple[str, ...]) -> bool:
    """Whether *module* is one of *rooms* or lies in one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def above(module: str) -> Iterator[str]:
    """*module*, what it lies in, what that lies in, and so on."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def inside(module: str) -> str:
    """The room inside `core` or `insight` that a module of it lies in."""
    return [*module.split("."), "__init__"][1]


def rows_of(place: str) -> dict[str, str]:
    """The modules that docs/architecture.md names in each room inside *place*, in the order of the page."""
    page = (TESTS.parent / "docs" / "architecture.md").read_text("utf-8")
    table = page.partition(f"| room of `{place}` |")[2].partition("\n\n")[0]
    rows = [line.split("|") for line in table.splitlines()[2:]]
    return {room.strip(" `"): named for _, room, _, named, _ in rows}


def edges() -> dict[str, set[str]]:
    """Each module and the modules of the package that it imports."""
    return {name: {target for target in map(own, imports(tree)) if target is not None} - {name} for name, tree in modules().items()}


def functions() -> list[tuple[str, int]]:
    """Every function of the package and its length in lines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f"{name}.{node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def test_imports_point_one_way() -> None:
    """A room imports only the rooms that the table allows it."""
    wrong = []
    for name, targets in edges().items():
        room = name.split(".")[0]
        allowed = (room, *next(ROOMS[place] for place in above(name) if place in ROOMS))
        wrong += [f"{name} imports {target or 'the package itself'}" for target in sorted(targets) if not within(target, allowed)]

    assert wrong == []


def test_the_rooms_inside_core_point_one_way() -> None:
    """Who decides knows the tables and the facts, and not the other way round; every module of core is in one of the rooms."""
    places = {name: inside(name) for name in modules() if name.startswith("core.")}

    assert set(places.values()) == set(CORE)
    assert [
        f"{name} imports {target}"
        for name, room in places.items()
        for target in sorted(edges()[name])
        if within(target, ("core",)) and places.get(target) not in CORE[: CORE.index(room) + 1]
    ] == []


def test_the_rooms_inside_insight_point_one_way() -> None:
    """Who draws knows the numbers, and not the other way round; the table has no cycle, so neither have the rooms."""
    wrong = []
    for name, targets in edges().items():
        if within(name, ("insight",)):
            room = inside(name)
            wrong += [f"{name} imports {t}" for t in sorted(targets) if within(t, ("insight",)) and inside(t) not in (room, *INSIGHT[room])]

    assert wrong == []
    assert set(TopologicalSorter(INSIGHT).static_order()) == {inside(name) for name in modules() if within(name, ("insight",))}


def test_every_room_is_in_the_table() -> None:
    """A new room has to say whom it may import."""
    assert {name.split(".")[0] for name in modules()} - set(ROOMS) == set()


def test_there_are_no_import_cycles() -> None:
    """No module can reach itself through its imports, not even through those inside functions."""
    order = list(TopologicalSorter(edges()).static_order())

    assert len(order) >= len(modules())


@pytest.mark.parametrize("library", sorted(BORROWED))
def test_a_borrowed_library_stays_in_its_room(library: str) -> None:
    """Nobody else imports it, so that replacing it means changing one room."""
    users = {name for name, tree in modules().items() if any(i.split(".")[0] == library for i in imports(tree))}

    assert {name for name in users if not within(name, BORROWED[library])} == set()


def test_only_declared_libraries_are_imported() -> None:
    """Core depends on attrs, cattrs, pendulum and transitions; whatever else is imported is named in the table with its room."""
    known = {"journeykit", "attrs", "attr", *BORROWED, *sys.stdlib_module_names}
    strangers = {(name, i) for name, tree in modules().items() for i in imports(tree) if i.split(".")[0] not in known}

    assert strangers == set()


def test_the_pure_rooms_never_touch_the_world() -> None:
    """Nouns, decisions, codec and reports read no clock, no chance, no environment, and talk to nobody."""
    wrong = [
        f"{name} imports {imported}"
        for name, tree in modules().items()
        if within(name, PURE) and not within(name, ENGINES)
        for imported in imports(tree)
        if imported.split(".")[0] in IMPURE
    ]

    assert wrong == []


def test_the_pure_rooms_never_ask_for_the_present() -> None:
    """``datetime.now`` and its kin read the clock without an import of their own; no pure room calls them."""
    clocks = {"now", "utcnow", "today"}
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        if within(name, ("model", "core"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks
    ]

    assert wrong == []


def test_functions_read_as_sentences() -> None:
    """The median function, docstring included, is shorter than ten lines."""
    lengths = [length for _, length in functions()]

    assert median(lengths) < MEDIAN_FUNCTION, f"median {median(lengths)}, the longest: {sorted(functions(), key=lambda f: -f[1])[:5]}"


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    """A module that wants more than 400 lines is two modules."""
    long = {
        str(path.relative_to(SOURCE)): lines
        for path in SOURCE.rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_MODULE
    }

    assert long == {}


def test_every_test_says_what_the_customer_sees() -> None:
    """Each test has a docstring of one sentence."""
    silent = [
        f"{path.name}::{node.name}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_every_module_of_core_is_on_the_map() -> None:
    """Somebody new finds it in docs/architecture.md in the row of its room, and the rooms stand there in their order."""
    rows = rows_of("core")
    packages = {name.rpartition(".")[0] for name in modules()}
    places = [name.removeprefix("core.").split(".") for name in modules() if name.startswith("core.") and name not in packages]

    assert [(room, module) for room, module in places if f"`{module}`" not in rows[room]] == []
    assert tuple(rows) == CORE


def test_every_module_of_insight_is_on_the_map() -> None:
    """Somebody new finds it in docs/architecture.md in the row of its room; measures are named by their stages."""
    rows = rows_of("insight")
    packages = {name.rpartition(".")[0] for name in modules()}
    places = [name.removeprefix("insight.").rpartition(".") for name in modules() if within(name, ("insight",)) and name not in packages]

    assert [
        (room, module) for room, _, module in places if room != "measures" and f"`{module}`" not in rows[room or "between the rooms"]
    ] == []
