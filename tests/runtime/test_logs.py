"""What whoever runs a shop reads in its log: what went wrong, in which journey, and what comes of it; about whom, only at DEBUG."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from journeykit import Catalog, Do, Failed, Journey, Retry, Step
from journeykit.runtime.backoff import Backoff
from shop import Shop

STILL = Backoff(first=60, attempts=2, jitter=lambda: 0)
HELLO = Journey("hello", entry="Signed Up", steps=[Step("greeted", stage="retention", do=Do("email", template="hi"))])


def lines(caplog: pytest.LogCaptureFixture, least: int = logging.INFO) -> list[str]:
    """What the log says from a level on, with whom each record is about."""
    about = [
        " ".join(filter(None, (getattr(record, name, "") for name in ("customer", "journey", "key", "action", "hook"))))
        for record in caplog.records
    ]
    told = [f"{record.levelname} {record.getMessage()}" for record in caplog.records]
    return [f"{text} | {whom}" for text, whom, record in zip(told, about, caplog.records, strict=True) if record.levelno >= least]


def test_an_action_that_fails_until_it_is_dead(caplog: pytest.LogCaptureFixture) -> None:
    """The first time the line is down, the second time the provider asks to come later: each line says which journey, and what comes of it."""
    caplog.set_level(logging.INFO, "journeykit")
    answers = iter([OSError("no line to ann@example.com"), Retry(reason="busy")])

    def fails(request: object) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shop = Shop(HELLO, answers={"email": fails}, backoff=STILL)
    shop.event("Signed Up")
    shop.wait("2 minutes")

    assert lines(caplog) == [
        "WARNING action email of journey hello, attempt 1, failed: OSError | ann hello email",
        "INFO action email of journey hello did not work at attempt 1 and is tried again in 60 seconds | ann hello email",
        "ERROR action email of journey hello is a dead letter at attempt 2 | ann hello email",
    ]


def test_why_a_letter_is_dead_is_told_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """The words of an action may be personal."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = Shop(HELLO, answers={"email": lambda request: Failed(f"no address of {request.customer_id}")})
    shop.event("Signed Up")
    shop.work()

    assert lines(caplog, logging.DEBUG) == [
        "DEBUG committed ann at revision 1: Signed Up, 2 history, 1 actions | ann",
        "ERROR action email of journey hello is a dead letter at attempt 1 | ann hello email",
        "DEBUG email of ann is a dead letter: no address of ann | ann hello email",
    ]


def test_a_part_that_is_parked_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Once for each, whether it was handled at once or by a worker, and not before it stands written; what failed is told at DEBUG."""
    caplog.set_level(logging.INFO, "journeykit")
    half = Journey(
        "half",
        key="cart",
        entry="Asked",
        steps=[Step("in", stage="awareness", wait="1 hour", set={"data.part": "100 / event.part"}), Step("out")],
    )
    shop = Shop(half)
    shop.event("Asked", cart="c1", part=0)
    shop.engine.accept(shop.fact("Asked", "ben", cart="c2", part=0), shop.fact("Asked", "eve", cart="c3", part=5))
    shop.work()

    assert lines(caplog) == [
        "WARNING a part of a signal is parked with an error in journey half, to be tried again after a fix | ann half",
        "WARNING a part of a signal is parked with an error in journey half, to be tried again after a fix | ben half",
    ]


def test_what_is_held_dropped_and_performed_is_told_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """One mail is held until the night is over and performed then; to who has not agreed it is dropped; each says why."""
    caplog.set_level(logging.DEBUG, "journeykit")
    catalog = Catalog(actions={"email": "marketing"}, policies=["consent", "quiet 22:00 to 08:00, missing zone UTC"])
    shop = Shop(HELLO, catalog, at="2026-03-02T23:00:00+00:00")
    shop.identify("ann", consent={"email": True})
    for who in ("ann", "ben"):
        shop.event("Signed Up", who)
    shop.wait("10 hours")

    assert [line for line in lines(caplog, logging.DEBUG) if "committed" not in line] == [
        "DEBUG email of ann held until 2026-03-03T08:00:00+00:00: quiet hours: 22:00 to 08:00 | ann hello email",
        "DEBUG email of ben dropped: consent: never given for email | ben hello email",
        "DEBUG email of ann performed | ann hello email",
    ]


def test_a_rate_that_is_used_up_is_told_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Not once for each message that waits, but once for the action."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = Shop(HELLO, rates={"email": "2 per hour"})
    for who in ("ann", "ben", "eve", "zoe", "max"):
        shop.event("Signed Up", who)
    shop.engine.dispatch()

    assert [line for line in lines(caplog, logging.DEBUG) if "rate" in line] == [
        "DEBUG action email has gone as often as its rate allows; it may again from 2026-03-02T10:00:00+00:00 on | "
    ]


def test_a_hook_that_fails_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """Which of several it was stands in the record."""
    caplog.set_level(logging.INFO, "journeykit")
    shop = Shop(HELLO, hooks=[print_nothing, broken])
    shop.event("Signed Up")

    assert lines(caplog) == ["WARNING hook failed on committed: ValueError | ann broken"]


def print_nothing(what: str, details: object) -> None:
    """A hook that works."""


def broken(what: str, details: object) -> None:
    """A hook that does not."""
    raise ValueError("no disk")
