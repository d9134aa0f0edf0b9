"""
Break one promise at a time, on purpose, and demand that its test notices.

Each ``tests/defects/Pnn_what.patch`` is a unified diff against ``src`` under two lines::

    # test: tests/promises/test_p07.py::test_a_timer_of_a_step_left_is_forgotten
    # A timer fires although the step it belonged to was left.

Usage::

    python scripts/defects.py            run all of them, two at a time
    python scripts/defects.py P07 P28    run those whose name begins so
    python scripts/defects.py --write    write docs/guarantees.md anew
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "defects"
PROMISES = ROOT / "tests" / "promises" / "promises.toml"
GUARANTEES = ROOT / "docs" / "guarantees.md"

AT_ONCE = 2
PATIENCE = 120  #: seconds after which a run counts as hanging
WHOLE = 900  #: the same for the first run, of all tests that are named
FAILED = 1  #: what pytest answers when tests ran and some failed; anything else proves nothing

_FILE = re.compile(r"^\+\+\+ b/(\S+)", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(\d+)[^@]*@@.*$", re.MULTILINE)


class Defect(NamedTuple):
    """One deliberate mistake."""

    name: str
    promise: str  #: ``P7``
    test: str  #: the node id of the test that must turn red
    breaks: str  #: what goes wrong, in one sentence
    diff: str


class Result(NamedTuple):
    """What running a defect showed."""

    defect: Defect
    problem: str | None  #: None where the test noticed


class PatchError(Exception):
    """A patch does not fit the source any more."""


def defects(prefixes: Sequence[str] = ()) -> list[Defect]:
    """Read every patch whose name begins with one of *prefixes*, or every one."""
    paths = sorted(PATCHES.glob("P*.patch"))
    return [read(path) for path in paths if not prefixes or path.name.startswith(tuple(prefixes))]


def read(path: Path) -> Defect:
    """Read a patch and its two lines of heading."""
    first, second, diff = path.read_text("utf-8").split("\n", 2)
    if not first.startswith("# test: ") or not second.startswith("# "):
        raise PatchError(f'{path.name}: begin with a line "# test: FILE::NAME" and a line "# WHAT BREAKS"')
    promise = f"P{int(path.name[1:3])}"
    return Defect(path.stem, promise, first.removeprefix("# test: ").strip(), second.removeprefix("# ").strip(), diff)


def changed(defect: Defect, root: Path) -> dict[Path, str]:
    """What the sources below *root* are with the defect in them; a hunk may have moved but must otherwise fit exactly."""
    texts: dict[Path, str] = {}
    heads = list(_FILE.finditer(defect.diff))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = defect.diff[head.end() : following.start() if following else None]
        path = root / head[1]
        texts[path] = path.read_text("utf-8")
        for line, old, new in hunks(body):
            texts[path] = replaced(texts[path], old, new, line, f"{defect.name}: {head[1]}")
    return texts


def hunks(body: str) -> Iterator[tuple[int, str, str]]:
    """For each hunk: where it was, the lines that were there and those that shall be."""
    heads = list(_HUNK.finditer(body))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        lines = [line or " " for line in body[head.end() + 1 : following.start() if following else None].splitlines()]
        lines = [line for line in lines if not line.startswith(("--- ", "diff ", "index "))]
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        yield int(head[1]), old.rstrip("\n"), new.rstrip("\n")


def replaced(text: str, old: str, new: str, line: int, place: str) -> str:
    """Replace the occurrence of *old* nearest to *line*."""
    starts = [match.start() for match in re.finditer(rf"^{re.escape(old)}$", text, re.MULTILINE)]
    if not starts:
        raise PatchError(f"{place}: this is no longer there; write the patch anew:\n{old}")
    start = min(starts, key=lambda at: abs(text.count("\n", 0, at) + 1 - line))
    return text[:start] + new + text[start + len(old) :]


def copied(target: Path) -> None:
    """Copy what tests need to *target*."""
    for name in ("src", "tests", "examples", "docs", "scripts"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / name, target / name)


def pytest(tests: Sequence[str], root: Path, patience: int = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run *tests* on the sources below *root*."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_PROFILE": "defects"}
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=line", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=patience, check=False)


def tried(defect: Defect) -> Result:
    """Run a defect's test on a copy with the defect in it."""
    with tempfile.TemporaryDirectory(prefix="defect-") as folder:
        root = Path(folder)
        copied(root)
        try:
            for path, text in changed(defect, root).items():
                path.write_text(text, "utf-8")
            run = pytest([defect.test], root)
        except PatchError as error:
            return Result(defect, str(error))
        except subprocess.TimeoutExpired:
            return Result(defect, f"{defect.test} still runs after {PATIENCE} s")
    return Result(defect, verdict(defect, run))


