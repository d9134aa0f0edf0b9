"""
Change the code of model and core in one small place at a time, and count how often a test notices.

The changes are mutmut's. Each is tried in a process of its own, against the tests that meet the changed statement, first those that are
most likely to notice, until one fails or the time for it is over. Those that cannot be noticed, since the change makes no difference that anybody could
see, stand in ``tests/mutants.toml`` with the reason, and are not counted. Fewer than nine in ten noticed is a failure.

What became of each is kept in ``mutants/``: a run that was ended goes on where it stopped, and one that survived is tried again when the
tests have changed. They are drawn in the order of chance that ``--seed`` gives, so that every beginning of the whole is a sample of it.

Usage::

    python scripts/mutants.py                      all of them: a night
    python scripts/mutants.py --hours 2            as many as can be tried in that time; the next call goes on
    python scripts/mutants.py --sample 300         the first so many; --seed for others
    python scripts/mutants.py --processes 2        so many at a time
    python scripts/mutants.py core.turns model     those of some rooms or modules
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import os
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "journeykit"
KEPT = ROOT / "mutants"
REASONS = ROOT / "tests" / "mutants.toml"
ROOMS = ("core", "model")
GOAL = 0.9

NOTICED, HANGS, SURVIVED, UNMET = "noticed", "noticed, since it hangs or dies", "survived", "met by no test"
COUNTED = (NOTICED, HANGS, SURVIVED, UNMET)


class Mutant(NamedTuple):
    """One small change of one function."""

    path: str  #: ``core/compiling/splits.py``
    function: str  #: ``core.compiling.splits.arm``
    first: int  #: the first line that goes out, counted from 1
    out: list[str]  #: the lines that go out
    into: list[str]  #: the lines that come in
    meets: list[int]  #: a test that runs one of these lines meets it

    @property
    def change(self) -> str:
        """The lines that go out and those that come in, as a diff shows them."""
        return "".join([f"-{line}" for line in self.out] + [f"+{line}" for line in self.into]).strip("\n")

    def source(self) -> str:
        """The whole module with the change made."""
        lines = (SOURCES / self.path).read_text().splitlines(keepends=True)
        return "".join([*lines[: self.first - 1], *self.into, *lines[self.first - 1 + len(self.out) :]])


def digest(*parts: str) -> str:
    """A short name for *parts*."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def tests_digest() -> str:
    """What the tests are at the moment."""
    return digest(*(path.read_text("utf-8") for ending in ("py", "txt") for path in sorted((ROOT / "tests").rglob(f"*.{ending}"))))


# --- the mutants


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every small change of the functions of one module."""
    from mutmut.mutation.file_mutation import create_mutations

    code = path.read_text()
    module, mutations, *_ = create_mutations(str(path), code)
    tree, name = ast.parse(code), path.relative_to(SOURCES).as_posix()
    outermost = {id(inner): outer for outer in module.body for inner in [outer, *getattr(getattr(outer, "body", None), "body", ())]}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if function is None or not hasattr(function, "name"):
            continue  # a constant of the module or of a class
        outer = outermost[id(function)]
        before = module.code_for_node(outer)
        after = module.code_for_node(outer.deep_replace(mutation.original_node, mutation.mutated_node))
        start = code[: code.index(before)].count("\n")
        out, into = before.splitlines(keepends=True), after.splitlines(keepends=True)
        while out and into and out[0] == into[0]:
            start, out, into = start + 1, out[1:], into[1:]
        while out and into and out[-1] == into[-1]:
            out, into = out[:-1], into[:-1]
        lines = range(start + 1, start + 1 + max(1, len(out)))
        within, meets = place(tree, lines)
        yield Mutant(name, f"{name.removesuffix('.py').replace('/', '.')}.{within}", start + 1, out, into, meets)


def place(tree: ast.Module, lines: range) -> tuple[str, list[int]]:
    """The function that *lines* are in, and the lines of the statement that they are in: of its head, where it has a body."""
    around = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= lines[0] <= (node.end_lineno or 0)]
    names: list[str] = []
    for node in around:  # from the outermost inwards
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        if isinstance(node, ast.FunctionDef):
            break  # a function within a function is part of it
    return ".".join(names), sorted({*head(around[-1]), *lines})


def head(statement: ast.stmt) -> range:
    """The lines that run when *statement* does, whatever it decides."""
    if isinstance(statement, ast.FunctionDef):
        return range(statement.body[0].lineno, (statement.end_lineno or 0) + 1)
    if isinstance(statement, ast.Match):
        return range(statement.lineno, statement.cases[0].pattern.lineno)
    body: list[ast.stmt] = getattr(statement, "body", [])
    return range(statement.lineno, body[0].lineno if body else (statement.end_lineno or 0) + 1)


def all_mutants(processes: int = 1) -> dict[str, Mutant]:
    """Every small change of model and core by a name that stays while its function stays: made anew for a module that has changed."""
    found: dict[str, Mutant] = {}
    with ProcessPoolExecutor(processes) as pool:
        for path, kept in pool.map(made, sorted(path for room in ROOMS for path in (SOURCES / room).rglob("*.py"))):
            print(f"\r{path}".ljust(60), end="", file=sys.stderr, flush=True)
            again: Counter[str] = Counter()
            for mutant in (Mutant(*fields) for fields in json.loads(kept.read_text())):
                key = digest(mutant.function, mutant.change)
                again[key] += 1  # the same line may stand twice in a function
                found[f"{key}-{again[key]}"] = mutant
    return found


def made(path: Path) -> tuple[str, Path]:
    """The name of a module, and the file in which its mutants are kept."""
    name = path.relative_to(SOURCES).as_posix()
    kept = KEPT / f"{name.replace('/', '.')}.{digest(path.read_text())}.json"
    if not kept.exists():
        for old in KEPT.glob(f"{name.replace('/', '.')}.*.json"):
            old.unlink()
        kept.write_text(json.dumps(list(mutants_of(path))))
    return name, kept


# --- what is known of them


def reasons() -> tuple[dict[tuple[str, str], str], list[re.Pattern[str]]]:
    """The single mutants that nobody can notice, by function and change, and the patterns of whole kinds of them."""
    listed = tomllib.loads(REASONS.read_text())
    single = {(one["function"], one["change"].strip("\n")): one["reason"] for one in listed.get("survivor", [])}
    return single, [re.compile(kind["change"].strip("\n"), re.DOTALL) for kind in listed.get("kind", [])]


def makes_no_difference(mutant: Mutant, single: dict[tuple[str, str], str], kinds: Iterable[re.Pattern[str]]) -> bool:
    """Whether the list of reasons has it."""
    return (mutant.function, mutant.change) in single or any(kind.fullmatch(mutant.change) for kind in kinds)


class Notes:
    """What became of each, kept in a file as it becomes known: a line for each, the last one counts."""

    def __init__(self, path: Path) -> None:
        self.path, self._tests = path, tests_digest()
        self._lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def known(self) -> dict[str, str]:
        """What is known: that a test noticed, for good; that none did, as long as the tests are the same."""
        return {key: became for key, became, tests, _ in self._lines if became in {NOTICED, HANGS} or tests == self._tests}

    def noticing(self) -> Counter[str]:
        """How often each test was the one that noticed."""
        return Counter(test for _, became, _, test in self._lines if became == NOTICED)

    def add(self, key: str, became: str, test: str) -> None:
        """Note it, with the *test* that noticed."""
        self._lines.append((key, became, self._tests, test))
        with self.path.open("a") as file:
            file.write(json.dumps(self._lines[-1]) + "\n")


# --- the report


def interval(noticed: int, of: int) -> tuple[float, float]:
    """Wilson's interval: where the share of all lies, in 95 of 100 samples, given that *noticed* *of* so many were."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, noticed / of
    middle, width = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)


