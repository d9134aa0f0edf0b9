"""
The plugin of pytest: fixtures, a marker, approved stories, and readable comparisons. docs/testing.md tells how to use it.

It is loaded by every pytest beside which this library is installed, so that importing it costs little: whatever runs journeys is imported
when a fixture is first asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from journeykit.model.customer import Catalog
    from journeykit.model.journey import Journey
    from journeykit.ports import Storage
    from journeykit.runtime.clock import ManualClock
    from journeykit.runtime.engine import Engine
    from journeykit.testing.boundary import Boundary
    from journeykit.testing.fakes import Recorder
    from journeykit.testing.scenario import Scenario

_MARKER = "every_boundary"
_BEGIN = "2026-01-01T09:00:00+00:00"
_OF_SCENARIOS = ("at", "zone", "arms", "actions")  #: what a scenario takes and an engine does not


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line and of the configuration."""
    group = parser.getgroup("journeykit", "customer journeys")
    group.addoption(
        "--journeykit-storage",
        metavar="STORAGES",
        help="what journeys are kept in: memory (the default), sqlite, postgresql://..., several with commas",
    )
    group.addoption("--journeykit-approve", action="store_true", help="approve what stories show now, and keep it in files")
    parser.addini("journeykit_journeys", "files and folders with the journeys that tests are about", type="paths", default=[])
    parser.addini("journeykit_storage", "what journeys are kept in, as --journeykit-storage says it", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(year, zones=None): run the test once for each change of clocks in the world in that year; or, of the time zones that are "
        "named, once for each of theirs, each month's end, new year and leap day",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A run for each storage, and for each boundary of a year."""
    if "_journeykit_boundary" in metafunc.fixturenames:
        _each_boundary(metafunc)
    elif metafunc.definition.get_closest_marker(_MARKER):
        _refuse(f"{metafunc.definition.nodeid}: {_MARKER} is for tests that ask for scenario, journeykit_clock or boundary")
    if "_journeykit_storages" in metafunc.fixturenames:
        _each_storage(metafunc)


def _refuse(message: str) -> NoReturn:
    """Let a test fail for what its author wrote, without the way through this module (outside of any ``except``, which pytest would tell)."""
    pytest.fail(message, pytrace=False)


def _each_boundary(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker(_MARKER)
    if marker is None:
        return
    from journeykit.errors import UnknownError
    from journeykit.testing.boundary import boundaries

    try:
        found = boundaries(*marker.args, **marker.kwargs)
    except (TypeError, ValueError, UnknownError) as error:
        problem = f'{metafunc.definition.nodeid}: {error}; write {_MARKER}(year=2026, zones=["Europe/Berlin"])'
    else:
        metafunc.parametrize("_journeykit_boundary", found, indirect=True, ids=str)
        return
    _refuse(problem)


def _each_storage(metafunc: pytest.Metafunc) -> None:
    from journeykit.testing.storages import name_of

    found = _storages(metafunc.config)
    if len(found) > 1:
        metafunc.parametrize("_journeykit_storages", found, indirect=True, ids=name_of)


def _storages(config: pytest.Config) -> list[str]:
    """The storages that tests run on."""
    from journeykit.errors import UnknownError
    from journeykit.testing.storages import addresses

    said = config.getoption("--journeykit-storage") or ",".join(config.getini("journeykit_storage")) or "memory"
    try:
        return addresses(said)
    except UnknownError as error:
        problem = f"journeykit_storage: {error}"
    _refuse(problem)


@pytest.fixture
def _journeykit_boundary(request: pytest.FixtureRequest) -> Boundary | None:
    return getattr(request, "param", None)


@pytest.fixture
def boundary(_journeykit_boundary: Boundary | None) -> Boundary:
    """The boundary of a year at which the test runs: its zone, the moment and its kind."""
    if _journeykit_boundary is None:
        _refuse(f"boundary is for tests with the marker @pytest.mark.{_MARKER}(year=2026)")
    return _journeykit_boundary


@pytest.fixture
def _journeykit_storages(request: pytest.FixtureRequest) -> Iterator[_Storages]:
    with ExitStack() as opened:
        yield _Storages(request, getattr(request, "param", None) or _storages(request.config)[0], opened)


class _Storages:
    """Makes storages for one test."""

    def __init__(self, request: pytest.FixtureRequest, address: str, opened: ExitStack) -> None:
        self._request = request
        self._opened = opened
        self.address = address
        self.made: list[Storage] = []

    def make(self) -> Storage:
        """A fresh one."""
        from journeykit.testing.storages import fresh

        self.made.append(self._opened.enter_context(fresh(self.address, self._request.getfixturevalue("tmp_path"))))
        return self.made[-1]


@pytest.fixture(scope="session")
def journeykit_definitions(request: pytest.FixtureRequest) -> list[Journey | Catalog]:
    """The journeys and catalogs that tests are about: what ``journeykit_journeys`` names; override it to make them in Python."""
    paths = request.config.getini("journeykit_journeys")
    if not paths:
        _refuse(
            'no journeys: say journeykit_journeys = ["journeys"] in the configuration of pytest, override the fixture journeykit_definitions, '
            "or give scenario(...) the definitions"
        )
    from journeykit.codec import load

    return [value for path in paths for value in load(path)]


@pytest.fixture
def journeykit_options() -> dict[str, Any]:
    """
    What every scenario and engine of the tests is given besides: nothing.

    Override it where definitions name policies, triggers or timers of your own: ``return {"policies": {"good-taste": good_taste}}``.
    """
    return {}


@pytest.fixture
def journeykit_storage(_journeykit_storages: _Storages) -> Storage:
    """A fresh, migrated storage; the test runs on each of those that --journeykit-storage names."""
    return _journeykit_storages.make()


@pytest.fixture
def journeykit_clock(_journeykit_boundary: Boundary | None) -> ManualClock:
    """A clock that stands still until the test moves it; a day before the boundary, where there is one."""
    from journeykit.runtime.clock import ManualClock

    return ManualClock(_BEGIN if _journeykit_boundary is None else _journeykit_boundary.at - timedelta(days=1))


@pytest.fixture
def journeykit_actions(
    journeykit_definitions: list[Journey | Catalog],
    journeykit_storage: Storage,
    journeykit_clock: ManualClock,
    journeykit_options: dict[str, Any],
) -> Recorder:
    """Every action that the journeys ask for, recorded, and done where the test says nothing else; a mapping for an engine."""
    from journeykit.runtime.definitions import Definitions
    from journeykit.runtime.plugins import extensions_of
    from journeykit.testing.fakes import Recorder

    brought = extensions_of(journeykit_options.get("triggers"), journeykit_options.get("timers"))
    asked = Definitions(journeykit_definitions, journeykit_storage, extensions=brought).actions()
    return Recorder(*sorted(asked), given=journeykit_options.get("actions"), clock=journeykit_clock)


@pytest.fixture
def journeykit_engine(
    journeykit_definitions: list[Journey | Catalog],
    journeykit_storage: Storage,
    journeykit_clock: ManualClock,
    journeykit_actions: Recorder,
    journeykit_options: dict[str, Any],
) -> Engine:
    """An engine of the journeys, the storage, the clock and the recorded actions."""
    from journeykit.runtime.backoff import Backoff
    from journeykit.runtime.engine import Engine
    from journeykit.testing.given import look_at

    given = {name: value for name, value in journeykit_options.items() if name not in _OF_SCENARIOS}
    look_at(given, None)
    options = {"clock": journeykit_clock, "backoff": Backoff(jitter=lambda: 0), **given}
    return Engine(journeykit_definitions, journeykit_storage, journeykit_actions, **options)


@pytest.fixture
def scenario(
    request: pytest.FixtureRequest,
    journeykit_storage: Storage,
    _journeykit_storages: _Storages,
    _journeykit_boundary: Boundary | None,
    journeykit_options: dict[str, Any],
) -> Callable[..., Scenario]:
    """
    Makes a `Scenario` on a storage of its own: ``scenario(*definitions, **options)``; of journeykit_definitions where it is given none.

    At a boundary it begins a day before, in that zone.
    """
    left = [journeykit_storage]

    def make(*definitions: Any, **options: Any) -> Scenario:
        __tracebackhide__ = True
        from journeykit.testing.scenario import Scenario

        values = definitions or (request.getfixturevalue("journeykit_definitions"),)
        if "storage" not in options:
            hosts_own = journeykit_storage not in _journeykit_storages.made
            options["storage"] = left.pop() if left else journeykit_storage if hosts_own else _journeykit_storages.make()
        return Scenario(*values, **{**journeykit_options, **_before(_journeykit_boundary), **options})

    return make


def _before(boundary: Boundary | None) -> dict[str, str]:
    """Where a scenario begins: the day before a boundary, at the same time of day."""
    if boundary is None:
        return {}
    return {"zone": boundary.zone, "at": f"{boundary.local - timedelta(days=1):%Y-%m-%d %H:%M:%S}"}


@pytest.fixture
def approved(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compares a text or a scenario with the one that was approved: ``approved(shop)``, ``approved(shop, "a name of its own")``."""

    def compare(shown: object, name: str | None = None) -> None:
        __tracebackhide__ = True
        from journeykit.testing.approvals import approve, file_of

        file = file_of(request.path.parent, name or f"{request.path.stem}.{_name_of(request)}")
        approve(shown, file, write=request.config.getoption("--journeykit-approve"))

    return compare


def _name_of(request: pytest.FixtureRequest) -> str:
    """The name of a test, the same on every storage."""
    from journeykit.testing.storages import name_of

    node = request.node
    chosen = getattr(node, "callspec", None)
    if chosen is None:
        return str(node.name)
    parts = chosen.id.split("-")
    if "_journeykit_storages" in chosen.params:
        storage = name_of(chosen.params["_journeykit_storages"])
        parts.remove(next(part for part in parts if part.startswith(storage)))  # of two of one name each has a number
    return f"{node.originalname}[{'-'.join(parts)}]" if parts else str(node.originalname)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """A line for each message where what was performed is compared."""
    fakes = sys.modules.get("journeykit.testing.fakes")
    if op != "==" or fakes is None or not isinstance(left, list) or not isinstance(right, list):
        return None
    both = [*left, *right]
    if not both or not all(isinstance(one, fakes.Performed) for one in both):
        return None
    differences: list[str] = fakes.differences(left, right)
    return differences
