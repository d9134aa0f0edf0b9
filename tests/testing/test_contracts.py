"""The contracts of plugins are worth something: sound ones pass, and each that is broken in one place is caught by the test that speaks of it."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from journeykit import Defer, Done, Drop, Failed, Permit, Retry
from journeykit.testing.contracts import ActionContract, PolicyContract, TimerContract, TriggerContract
from journeykit.testing.purity import impurities
from journeykit.testing.receivers import talking


def failed(contract: type, **changes: object) -> dict[str, str]:
    """The tests of a contract that do not pass, with what they say."""
    suite = type("Suite", (contract,), changes)()
    found = {}
    for name in sorted(name for name in dir(suite) if name.startswith("test_")):
        try:
            getattr(suite, name)()
        except pytest.skip.Exception:
            continue
        except Exception as error:  # noqa: BLE001  whatever a test fails with
            found[name] = str(error)
    return found


def brings(maker: str, plugin: Callable[[], Any]) -> dict[str, Any]:
    return {maker: lambda self: plugin()}


# -- triggers --------------------------------------------------------------------------------------------------------------


class Campaign:
    event = "Page Viewed"

    def __call__(self, event, name, /):
        return f"utm_campaign={name}" in str(event.properties.get("url", ""))


class CampaignContract(TriggerContract):
    name = "shop.campaign"

    def create_trigger(self):
        return Campaign()

    def recognised(self):
        return [({"url": "https://shop.example/?utm_campaign=spring"}, ("spring",)), ({"url": "/?utm_campaign=x"}, ("x",))]

    def left(self):
        return [({"url": "https://shop.example/"}, ("spring",))]


class Silent(Campaign):
    event = ""


class Everything(Campaign):
    def __call__(self, event, name, /):
        return True


class Nothing(Campaign):
    def __call__(self, event, name, /):
        return False


class FirstOnly(Campaign):
    """Keeps in mind whom it has seen."""

    def __init__(self):
        self.seen = set()

    def __call__(self, event, name, /):
        known = str(event.properties) in self.seen
        self.seen.add(str(event.properties))
        return super().__call__(event, name) and not known


class OnWeekdays(Campaign):
    def __call__(self, event, name, /):
        return datetime.now(UTC).year > 1999 and super().__call__(event, name)


class ByTheClock(Campaign):
    def __call__(self, event, name, /):
        return time.time() > 0 and super().__call__(event, name)


class ByChance(Campaign):
    def __call__(self, event, name, /):
        return random.random() < 2 and super().__call__(event, name)


class ByEnvironment(Campaign):
    def __call__(self, event, name, /):
        return os.environ.get("SHOP") is None and super().__call__(event, name)


class Marking(Campaign):
    def __call__(self, event, name, /):
        event.properties["seen"] = True
        return super().__call__(event, name)


class Trusting(Campaign):
    def __call__(self, event, name, /):
        return f"utm_campaign={name}" in event.properties["url"]


class Demanding(Campaign):
    def __call__(self, event, name, /):
        return "utm_campaign=" + name in str(event.properties.get("url", ""))


class Greedy(Campaign):
    def __call__(self, event, name, also, /):
        return super().__call__(event, name)


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (Silent, {"test_it_says_which_event_it_wants_to_see", "test_a_journey_names_it", "test_an_engine_asks_it"}),
        (Everything, {"test_it_leaves_what_it_should", "test_an_engine_asks_it"}),
        (Nothing, {"test_it_recognises_what_it_should", "test_an_engine_asks_it"}),
        (FirstOnly, {"test_it_answers_the_same_for_ever"}),
        (OnWeekdays, {"test_it_reads_no_clock_and_no_chance"}),
        (ByTheClock, {"test_it_reads_no_clock_and_no_chance"}),
        (ByChance, {"test_it_reads_no_clock_and_no_chance"}),
        (ByEnvironment, {"test_it_reads_no_clock_and_no_chance"}),
        (Marking, {"test_it_changes_nothing_that_it_is_given"}),
        (Trusting, {"test_it_answers_where_something_is_missing_or_odd"}),
        (Demanding, {"test_it_answers_where_something_is_missing_or_odd"}),
    ],
)
def test_a_broken_trigger_is_caught(broken: type, found: set[str]) -> None:
    """By the test that speaks of it, and by no other."""
    assert set(failed(CampaignContract, **brings("create_trigger", broken))) == found


def test_a_trigger_that_takes_other_arguments_is_caught() -> None:
    """Nothing of it works."""
    said = failed(CampaignContract, **brings("create_trigger", Greedy))

    assert "does not take 1 argument" in said["test_a_journey_names_it"]


# -- timers ----------------------------------------------------------------------------------------------------------------


def payday(anchor, /, day=25):
    """The next such day of a month that has it."""
    if not isinstance(day, int) or not 1 <= day <= 28:
        return None
    month = anchor.date().replace(day=1)
    while month.replace(day=day) <= anchor.date():
        month = (month + timedelta(days=31)).replace(day=1)
    return month.replace(day=day)


class PaydayContract(TimerContract):
    name = "shop.payday"

    def create_timer(self):
        return payday

    def examples(self):
        return [
            ("2026-04-01 10:00", (25,), date(2026, 4, 25)),
            ("2026-03-25 10:00", (25,), date(2026, 4, 25)),
            ("2026-03-01 10:00", (29,), None),
            ("2026-12-31 23:59", (1,), date(2027, 1, 1)),
        ]


class Before:
    """The time of an appointment, which may be over."""

    def __call__(self, anchor, /, day):
        return None if day is None else datetime.fromisoformat(day)


def from_today(anchor, /, day=25):
    return payday(datetime.now(anchor.tzinfo) if anchor.year > 2100 else anchor, day) if date.today() else None


class Counting:
    def __init__(self):
        self.calls = count()

    def __call__(self, anchor, /, day=25):
        found = payday(anchor, day)
        return found + timedelta(days=next(self.calls)) if found else None


def as_seconds(anchor, /, day=25):
    found = payday(anchor, day)
    return None if found is None else 86_400 * found.day


def a_day_early(anchor, /, day=25):
    found = payday(anchor, day)
    return found and found - timedelta(days=1)


def trusting(anchor, /, day=25):
    return payday(anchor, day + 0)


def on_29th(anchor, /, day=25):
    """Fails in most Februaries."""
    anchor.replace(month=2, day=29 if anchor.year % 4 == 0 else 28)
    return payday(anchor.replace(year=anchor.year + 1) if anchor.month == 2 and anchor.day == 29 else anchor, day)


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (lambda: from_today, {"test_it_reads_no_clock_and_no_chance"}),
        (Counting, {"test_it_answers_the_same_for_ever"}),
        (lambda: as_seconds, {"test_it_knows_the_moment", "test_it_answers_at_every_boundary_of_a_year", "test_an_engine_waits_for_it"}),
        (lambda: a_day_early, {"test_it_knows_the_moment", "test_an_engine_waits_for_it"}),
        (lambda: trusting, {"test_it_answers_where_an_argument_is_missing"}),
        (lambda: on_29th, {"test_it_answers_at_every_boundary_of_a_year"}),
    ],
)
def test_a_broken_timer_is_caught(broken: Callable[[], Any], found: set[str]) -> None:
    """By the test that speaks of it, and by no other."""
    assert set(failed(PaydayContract, **brings("create_timer", broken))) == found


def test_a_timer_may_answer_moments_and_the_past() -> None:
    """An appointment with a time, one that is over, and one that nobody knows."""
    examples = [
        ("2026-03-28 10:00", ("2026-03-29T03:30:00",), datetime(2026, 3, 29, 3, 30)),
        ("2026-03-28 10:00", ("2026-03-29T03:30:00+00:00",), datetime(2026, 3, 29, 3, 30, tzinfo=UTC)),
        ("2026-03-28 10:00", ("2026-03-27T03:30:00",), datetime(2026, 3, 27, 3, 30)),
        ("2026-03-28 10:00", (None,), None),
    ]
    assert failed(PaydayContract, name="shop.appointment", examples=lambda self: examples, **brings("create_timer", Before)) == {}


# -- policies --------------------------------------------------------------------------------------------------------------


def manners(question, /):
    if question.customer.get("wants_silence"):
        return Drop("wants silence")
    if question.customer.get("on_holiday"):
        return Defer(question.now + timedelta(days=1), "on holiday")
    return Permit()


class MannersContract(PolicyContract):
    name = "shop.manners"

    def create_policy(self):
        return manners

    def examples(self):
        return [
            (self.question(), Permit),
            (self.question(customer={"on_holiday": True}), Defer),
            (self.question(customer={"wants_silence": True}, parameters={"template": "hello"}), Drop),
        ]


def mute(question, /):
    answer = manners(question)
    return Drop() if isinstance(answer, Drop) else answer


def until_now(question, /):
    answer = manners(question)
    return Defer(question.now, answer.reason) if isinstance(answer, Defer) else answer


def marking(question, /):
    question.customer["asked"] = True
    return manners(question)


def reading_the_clock(question, /):
    return manners(question) if time.time() else Permit()


def strict(question, /):
    return Drop("wants silence") if question.customer["wants_silence"] else manners(question)


def yes(question, /):
    return True


class EveryOther:
    def __init__(self):
        self.asked = count()

    def __call__(self, question, /):
        return manners(question) if next(self.asked) < 3 else Permit()


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (lambda: mute, {"test_it_says_why"}),
        (lambda: until_now, {"test_it_holds_until_later"}),
        (lambda: marking, {"test_it_changes_nothing_that_it_is_given"}),
        (lambda: reading_the_clock, {"test_it_reads_no_clock_and_no_chance"}),
        (
            lambda: strict,
            {"test_it_answers_as_it_should", "test_it_says_why", "test_it_holds_until_later", "test_it_answers_the_same_for_ever",
             "test_it_changes_nothing_that_it_is_given", "test_it_answers_where_something_is_missing_or_odd", "test_an_engine_asks_it"},
        ),
        (lambda: yes, {"test_it_answers_as_it_should", "test_an_engine_asks_it"}),
        (EveryOther, {"test_it_answers_the_same_for_ever"}),
    ],
)  # fmt: skip
def test_a_broken_policy_is_caught(broken: Callable[[], Any], found: set[str]) -> None:
    """By the test that speaks of it, and by no other."""
    assert set(failed(MannersContract, **brings("create_policy", broken))) == found


def test_a_policy_that_asks_a_service_says_so() -> None:
    """Then it may read a clock, and answer otherwise the next time."""
    assert failed(MannersContract, pure=False, **brings("create_policy", lambda: reading_the_clock)) == {}


# -- actions ---------------------------------------------------------------------------------------------------------------

SENT: dict[str, Any] = {}


class Coupon:
    """Issues a coupon once for each key."""

    def __call__(self, request, /):
        percent = request.parameters.get("percent")
        if not isinstance(percent, int) or isinstance(percent, bool) or not 0 < percent <= 50:
            return Failed(f"{percent!r} is no discount")
        SENT[request.idempotency_key] = percent
        return Done("Coupon Created", {"code": f"SAVE{percent}"})


class CouponContract(ActionContract):
    name = "shop.coupon"
    once = True
    time_limit = 60.0

    def create_action(self):
        return Coupon()

    def performed(self):
        return [{"percent": 10, "note": "hello"}, {"percent": 50}]

    def refused(self):
        return [{"percent": 51}]

    def effects(self):
        return dict(SENT)


class Wasteful(Coupon):
    def __call__(self, request, /):
        SENT[f"another {len(SENT)}"] = 1
        return super().__call__(request)


class Fickle(Coupon):
    made = count()

    def __call__(self, request, /):
        answer = super().__call__(request)
        return Done("Coupon Created", {"code": next(self.made)}) if isinstance(answer, Done) else answer


class Moody(Coupon):
    def __call__(self, request, /):
        return super().__call__(request) if request.parameters.get("percent") != 10 else "ok"


class Foreign(Coupon):
    def __call__(self, request, /):
        answer = super().__call__(request)
        return Done("$identify", answer.properties) if isinstance(answer, Done) else answer


class Unwritable(Coupon):
    def __call__(self, request, /):
        answer = super().__call__(request)
        return Done("Coupon Created", {"at": (1, 2)}) if isinstance(answer, Done) else answer


class Grabbing(Coupon):
    def __call__(self, request, /):
        request.parameters.pop("note", None)
        return super().__call__(request)


class Raising(Coupon):
    def __call__(self, request, /):
        return super().__call__(request) if request.parameters["percent"] is not None else Failed("no")


class Waiting(Coupon):
    def __call__(self, request, /):
        return Retry(reason="later") if request.parameters.get("percent") == 51 else super().__call__(request)


class Wordless(Coupon):
    def __call__(self, request, /):
        answer = super().__call__(request)
        return Failed() if isinstance(answer, Failed) else answer


class Slow(Coupon):
    def __call__(self, request, /):
        if request.customer_id == "ann" and threading.current_thread() is not threading.main_thread():
            time.sleep(60)
        return super().__call__(request)


class Mixing(Coupon):
    """Keeps what it was asked for where the next request leaves its own."""

    together = threading.Barrier(8)

    def __call__(self, request, /):
        self.percent = request.parameters.get("percent")
        if request.customer_id == "ann" or threading.current_thread() is threading.main_thread():
            return super().__call__(request)
        self.together.wait(60)
        percent = self.percent
        self.together.wait(60)
        return Done("Coupon Created", {"code": f"SAVE{percent}"})


class OneThread(Coupon):
    def __call__(self, request, /):
        if request.customer_id != "ann" and threading.current_thread() is not threading.main_thread():
            return Retry(reason="made by another thread")
        return super().__call__(request)


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (Wasteful, {"test_the_same_key_twice_does_it_once"}),
        (Fickle, {"test_the_same_key_twice_does_it_once"}),
        (Moody, {"test_it_does_its_thing", "test_it_answers_done_retry_or_failed", "test_an_engine_performs_it", "test_it_can_be_called_from_any_thread"}),
        (Foreign, {"test_what_it_answers_can_be_kept", "test_an_engine_performs_it"}),
        (Unwritable, {"test_what_it_answers_can_be_kept"}),
        (Grabbing, {"test_it_changes_nothing_that_it_is_given"}),
        (Raising, {"test_what_is_missing_or_odd_is_answered"}),
        (Waiting, {"test_it_refuses_what_will_never_work"}),
        (Wordless, {"test_it_refuses_what_will_never_work"}),
        (Slow, {"test_it_comes_back"}),
        (OneThread, {"test_it_can_be_called_from_any_thread"}),
        (Mixing, {"test_it_can_be_called_from_any_thread"}),
    ],
)  # fmt: skip
def test_a_broken_action_is_caught(broken: type, found: set[str]) -> None:
    """By the test that speaks of it, and by no other."""
    SENT.clear()
    limit = {"time_limit": 0.5} if broken is Slow else {}
    assert set(failed(CouponContract, **brings("create_action", broken), **limit)) == found


def test_an_action_that_waits_for_ever_is_caught() -> None:
    """Whoever it talks to says nothing: with a time limit of its own it comes back, without one it hangs."""
    over = threading.Event()

    def calling(port: int, limit: float | None) -> Callable[[Any], Done]:
        def action(_request: Any) -> Done:
            with socket.create_connection(("127.0.0.1", port), limit) as line:
                line.recv(1)
            return Done()

        return action

    with talking(lambda _sock: over.wait(60)) as port:
        for limit, patience, found in ((0.05, 60.0, set()), (None, 0.5, {"test_it_comes_back"})):
            stalled = {"create_stalled_action": lambda self, limit=limit: calling(port, limit), "time_limit": patience}
            assert set(failed(CouponContract, **stalled)) == found
        over.set()


# -- all of them -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", [CampaignContract, PaydayContract, MannersContract, CouponContract])
def test_a_sound_plugin_passes(contract: type) -> None:
    """Run by hand like this, no contract finds anything wrong with it."""
    SENT.clear()
    assert failed(contract) == {}


@pytest.mark.parametrize("contract", [TriggerContract, TimerContract, PolicyContract, ActionContract])
def test_a_contract_without_examples_says_what_to_write(contract: type) -> None:
    """Nothing passes by saying nothing."""
    said = failed(contract)

    assert len(said) >= 8
    assert all("return" in error for error in said.values())


def test_an_action_that_says_nothing_about_repeating_is_not_held_to_it() -> None:
    """The test is skipped, with the reason."""
    suite = type("Suite", (CouponContract,), {"once": False})()
    with pytest.raises(pytest.skip.Exception, match="may be done twice"):
        suite.test_the_same_key_twice_does_it_once()


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: datetime.now(UTC), ["datetime.now"]),
        (date.today, ["date.today"]),
        (time.monotonic, ["time.monotonic"]),
        (lambda: random.choice([1, 2]), ["random.getrandbits"]),
        (lambda: os.urandom(1), ["posix.urandom"]),
        (lambda: os.environ["PATH"], ["os.environ"]),
        (lambda: Path(os.devnull).read_text("utf-8"), ["io.open"]),
        (lambda: socket.socket().close(), ["socket.close"]),
        (lambda: sorted([3, 1], key=str), []),
        (lambda: datetime.fromisoformat("2026-03-02").strftime("%Y"), []),
    ],
)
def test_what_a_call_reaches(call: Callable[[], object], found: list[str]) -> None:
    """Clocks, chance, files, the network, the environment; calculating reaches nothing."""
    assert [name for name in found if name not in impurities(call)] == []
    assert bool(impurities(call)) is bool(found)
