"""Who watches is told what happened, and can break nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from journeykit import Do, Failed, Journey, On, Retry, Step, Transition
from shop import Shop

TRIAL = Journey(
    "trial",
    stage="awareness",
    entry="Signed Up",
    steps=[
        Step("in", do="email", wait="1 day", when=[Transition("far", on=On("Order Completed", where="event.total > 10"))]),
        Step("far", end="far"),
    ],
)


class Watcher:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, details: Mapping[str, Any], /) -> None:
        self.told.append((what, dict(details)))

    def short(self) -> list[str]:
        return [what for what, _ in self.told]


@pytest.fixture(name="watcher")
def _watcher() -> Watcher:
    return Watcher()


def test_a_commit_is_told_with_all_it_holds(watcher: Watcher) -> None:
    """Metrics and audit trails see the commit that was written."""
    shop = Shop(TRIAL, hooks=[watcher])
    shop.event("Signed Up")
    ((what, details),) = watcher.told

    assert what == "committed"
    assert (details["customer_id"], details["commit"].revision) == ("ann", 1)


def test_timers_actions_and_parked_parts_are_told(watcher: Watcher) -> None:
    """One call for each thing that happened, in order."""
    shop = Shop(TRIAL, hooks=[watcher])
    shop.event("Signed Up")
    shop.work()
    shop.event("Order Completed", total="many")
    shop.wait("2 days")

    assert watcher.short() == ["committed", "performed", "committed", "parked", "committed", "fired"]
    parked = watcher.told[3][1]
    assert (parked["customer_id"], parked["journey"], parked["key"]) == ("ann", "trial", "")
    assert "total" in parked["error"]
    assert watcher.told[1][1] == {
        "customer_id": "ann", "journey": "trial", "action": "email", "idempotency_key": "ann/trial//1/1/0", "attempt": 1, "reason": None,
    }  # fmt: skip
    assert watcher.told[5][1] == {"customer_id": "ann", "timers": 1}


@pytest.mark.parametrize(("answer", "what", "reason"), [(Retry(reason="busy"), "retried", "busy"), (Failed("gone"), "dead", "gone")])
def test_what_does_not_work_is_told(watcher: Watcher, answer: object, what: str, reason: str) -> None:
    """Every attempt is told with its outcome."""
    shop = Shop(TRIAL, hooks=[watcher], answers={"email": lambda _: answer})
    shop.event("Signed Up")
    shop.work()

    assert watcher.short() == ["committed", what]
    assert watcher.told[1][1]["reason"] == reason


def test_a_drop_is_told(watcher: Watcher) -> None:
    """With its reason."""
    journey = Journey("late", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("email", expires="1 hour"))])
    shop = Shop(journey, hooks=[watcher])
    shop.event("Signed Up")
    shop.clock.advance(7_200)
    shop.work()

    assert watcher.told[-1][0] == "dropped"
    assert watcher.told[-1][1]["reason"] == "expired"


def test_a_hook_that_fails_changes_nothing(watcher: Watcher, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next hook is told all the same."""

    def broken(what: str, details: Mapping[str, Any], /) -> None:
        raise ValueError("no disk")

    shop = Shop(TRIAL, hooks=[broken, watcher])
    with caplog.at_level(logging.WARNING, "journeykit"):
        shop.event("Signed Up")
        shop.work()

    assert watcher.short() == ["committed", "performed"]
    assert [record.getMessage() for record in caplog.records] == [
        "hook failed on committed: ValueError",
        "hook failed on performed: ValueError",
    ]
