"""
Try changes of the code against the tests that meet them: the tests are collected once, and each change is made in a process of its own that
begins there.

A change is made by giving the function the code of the changed one, so that whoever holds the function has it, and nothing else runs any
slower. First come the tests that are quick, that are about this module rather than about everything, and that have noticed others of it. Which test meets which line is found out by a run of all of them beforehand, under coverage, and kept until the code or a test changes.
"""

from __future__ import annotations

import ast
import atexit
import gc
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from mutants import HANGS, KEPT, NOTICED, ROOMS, ROOT, SOURCES, SURVIVED, UNMET, Mutant, Notes, digest

#: The tests that run the code here, in this process.
TESTS = tuple(
    f"tests/{what}"
    for what in (
        *(
            "core",
            "model",
            "codec",
            "promises",
            "runtime",
            "agreement",
            "recipes/test_recipes.py",
            "testing",
            "faults/test_events.py",
        ),
        *(f"rehearsal/test_{what}.py" for what in ("population", "replay", "simulate", "what_if")),
    )
)
OTHERS = "tests/agreement/test_engines.py"  #: is about insight, whatever the core decides
EXAMPLES = 20  #: of each property
MEMORY = 3 << 30  #: bytes that a mutant may take

CANNOT = "cannot be tried"


def attempt(mutants: Mapping[str, Mutant], notes: Notes, patience: float, seconds: float, processes: int = 1) -> None:
    """Try *mutants* for at most *seconds*, each with *patience* seconds of tests, so many at a time, and note what became of each."""
    if not mutants:
        return
    os.environ["JOURNEYKIT_EXAMPLES"] = str(EXAMPLES)
    sys.path[0] = str(SOURCES.parent)  # the code here, wherever another copy is installed, and no other script
    trial = _Trial(mutants, notes, patience, time.monotonic() + seconds, processes)
    quietly = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q", "-s", "--tb=no"]
    code = pytest.main([*quietly, "-m", "not slow", f"--ignore={OTHERS}", *TESTS], plugins=[trial])
    if code:
        sys.exit(f"the tests could not be run: {code!r}")