def verdict(defect: Defect, run: subprocess.CompletedProcess[str]) -> str | None:
    """Say why a run proves nothing, or None where the test failed as it must."""
    if run.returncode == FAILED and "\nFAILED " in run.stdout:
        return None
    if run.returncode == 0:
        return f"{defect.test} is green although {defect.breaks[:1].lower()}{defect.breaks[1:]}"
    return f"{defect.test} did not run (pytest answers {run.returncode}):\n{run.stdout[-2000:]}{run.stderr[-1000:]}"


def run_all(chosen: Sequence[Defect]) -> int:
    """Run the named tests as they are, then each with its defect; return the exit code."""
    clean = pytest(sorted({defect.test for defect in chosen}), ROOT, WHOLE)
    if clean.returncode:
        print(f"without any defect the tests must pass:\n{clean.stdout[-4000:]}{clean.stderr[-1000:]}")
        return 1
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = [shown(result) for result in pool.map(tried, chosen)]
    missed = [result for result in results if result.problem]
    print(f"{len(results) - len(missed)} of {len(results)} defects noticed")
    return 1 if missed else 0


def shown(result: Result) -> Result:
    """Print one line about *result*."""
    print(f"{'MISSED ' if result.problem else 'noticed'} {result.defect.name}: {result.problem or result.defect.breaks}", flush=True)
    return result


def guarantees() -> str:
    """The text of docs/guarantees.md."""
    promises = tomllib.loads(PROMISES.read_text("utf-8"))
    broken: dict[str, list[Defect]] = {}
    for defect in defects():
        broken.setdefault(defect.promise, []).append(defect)
    parts = [PREFACE]
    for number, promise in promises.items():
        parts.append(f"## {number} {promise['title']}\n\n{promise['text'].strip()}\n")
        parts.extend(evidence(number, promise, broken.get(number, [])))
    return "\n".join(parts)


def held_by(number: str, promise: dict[str, str | list[str]]) -> list[str]:
    """The tests that hold a promise: the file that bears its number, and what it names besides."""
    own = f"tests/promises/test_p{number[1:]:0>2}.py"
    return [*([own] if (ROOT / own).is_file() else []), *promise.get("tests", ())]


def evidence(number: str, promise: dict[str, str | list[str]], broken: Sequence[Defect]) -> Iterator[str]:
    """What holds a promise, and what it does not reach yet."""
    held = held_by(number, promise)
    if held:
        yield "Held by " + ", ".join(f"`{test}`" for test in held) + ".\n"
    for defect in broken:
        yield f"- `{defect.name}`: {defect.breaks} Noticed by `{defect.test}`."
    if broken:
        yield ""
    if "missing" in promise:
        yield f"Not in this release: {promise['missing']}\n"


PREFACE = """\
# What journeykit guarantees

Each promise has a number, tests that hold it, and defects that prove the tests: patches in `tests/defects`, each of which makes one
small mistake on purpose. `make defects` applies each of them to a copy of the sources and demands that the named test turns red. What
is not yet reached is said under its promise.

This page is written by `make docs` from `tests/promises/promises.toml` and the patches; change those.
"""


def names_test(node: str) -> bool:
    """Whether the test of that node id is written down."""
    file, _, name = node.partition("::")
    path = ROOT / file
    if not path.is_file() or not name:
        return path.is_file()
    wanted = re.sub(r"\[.*", "", name).split("::")[-1]
    return any(
        isinstance(item, ast.FunctionDef | ast.ClassDef) and item.name == wanted for item in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return the exit code."""
    if "--write" in arguments:
        GUARANTEES.write_text(guarantees(), "utf-8")
        return 0
    chosen = defects(arguments)
    if not chosen:
        print(f"no patch in {PATCHES.relative_to(ROOT)} begins with {' or '.join(arguments) or 'P'}")
        return 1
    return run_all(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
