"""P33: a backlog never bombards."""

from __future__ import annotations

from journeykit import Do, Journey, Step
from journeykit.model.records import Want
from journeykit.runtime.pausing import Clocks
from journeykit.runtime.why import replay
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


WINBACK = Journey(
    "winback", entry="Gone", exits="Back", steps=[Step("gone", stage="retention", wait="2 days"), Step("asked", do=Do("email", about="winback"))]
)  # fmt: skip


def resumed(clocks: Clocks, days: int) -> Shop:
    """Ann is gone on Monday; a day later her journey is paused for so many days."""
    shop = Shop(WINBACK)
    shop.event("Gone")
    shop.wait("1 day")
    shop.engine.pause("winback", clocks=clocks)
    shop.wait(f"{days} days")
    shop.engine.resume("winback")
    shop.wait("2 days")
    return shop


def test_time_stands_still_in_a_pause() -> None:
    """A day of the two was left, and is left after nine more."""
    assert resumed("stand still", 9).sent == ["2026-03-13 09:00 ann email winback"]


def test_what_came_due_in_a_pause_is_as_old_as_it_is() -> None:
    """Where clocks ran on, two days late is in time, eight days late is not: three days is what a message lasts."""
    assert resumed("run on", 3).sent == ["2026-03-06 09:00 ann email winback"]
    assert resumed("run on", 9).sent == []
    assert resumed("run on", 9).engine.outbox()[0].reason == "expired"


def test_a_paused_action_waits_and_expires_as_declared() -> None:
    """Paused for two days it is sent, paused for four it is not."""
    for days, sent in (("2 days", ["2026-03-04 09:00 ann email winback"]), ("4 days", [])):
        shop = Shop(WINBACK)
        shop.event("Gone")
        shop.engine.pause(action="email")
        shop.wait("2 days")
        shop.wait(days)
        shop.engine.resume(action="email")
        shop.wait("1 day")

        assert shop.sent == sent


def test_whoever_comes_back_in_a_pause_is_gone() -> None:
    """What customers do is looked at; after the pause nobody is asked to come back who has."""
    shop = Shop(WINBACK)
    shop.event("Gone")
    shop.engine.pause("winback")
    shop.wait("5 days")
    shop.event("Back")
    shop.engine.resume("winback")
    shop.wait("5 days")

    assert (shop.sent, shop.inside("winback").reason) == ([], "Back")


def test_a_pause_is_replayed_from_the_log() -> None:
    """Held and gone on at the same moments, without any list of pauses."""
    shop = resumed("stand still", 9)
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    again = replay(shop.engine.definitions.compiled, loaded, shop.storage.events("ann"))

    assert [entry for commit in again for entry in commit.history] == shop.storage.history("ann")
    assert [line[12:] for line in shop.told()] == ["entered gone", "held", "resumed", "moved asked", "completed"]
