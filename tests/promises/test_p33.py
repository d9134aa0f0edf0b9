"""P33: a backlog never bombards."""

from __future__ import annotations

from journeykit import Do, Journey, Step
from shop import Shop


def greet(do: Do) -> Journey:
    """A mail two hours after signing up."""
    return Journey("greet", entry="Signed Up", steps=[Step("in", stage="awareness", wait="2 hours"), Step("greeted", do=do)])


def after(days: int, do: Do) -> list[str]:
    """What is sent where nobody worked for so many days."""
    shop = Shop(greet(do))
    shop.event("Signed Up")
    shop.clock.advance(days * 86_400)
    shop.work()
    return shop.sent or [row.reason or "" for row in shop.engine.outbox("dropped")]


def test_a_message_older_than_three_days_is_dropped() -> None:
    """The worker comes back after a week; the greeting of last week stays unsent, with the reason."""
    assert after(7, Do("email")) == ["expired"]


def test_the_age_counts_from_the_decision() -> None:
    """Three days later by the clock, but not three days after the mail was due: it is sent."""
    assert after(3, Do("email")) == ["2026-03-02 11:00 ann email"]


def test_never_can_be_said() -> None:
    """An invoice is sent however late."""
    assert after(30, Do("email", expires="never")) == ["2026-03-02 11:00 ann email"]


def test_a_shorter_time_can_be_said() -> None:
    """A reminder of an hour ago is none."""
    assert after(1, Do("email", expires="1 hour")) == ["expired"]


def test_what_reaches_nobody_does_not_expire() -> None:
    """A ticket is opened however late."""
    assert after(30, Do("ticket", message="none")) == ["2026-03-02 11:00 ann ticket"]


def test_importing_history_performs_nothing() -> None:
    """Two years of purchases go through the journey without one mail; who is inside then goes on as usual."""
    shop = Shop(greet(Do("email")), history=True)
    for customer, at in {"ann": "2024-05-01T10:00:00+00:00", "ben": "2026-03-02T08:00:00+00:00"}.items():
        shop.event("Signed Up", customer, at=at)
    shop.engine.run_due("2026-03-02T09:00:00+00:00")
    shop.work()

    assert shop.sent == []
    assert [row.state for row in shop.engine.outbox()] == ["imported"]

    live = Shop(greet(Do("email")), storage=shop.storage)
    live.wait("3 hours")

    assert live.sent == ["2026-03-02 10:00 ben email"]


def test_importing_history_performs_where_that_is_asked_for() -> None:
    """An import into an empty outbox may perform what is not too old."""
    shop = Shop(greet(Do("email")), history=True, perform=True)
    shop.event("Signed Up", at="2026-03-02T06:00:00+00:00")
    shop.work()

    assert shop.sent == ["2026-03-02 08:00 ann email"]
