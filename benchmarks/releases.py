"""
An earlier release and this one side by side, row by row, and this one once more with all recipes registered.

Each round of each side is a process of its own, the sides take turns, seconds of the processor are counted, and of each side the best
round counts: on a busy machine that is what can be compared. ``python releases.py --old WHEEL`` compares a wheel, a checkout or a folder
with the package in it with the checkout that this script is in; ``--new`` names another. A checkout is measured with benchmarks of its own.
Registered are the journeys, facts and segments of ``examples/recipes``, which the events of the rows do not concern. In rows of few
events for each customer that column is mostly the first look at a customer, which happens once in their life: schedules are armed for all.
A row that a release does not have is left open. The last columns say how many times the cost of the earlier release; it ends with 1 where one is above 1.1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rows import ROWS, Row

HERE = Path(__file__).parent
RECIPES = HERE.parent / "examples" / "recipes"
MOST = 1.1  #: how many times the cost of the earlier release
BESIDE = 17 * 60 * 1_000_000  #: microseconds that the events of the rows come later than a schedule of the recipes
COSTS = ("us", "bytes", "MB")  #: units of which less is better
PROPERTIES = dict.fromkeys(("x", "cart_id", "sku", "total", "items"), "any")  #: what the events of the rows carry
SHORT: dict[str, tuple[Any, ...]] = {
    "advance: transitions": (50_000,),
    "events, batch 1,000, 1 enrollment": (1_000, 1, 20_000, 5_000),
    "events, batch 1,000, 10 enrollments": (1_000, 10, 10_000, 2_000),
    "events, one a transaction": (1, 1, 4_000, 5_000),
    "timers, batch 1,000, 1 enrollment": (1_000, 1, 10_000),
    "timers, batch 1,000, 10 enrollments": (1_000, 10, 5_000),
    "event among 1,000 journeys": (999, 10_000),
    "idle customer in MemoryStorage": (30_000,),
    "event in a window of 500 entries": ("sum of Order Completed.total in 365 days", 500, 10, 40),
    "100,000 wait for one fact": (10_000,),
    "the demo's import": (20,),
}  #: arguments for a run of a minute or two
CONCERNED = ("event in a window of 500 entries", "the demo's import")  #: by recipes as well, or in a process without them


class Release(NamedTuple):
    """What is measured: a folder with the package, one with the benchmarks, and whether the recipes are registered."""

    package: str
    benchmarks: str
    registered: bool = False


def release(given: str, folder: str) -> Release:
    """A wheel taken apart into *folder*, a checkout with benchmarks of its own, or a folder with the package in it."""
    path = Path(given).resolve()
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            wheel.extractall(folder)
        return Release(folder, str(HERE))
    package = path / "src" if (path / "src" / "journeykit").is_dir() else path
    if not (package / "journeykit").is_dir():
        raise SystemExit(f"{given}: no wheel, no checkout, and no folder with the package journeykit in it")
    own = path / "benchmarks"
    return Release(str(package), str(own if (own / "library.py").is_file() else HERE))


# -- one side, in a process of its own


def one_side(asked: str) -> None:
    """Measure and print the figure; nothing where this release does not have the row."""
    package, benchmarks, registered, module, function, arguments = json.loads(asked)
    sys.path[:0] = [package, benchmarks]
    import journeykit

    assert Path(journeykit.__file__).is_relative_to(package), journeykit.__file__
    try:
        measured = getattr(__import__(module), function)
    except (ImportError, AttributeError):
        print("null")
        return
    if registered:
        register(sys.modules[module])
    try:
        print(json.dumps(measured(time.process_time, *arguments)))
    except TypeError as error:  # another signature: what it measures is not the same
        print(error, file=sys.stderr)
        print("null")


def register(module: Any) -> None:
    """Let engines and tables that *module* makes know all recipes, at a time at which none of their schedules occurs."""
    from journeykit import Journey, load
    from journeykit.codec import definition_hash, journey_text

    recipes = [value for file in sorted(RECIPES.glob("*.yaml")) for value in load(file)]
    told = list({value.name: value for value in recipes if isinstance(value, Journey)}.values())
    engine, compiled = getattr(module, "Engine", None), getattr(module, "compile_journeys", None)

    def make(definitions: Iterable[Any], storage: Any, actions: dict[str, Any], **more: Any) -> Any:
        journeys, catalog = together(definitions, recipes)
        names = {*actions, *catalog.actions}
        return engine([*journeys, *told, catalog], storage, dict.fromkeys(names, next(iter(actions.values()))), **more)

    def compile_all(rows: Iterable[Any]) -> Any:
        own = list(rows)
        _, catalog = together([journey for _, _, journey in own], recipes)
        return compiled([*own, *((definition_hash(one), journey_text(one), one) for one in told)], catalog)

    module.Engine, module.compile_journeys = make, compile_all
    if hasattr(module, "LATE"):  # eight o'clock sharp, when recipes begin for whoever is looked at first in that very instant
        module.LATE += BESIDE


def together(definitions: Iterable[Any], recipes: Iterable[Any]) -> tuple[list[Any], Any]:
    """The journeys of a row, and one catalog that says what the row and the recipes need."""
    from attrs import evolve

    from journeykit import Catalog, Journey
    from journeykit.runtime.definitions import merged

    given = list(definitions)
    journeys = [value for value in given if isinstance(value, Journey)]
    own = merged(value for value in given if isinstance(value, Catalog))
    all_of = merged(value for value in recipes if isinstance(value, Catalog))
    words = {name: {**PROPERTIES, **all_of.events.get(name, {}), **own.events.get(name, {})} for name in events(journeys, own)}
    catalog = evolve(
        all_of, events={**all_of.events, **words}, facts={**all_of.facts, **own.facts}, segments={**all_of.segments, **own.segments},
        actions={**dict.fromkeys(actions(journeys), "none"), **own.actions, **all_of.actions}, traits={},
    )  # fmt: skip
    return journeys, catalog


def events(journeys: Iterable[Any], catalog: Any) -> set[str]:
    """The names of the events that a row's definitions speak of."""
    from journeykit.core.definitions.survey import Survey

    heard = {rule.on.event for journey in journeys for rule in Survey(journey).rules if rule.on.event}
    return heard | {fact.event for fact in catalog.facts.values()} | set(catalog.events)


