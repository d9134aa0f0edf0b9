"""
Change the code of model and core in one small place at a time (mutmut), and count how often a test notices.

Each survivor is shown with its change. Those that cannot be noticed, since the change makes no difference that anybody could see, stand in
``tests/mutants.toml`` with the reason, and are not counted. Fewer than nine in ten noticed is a failure.

Usage::

    python scripts/mutants.py                     all of them: hours
    python scripts/mutants.py --sample 300        so many, drawn by chance; --seed for others
    python scripts/mutants.py core.splits core.timing
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "mutants"
REASONS = ROOT / "tests" / "mutants.toml"
GOAL = 0.9

SURVIVED, NOTICED, UNTESTED = "survived", "noticed", "met by no test"
_STATUS = {0: SURVIVED, 1: NOTICED, 3: NOTICED, 5: UNTESTED, 33: UNTESTED}  #: by mutmut's exit code; any other is a crash or a time-out


class Mutant(NamedTuple):
    """One small change, and what became of it."""

    name: str
    status: str

    @property
    def function(self) -> str:
        """Where it is: ``core.splits.x_arm``."""
        return self.name.removeprefix("journeykit.").rpartition("__mutmut_")[0]


def results() -> Iterator[tuple[str, int | None]]:
    """Every mutant that there is, and how the last run with it ended."""
    for path in sorted(MUTANTS.glob("src/journeykit/*/*.meta")):
        yield from json.loads(path.read_text()).get("exit_code_by_key", {}).items()


def mutmut(*arguments: str) -> str:
    """Call it, and give what it printed."""
    environment = {**os.environ, "JOURNEYKIT_EXAMPLES": os.environ.get("JOURNEYKIT_EXAMPLES", "20")}
    told = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments], check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return told.stdout + told.stderr


def change(name: str) -> str:
    """The line that a mutant takes out and the one it puts in."""
    lines = mutmut("show", name).splitlines()
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def run(names: Sequence[str]) -> list[Mutant]:
    """Try them, and say what became of each."""
    for start in range(0, len(names), 1_000):  # so many fit on a command line
        told = mutmut("run", *names[start : start + 1_000])
        print(told[-200:].rpartition("\r")[2], flush=True)
    ended = dict(results())
    return [Mutant(name, _STATUS.get(code, NOTICED)) for name in names if (code := ended.get(name)) is not None]


def chosen(rooms: Sequence[str], sample: int | None, seed: int) -> list[str]:
    """The names of those to try."""
    told = mutmut("run", "journeykit.core.likeness*")  # makes all of them, and finds out which test meets which function
    names = [name for name, _ in results() if not rooms or name.startswith(tuple(f"journeykit.{room}" for room in rooms))]
    if not names:
        sys.exit(f"no mutants\n{told[-2_000:]}")
    return names if sample is None else random.Random(seed).sample(names, min(sample, len(names)))  # noqa: S311


def excused() -> dict[tuple[str, str], str]:
    """The reasons of those that cannot be noticed, by function and change."""
    listed = tomllib.loads(REASONS.read_text()).get("survivor", [])
    return {(one["function"], one["change"].strip()): one["reason"] for one in listed}


def main() -> int:
    """Do it, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", help="the beginnings of the modules to change; all where not said")
    parser.add_argument("--sample", type=int, help="try so many only")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    tried, reasons = run(chosen(asked.rooms, asked.sample, asked.seed)), excused()
    counted: Counter[str] = Counter()
    for mutant in tried:
        shown = "" if mutant.status == NOTICED else change(mutant.name)
        reason = reasons.get((mutant.function, shown))
        counted[mutant.status if reason is None else "makes no difference"] += 1
        if shown and reason is None:
            print(f"{mutant.status}: {mutant.function}\n{shown}\n")
    rate = counted[NOTICED] / max(1, counted[NOTICED] + counted[SURVIVED] + counted[UNTESTED])
    print(", ".join(f"{number:,} {what}" for what, number in counted.most_common()), f"- {rate:.1%} noticed, goal {GOAL:.0%}")
    return rate < GOAL


if __name__ == "__main__":
    sys.exit(main())