class _Trial:
    """What pytest does here instead of running the tests once."""

    def __init__(self, mutants: Mapping[str, Mutant], notes: Notes, patience: float, until: float, processes: int) -> None:
        self._mutants, self._notes, self._patience, self._until, self._processes = mutants, notes, patience, until, processes
        self._noticing = notes.noticing()  #: how often each test was the one that noticed, and in which module
        self._failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that one failed."""
        self._failed = self._failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try one mutant after the other."""
        if session.testsfailed:
            raise session.Interrupted("the tests could not be collected")
        for item in session.items:
            _calm(item)
        gc.freeze()
        meetings = _Meetings(self._met(session.items))
        others = [_begun(partial(self._share, place, session.items, meetings)) for place in range(1, self._processes)]
        self._share(0, session.items, meetings)
        codes = [os.waitpid(other, 0)[1] for other in others]  # of all of them, also where one has failed
        if any(codes):
            raise session.Failed("not all of them were tried")
        return True

    def _share(self, place: int, items: Sequence[pytest.Item], meetings: _Meetings) -> int:
        """Try those that fall to the process at *place*."""
        mine = [*self._mutants.items()][place :: self._processes]
        if any(self._one(None, meetings.tests(mutant, items, 1, self._noticing), meetings)[0] != SURVIVED for _, mutant in mine[:5]):
            os.write(2, b"\na test fails although nothing was changed\n")
            return 1
        for number, (key, mutant) in enumerate(mine):
            if time.monotonic() > self._until:
                break
            chosen = meetings.tests(mutant, items, self._patience, self._noticing)
            became, test = self._one(mutant, chosen, meetings) if chosen else (UNMET, "")
            if became == NOTICED:
                self._noticing[test] += 1
                self._noticing[f"{mutant.path} {test}"] += 1
            self._notes.add(key, became, test)
            if not place:
                line = f"\r{number + 1:,} of {len(mine):,}: {mutant.function} {became}".ljust(100)
                print(line, end="", file=sys.__stderr__, flush=True)
        return 0

    # --- which test meets what

    def _met(self, items: Sequence[pytest.Item]) -> list[dict[str, Any]]:
        """How long each test takes and which lines it meets, by a run that is kept for each file of tests until it changes, or the code."""
        code = digest(*(path.read_text() for path in sorted((ROOT / "src").rglob("*.py"))))
        helpers = digest(*(path.read_text() for path in sorted((ROOT / "tests").rglob("*.py")) if not path.name.startswith("test_")))
        by_file: dict[Path, list[pytest.Item]] = {}
        for item in items:
            by_file.setdefault(item.path, []).append(item)
        kept = {path: KEPT / f"meetings.{digest(str(path), path.read_text(), helpers, code)}.json" for path in by_file}
        for old in {*KEPT.glob("meetings.*.json")} - {*kept.values()}:
            old.unlink()
        unknown = [path for path, itself in kept.items() if not itself.exists()]
        print(f"which line is met by the tests of {len(unknown)} files", file=sys.stderr, flush=True)
        runs = [_begun(partial(self._find_out_all, unknown[place :: self._processes], by_file, kept)) for place in range(self._processes)]
        for run in runs:
            os.waitpid(run, 0)
        return [json.loads(one.read_text()) for one in kept.values() if one.exists()]

    def _find_out_all(self, paths: Iterable[Path], by_file: Mapping[Path, Sequence[pytest.Item]], kept: Mapping[Path, Path]) -> int:
        for path in paths:
            _wait(partial(self._find_out, by_file[path], kept[path]))
        return 0

    def _find_out(self, items: Sequence[pytest.Item], kept: Path) -> int:
        from coverage import Coverage

        watching = Coverage(data_file=None, config_file=False, include=[str(SOURCES / room / "*") for room in ROOMS])
        watching.start()
        took: dict[str, float] = {}
        for item, following in _with_next(items):
            watching.switch_context(item.nodeid)
            start = time.process_time()
            self._failed = False
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            took[item.nodeid] = time.process_time() - start
            if self._failed:
                os.write(2, f"\nleft out, since it fails as it is: {item.nodeid}\n".encode())
                del took[item.nodeid]
        watching.stop()
        data = watching.get_data()
        lines = {
            Path(file).relative_to(SOURCES).as_posix(): {
                line: sorted(set(tests) & set(took)) for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        kept.write_text(json.dumps({"took": took, "lines": lines}))
        return 0

    # --- one mutant

    def _one(self, mutant: Mutant | None, chosen: Sequence[pytest.Item], meetings: _Meetings) -> tuple[str, str]:
        reading, writing = os.pipe()
        code = _wait(lambda: self._noticed(mutant, chosen, meetings, writing))
        os.close(writing)
        with os.fdopen(reading) as told:
            return {0: SURVIVED, 1: NOTICED, 2: CANNOT}.get(code, HANGS), told.read()

    def _noticed(self, mutant: Mutant | None, chosen: Sequence[pytest.Item], meetings: _Meetings, telling: int) -> int:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            if mutant is not None:
                _make(mutant)
        except (AttributeError, ValueError, KeyError) as error:
            print(mutant, error, file=sys.__stderr__)
            return 2
        for item, following in _with_next(chosen):
            signal.setitimer(signal.ITIMER_PROF, 2 + 10 * meetings.took[item.nodeid])
            signal.setitimer(signal.ITIMER_REAL, 30 + 30 * meetings.took[item.nodeid])
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                os.write(telling, item.nodeid.encode()[:1_000])
                return 1
        return 0


class _Meetings:
    """Which tests meet which lines."""

    def __init__(self, met: Sequence[Mapping[str, Any]]) -> None:
        self.took: dict[str, float] = {test: took for one in met for test, took in one["took"].items()}
        self._lines: dict[tuple[str, int], set[str]] = {}
        for one in met:
            for path, lines in one["lines"].items():
                for line, tests in lines.items():
                    self._lines.setdefault((path, int(line)), set()).update(tests)
        self._met = Counter(test for tests in self._lines.values() for test in tests)
        self._within = Counter(f"{path} {test}" for (path, _), tests in self._lines.items() for test in tests)

    def tests(self, mutant: Mutant, items: Sequence[pytest.Item], patience: float, noticing: Counter[str]) -> list[pytest.Item]:
        """The tests that meet *mutant* and take *patience* seconds: half of it for the likely ones, half for those that meet most."""
        names = {name for line in mutant.meets for name in self._lines.get((mutant.path, line), ())}
        meeting = [item for item in items if item.nodeid in names]

        def cost(item: pytest.Item) -> float:
            test, here = item.nodeid, f"{mutant.path} {item.nodeid}"
            return self.took[test] * self._met[test] / self._within[here] / (1 + noticing[test] + 9 * noticing[here])

        quick = _within(sorted(meeting, key=cost), self.took, patience / 2)
        others = sorted((item for item in meeting if item not in quick), key=lambda item: -self._met[item.nodeid])
        return [*quick, *_within(others, self.took, patience / 2)]


def _within(items: Iterable[pytest.Item], took: Mapping[str, float], seconds: float) -> list[pytest.Item]:
    """The first of *items*, as many as take so many seconds together; one at least."""
    chosen: list[pytest.Item] = []
    for item in items:
        seconds -= took[item.nodeid]
        if seconds < 0 and chosen:
            break
        chosen.append(item)
    return chosen


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _calm(item: pytest.Item) -> None:
    """Let a property try few examples, the same each time, and not make a failing one smaller."""
    from hypothesis import Phase, settings

    test = getattr(getattr(item, "obj", None), "__func__", getattr(item, "obj", None))
    given = getattr(test, "_hypothesis_internal_use_settings", None)
    if given is not None:
        few = min(given.max_examples, EXAMPLES)
        phases = (Phase.explicit, Phase.generate)
        quick = settings(given, max_examples=few, derandomize=True, database=None, phases=phases)
        test._hypothesis_internal_use_settings = quick  # noqa: SLF001


def _wait(work: Callable[[], int]) -> int:
    """Do *work* in a process of its own; return what it returns, or a negative number where it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(_begun(work), 0)[1])


def _begun(work: Callable[[], int]) -> int:
    """Begin *work* in a process of its own, which nobody hears; return the number of the process."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            if sys.stdout is sys.__stdout__:  # whoever begins within another keeps its file: to drop it is a warning, which fails a test
                sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
            code = work()
            atexit._run_exitfuncs()  # noqa: SLF001  a database server ends with the process that started it
        finally:
            os._exit(code)
    return process


# --- making the change


def _make(mutant: Mutant) -> None:
    """Give the function the code of the changed one, and its defaults where those are what has changed."""
    source = mutant.source()
    names = mutant.function.split(".")[mutant.path.count("/") + 1 :]
    module = sys.modules["journeykit." + mutant.path.removesuffix(".py").replace("/", ".")]
    function = _function(module, names)
    code = compile(source, str(SOURCES / mutant.path), "exec", dont_inherit=True)
    for name in names:
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)
    function.__code__ = code
    arguments = _signature(ast.parse(source), names)
    function.__defaults__ = tuple(_value(one, module) for one in arguments.defaults) or None
    function.__kwdefaults__ = {
        argument.arg: _value(one, module)
        for argument, one in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if one is not None
    } or None


def _function(module: Any, names: Sequence[str]) -> FunctionType:
    """The function of a module, or of a class in it."""
    found = module
    for name in names:
        found = vars(found)[name]
    return getattr(found, "__func__", found)  # type: ignore[no-any-return]


def _signature(tree: ast.AST, names: Sequence[str]) -> ast.arguments:
    for name in names:
        tree = next(node for node in tree.body if getattr(node, "name", None) == name)  # type: ignore[attr-defined]
    return tree.args  # type: ignore[attr-defined,no-any-return]


def _value(default: ast.expr, module: Any) -> Any:
    return eval(compile(ast.Expression(default), module.__name__, "eval"), vars(module))  # noqa: S307