def actions(journeys: Iterable[Any]) -> set[str]:
    """The names of the actions that a row's journeys ask for."""
    from journeykit import Do
    from journeykit.core.definitions.survey import Survey

    return {act.do.action for journey in journeys for act in Survey(journey).acts if isinstance(act.do, Do)}


# -- all sides


def call(side: Release, row: Row, short: bool) -> float | None:
    """One round of one side."""
    arguments = SHORT[row.name] if short else row.side.arguments
    with tempfile.TemporaryDirectory() as folder:
        asked = json.dumps([*side, row.side.module, row.side.function, arguments])
        environment = {**os.environ, "TMPDIR": folder, "PYTHONPATH": os.pathsep.join((side.package, side.benchmarks))}
        told = subprocess.run(
            [sys.executable, str(HERE / "releases.py"), "--side", asked], check=True, stdout=subprocess.PIPE, text=True, env=environment
        )  # fmt: skip
    figure: float | None = json.loads(told.stdout.splitlines()[-1])
    return figure


def best(row: Row, figures: Iterable[float | None]) -> float | None:
    """The figure of the best round."""
    known = [figure for figure in figures if figure is not None]
    return (min if row.unit in COSTS else max)(known) if known else None


def cost(row: Row, old: float | None, new: float | None) -> float | None:
    """How many times the cost of *old* is that of *new*."""
    if not old or not new:
        return None
    return new / old if row.unit in COSTS else old / new


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--old", metavar="WHEEL_OR_FOLDER", help="the earlier release")
    parser.add_argument("--new", metavar="WHEEL_OR_FOLDER", default=str(HERE.parent), help="this one (the checkout this script is in)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of each side (%(default)s)")
    parser.add_argument("--short", action="store_true", help="fewer events and customers in each round")
    parser.add_argument("--only", action="append", metavar="NAME", help="only rows whose name holds NAME")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        one_side(chosen.side)
        return 0
    if chosen.old is None:
        parser.error("the following arguments are required: --old")
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        old, new = release(chosen.old, first), release(chosen.new, second)
        sides = (old, new, new._replace(registered=True))
        print(f"{'':38} {'old':>10} {'new':>10} {'with recipes':>12} {'':12} {'new / old':>9} {'with recipes / old':>18}")
        above = [compare(row, sides, chosen.rounds, chosen.short) for row in rows(chosen.only, chosen.short)]
    return int(any(above))


def rows(only: list[str] | None, short: bool) -> list[Row]:
    """The rows that the library has a side of, each side once."""
    found: dict[Any, Row] = {}
    for row in ROWS:
        wanted = row.base is None and (row.name in SHORT or not short) and row.side.module in ("library", "vocabulary")
        if wanted and (not only or any(part in row.name for part in only)):
            found.setdefault(row.side, row)
    return list(found.values())


def compare(row: Row, sides: tuple[Release, ...], rounds: int, short: bool) -> bool:
    """Measure a row, print it, and say whether it costs too much more."""
    figures: tuple[list[float | None], ...] = tuple([] for _ in sides)
    for _ in range(rounds):
        for side, several in zip(sides, figures, strict=True):
            if not (side.registered and row.name in CONCERNED):
                several.append(call(side, row, short))
    old, new, registered = (best(row, several) for several in figures)
    ratios = [cost(row, old, new), cost(row, old, registered)]
    print(
        f"{row.name:38} {shown(old):>10} {shown(new):>10} {shown(registered):>12} {row.unit:12} {shown(ratios[0]):>9} {shown(ratios[1]):>18}",
        flush=True,
    )
    return any(ratio is not None and ratio > MOST for ratio in ratios)


def shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.0f}" if figure >= 1_000 else f"{figure:.3g}"


if __name__ == "__main__":
    sys.exit(main())
