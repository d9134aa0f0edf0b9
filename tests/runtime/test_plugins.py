"""Actions and policies that installed packages offer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from journeykit import Catalog, Done, Engine, Journey, MemoryStorage, Permit, Step
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.plugins import Actions
from shop import Shop

MODULE = """
sent = []

def send_fax(request):
    sent.append(request.customer_id)

def quiet_please(question):
    from journeykit import Drop
    return Drop("quiet, please")

class Postcard:
    def __call__(self, request):
        sent.append("postcard for " + request.customer_id)
"""

ENTRY_POINTS = """
[journeykit.actions]
fax = fax_machine:send_fax
postcard = fax_machine:Postcard
broken = not_installed_at_all:send

[journeykit.policies]
quiet-please = fax_machine:quiet_please
broken-policy = not_installed_at_all:policy
"""


@pytest.fixture(name="package", autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that offers actions and policies, installed as pip would."""
    (tmp_path / "fax_machine.py").write_text(MODULE)
    info = tmp_path / "fax_machine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fax-machine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "fax_machine", raising=False)


def journey(action: str) -> Journey:
    return Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do=action)])


def engine(action: str, **actions: object) -> Engine:
    """An engine that has a customer to send something to."""
    storage, clock = MemoryStorage(), ManualClock("2026-03-02T09:00:00+00:00")
    Shop(storage=storage, at="2026-03-02T09:00:00+00:00")
    made = Engine(journey(action), storage, actions or None, clock=clock)  # type: ignore[arg-type]
    made.handle(Shop(at="2026-03-02T09:00:00+00:00").fact("Signed Up"))
    return made


def test_an_installed_package_performs() -> None:
    """A function, or a class that is made once, found by the name of its entry point."""
    assert engine("fax").dispatch() == (1, 0, 0, 0)
    assert engine("postcard").dispatch() == (1, 0, 0, 0)
    assert sys.modules["fax_machine"].sent == ["ann", "postcard for ann"]


def test_nothing_is_imported_before_it_is_needed() -> None:
    """Many packages may be installed; only what a journey asks for is loaded."""
    actions = Actions()

    assert {"fax", "postcard", "broken"} <= set(actions.names())
    assert "fax" in actions
    assert "telex" not in actions
    assert "fax_machine" not in sys.modules


def test_what_the_host_gives_wins() -> None:
    """An implementation given by name stands above an installed one."""
    given: list[str] = []

    assert engine("fax", fax=lambda request: given.append(request.customer_id)).dispatch() == (1, 0, 0, 0)
    assert given == ["ann"]
    assert "fax_machine" not in sys.modules


def test_a_broken_package_costs_only_its_own_action() -> None:
    """It is tried again like any action that raises, and others are performed."""
    worker = engine("broken")

    assert worker.dispatch() == (0, 1, 0, 0)
    assert worker.outbox()[0].reason == "ModuleNotFoundError: No module named 'not_installed_at_all'"


def test_a_class_is_made_once() -> None:
    """The same object performs every request."""
    actions = Actions({"own": lambda request: Done()})

    assert actions["postcard"] is actions["postcard"]


def asked(policy: str, **options: object) -> list[str]:
    """What became of a mail under a policy that an installed package offers."""
    shop = Shop(journey("email"), Catalog(policies=[policy]), **options)  # type: ignore[arg-type]
    shop.event("Signed Up")
    shop.engine.dispatch()
    return [f"{row.state}: {row.reason}" for row in shop.engine.outbox()]


def test_an_installed_package_has_its_say() -> None:
    """A policy is found by the name of its entry point, as soon as the catalog mentions it; the host's own stands above it."""
    assert asked("quiet-please") == ["dropped: quiet, please"]
    assert asked("quiet-please", policies={"quiet-please": lambda question: Permit()}) == ["performed: None"]


def test_a_broken_policy_lets_nothing_through() -> None:
    """Without its word nothing is performed; it is tried again."""
    assert asked("broken-policy") == ["open: policy \"broken-policy\": ModuleNotFoundError: No module named 'not_installed_at_all'"]