def told(what: str, became: Sequence[str]) -> str:
    """One line of the report."""
    counted = Counter(became)
    noticed, of = counted[NOTICED] + counted[HANGS], len(became)
    low, high = interval(noticed, of)
    rest = f"{counted[SURVIVED]:,} survived, {counted[UNMET]:,} met by no test"
    return f"{what:<24} {noticed:>6,} of {of:>6,} noticed: {noticed / max(1, of):6.1%} ({low:.1%} to {high:.1%}); {rest}"


def report(tried: dict[str, str], mutants: dict[str, Mutant], total: int) -> bool:
    """Print what became of them; return whether it is enough."""
    for key, became in sorted(tried.items(), key=lambda one: mutants[one[0]]):
        if became in {SURVIVED, UNMET}:
            print(f"{became}: {mutants[key].function}, {mutants[key].path}:{mutants[key].first}\n{mutants[key].change}\n")
    by_module: dict[str, list[str]] = {}
    for key, became in tried.items():
        by_module.setdefault(mutants[key].path, []).append(became)
    for path, all_of_it in sorted(by_module.items()):
        print(told(path, all_of_it))
    for room in ROOMS:
        print(told(room, [became for key, became in tried.items() if mutants[key].path.startswith(room)]))
    print(told(f"all, {len(tried):,} of {total:,} tried", list(tried.values())))
    return sum(became in {NOTICED, HANGS} for became in tried.values()) >= GOAL * len(tried)


def main() -> int:
    """Do it, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="the beginnings of the modules to change; all where not said")
    parser.add_argument("--sample", type=int, help="try so many only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=math.inf, help="stop after so long")
    parser.add_argument("--patience", type=float, default=15, help="seconds of tests for each mutant")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="tell what is known, and try nothing")
    asked = parser.parse_args()
    os.chdir(ROOT)
    KEPT.mkdir(exist_ok=True)
    single, kinds = reasons()
    mutants = {
        key: mutant
        for key, mutant in all_mutants(asked.processes).items()
        if not makes_no_difference(mutant, single, kinds) and (not asked.modules or mutant.function.startswith(tuple(asked.modules)))
    }
    order = sorted(mutants, key=lambda key: digest(str(asked.seed), key))[: asked.sample]
    notes = Notes(KEPT / "became.jsonl")
    if not asked.list:
        from mutants_try import attempt

        known = notes.known()
        attempt({key: mutants[key] for key in order if key not in known}, notes, asked.patience, asked.hours * 3_600, asked.processes)
        notes = Notes(notes.path)
    known = notes.known()
    tried = takewhile(known.__contains__, order)  # a survivor of earlier tests that has not been tried again would be missing in the sample
    return not report({key: known[key] for key in tried if known[key] in COUNTED}, mutants, len(mutants))


if __name__ == "__main__":
    sys.exit(main())
