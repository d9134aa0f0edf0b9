"""What an author writes in short is the same in full; and what every value refuses, word for word."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from journeykit import (
    Catalog,
    DefinitionError,
    Do,
    Done,
    Entry,
    EventError,
    Exit,
    Failed,
    Goal,
    Journey,
    On,
    Retry,
    Scope,
    Start,
    Step,
    Transition,
)
from journeykit.errors import JourneykitError
from journeykit.model.calls import read_call
from journeykit.model.conditions import Expression
from journeykit.model.messages import Event, microseconds, moment, words
from journeykit.model.money import digits
from journeykit.model.objects import ObjectKind
from journeykit.model.pauses import Pause
from journeykit.model.phrases import Aggregate, Expiry, Reentry, Split, rate, seconds, suggestion
from journeykit.model.policies import Defer, Drop, Policy
from journeykit.model.quotas import Take
from journeykit.model.records import OutboxMessage
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait


@pytest.mark.parametrize(
    ("short", "full"),
    [
        (Step("a", wait="1 day"), Step("a", wait=Wait("1 day"))),
        (Step("a", do="email"), Step("a", do=(Do("email"),))),
        (Step("a", do=["email", Start("cart")]), Step("a", do=(Do("email"), Start("cart")))),
        (Step("a", leaving=Do("email", number=5)), Step("a", leaving=(Do("email", number=5),))),
        (Step("a", when={"Go": "b", "Stay": None}), Step("a", when=(Transition("b", on=On("Go")), Transition(None, on=On("Stay"))))),
        (Step("a", when={"Go": Transition("b", do="email")}), Step("a", when=(Transition("b", on=On("Go"), do=(Do("email"),)),))),
        (Step("a", when={"Go": Transition("b", on=On(where="event.n"))}), Step("a", when=(Transition("b", on=On("Go", where="event.n")),))),
        (Step("a", when=Transition("b", on="Go")), Step("a", when=(Transition("b", on=On("Go")),))),
        (Step("a", then="b"), Step("a", then=(Transition("b"),))),
        (Step("a", then=["b", Transition("c")]), Step("a", then=(Transition("b"), Transition("c")))),
        (Step("a", then="50% b, 50% c"), Step("a", then=Split("50% b, 50% c"))),
        (Step("a", set={"data.n": 5}), Step("a", set={"data.n": Expression("5")})),
        (Transition("a", take="early-bird, 5"), Transition("a", take=Take("early-bird, 5"))),
        (On(every="day at 09:00"), On(every=Schedule("day at 09:00"))),
        (On(after="1 day", where="data.n"), On(after=Wait("1 day"), where=Expression("data.n"))),
        (Do("email", expires="2 days"), Do("email", expires=Expiry("2 days"))),
        (Start("cart", customer="event.friend", key="event.cart"), Start("cart", customer=Expression("event.friend"), key=Expression("event.cart"))),
        (Journey("j", entry="Came", steps=Step("a")), Journey("j", entry=(Entry(On("Came")),), steps=(Step("a"),))),
        (Journey("j", entry=On("Came")), Journey("j", entry=(Entry(On("Came")),))),
        (Journey("j", entry=["Came", Entry("Went")]), Journey("j", entry=(Entry(On("Came")), Entry(On("Went"))))),
        (Journey("j", exits="Gone"), Journey("j", exits=(Exit(On("Gone"), end=None, at="once"),))),
        (Journey("j", exits=[On("Gone"), Exit("Left")]), Journey("j", exits=(Exit(On("Gone")), Exit(On("Left"))))),
        (Journey("j", goal="Bought"), Journey("j", goal=Goal(On("Bought")))),
        (Journey("j", goal=On("Bought")), Journey("j", goal=Goal(On("Bought"), end=None))),
        (Journey("j", reentry="always"), Journey("j", reentry=Reentry("always"))),
        (Journey("j"), Journey("j", reentry=Reentry("once"), stages=("awareness", "consideration", "purchase", "retention", "advocacy"), lifecycle=False)),
        (Journey("j", stages=["x", "y"]), Journey("j", stages=("x", "y"))),
        (Scope("s", steps=Step("a"), exits="Gone", when={"Go": "b"}, do="email"), Scope("s", steps=(Step("a"),), exits=(Exit(On("Gone")),), when=(Transition("b", on=On("Go")),), do=(Do("email"),))),
        (Catalog(policies="consent"), Catalog(policies=(Policy("consent"),))),
        (Catalog(policies=["consent", Policy("at most 1 in 1 day")]), Catalog(policies=(Policy("consent"), Policy("at most 1 in 1 day")))),
        (Catalog(facts={"n": "count of A"}, segments={"s": "customer.n"}), Catalog(facts={"n": Aggregate("count of A")}, segments={"s": Expression("customer.n")})),
        (Catalog(events={"A": {"sku": "object, until B", "n": "number"}}), Catalog(events={"A": {"sku": ObjectKind("object, until B"), "n": "number"}})),
    ],
)  # fmt: skip
def test_short_forms_are_the_long_ones(short: object, full: object) -> None:
    """As YAML has them."""
    assert short == full


@pytest.mark.parametrize(
    ("wrong", "problems"),
    [
        (lambda: On("A", changed="customer.x"), ["event and changed together; write one transition for each"]),
        (lambda: On(segment="vip", every="day", after="1 day"), ["segment and every and after together; write one transition for each"]),
        (On, ["nothing to wait for; name an event, changed, segment, settled, every, after, or a where condition"]),
        (lambda: On("A", late="never"), ['.late: "never" is not known; write "accept" or "drop"']),
        (lambda: On(segment="vip", key="x"), [".key: only an event has a key; leave it out"]),
        (lambda: Do("email", message="spam"), ['.message: "spam" is not known; write "marketing", "transactional" or "none"']),
        (lambda: Exit("A", at="twice"), ['.at: "twice" is not known; write "once" or "next action"']),
        (lambda: Journey("j", steps=["in", Step("a"), 5]), ["steps: 'in' is no step; write Step(...) or Scope(...)", "steps: 5 is no step; write Step(...) or Scope(...)"]),
        (lambda: Catalog(traits={"zone": "text"}), ['"zone" is the library\'s own; call the trait or fact something else']),
        (lambda: Catalog(facts={"id": "count of A"}), ['"id" is the library\'s own; call the trait or fact something else']),
        (lambda: Catalog(segments={"not x": "customer.n"}), ['"not x" is no name of a segment; "not NAME" says that one is left']),
        (lambda: Catalog(segments={"": "customer.n"}), ['"" is no name of a segment; "not NAME" says that one is left']),
        (lambda: Catalog(traits={"n": "number"}, facts={"n": "count of A"}), ['"n" is declared as a trait and as a fact; keep one']),
        (lambda: Catalog(holidays=["2026-02-30"]), ["holidays: '2026-02-30' is no date; write it as text, for example \"2026-12-25\""]),
        (lambda: Catalog(holidays=[5]), ['holidays: 5 is no date; write it as text, for example "2026-12-25"']),
        (lambda: ObjectKind("object, 0 per hour"), ['"object, 0 per hour" is no kind; write for example "object" or "object, 1000 per hour, until Sold Out"']),
        (lambda: Expiry("soon"), ['"soon" is no expiry; write "2 days", "never", "with step" or "2 days, with step"']),
        (lambda: Expiry(""), ['"" is no expiry; write "2 days", "never", "with step" or "2 days, with step"']),
        (lambda: seconds(5), ['5 is no duration; write a text, for example "2 hours"']),
        (lambda: rate("0 per hour"), ['"0 per hour" is no rate; write for example "100 per minute" or "5 per 10 seconds"']),
        (lambda: rate("5"), ['"1 " is no duration; write for example "2 hours" or "3 days"']),
        (lambda: Expression(5), ["int is no expression; write text"]),
        (lambda: Wait(5), ['5 is no wait; write it as text, for example "2 hours"']),
        (lambda: Schedule(None), ['None is no schedule; write for example "monday at 09:00", "month on 1 at 09:00" or "year on customer.birthday at 09:00"']),
        (lambda: microseconds("never", "until"), ['until: "never" is no moment; write for example "2026-03-29T09:00:00+01:00"']),
        (lambda: microseconds(5), ["moment: 5 is no moment; give a datetime with a zone, datetime.fromtimestamp(..., UTC)"]),
        (lambda: microseconds(None), ["moment: None is no moment; give a datetime with a zone"]),
        (lambda: microseconds("2026-03-29T09:00:00"), ['moment: "2026-03-29 09:00:00" has no zone; give one, for example datetime(..., tzinfo=UTC)']),
        (lambda: Event("A", id="a", customer_id="ann", occurred_at="x" * 70), ['occurred_at: "' + "x" * 60 + '" is no moment; write for example "2026-03-29T09:00:00+01:00"']),
        (lambda: Event("A", id="a", customer_id="ann", occurred_at=5), ["occurred_at: 5 is no moment; give a datetime with a zone, datetime.fromtimestamp(..., UTC)"]),
        (lambda: Event("A", id="a", customer_id="ann", occurred_at="2026-03-29"), ['occurred_at: "2026-03-29 00:00:00" has no zone; give one, for example datetime(..., tzinfo=UTC)']),
        (lambda: Defer("never"), ['until: "never" is no moment; write for example "2026-03-29T09:00:00+01:00"']),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_in_these_words(wrong: Callable[[], Any], problems: list[str]) -> None:
    """The place, what is there, and the way out."""
    with pytest.raises(JourneykitError) as refused:
        wrong()
    found = list(refused.value.problems) if isinstance(refused.value, DefinitionError) else [str(refused.value)]
    assert found == problems


def test_durations_rates_and_what_is_nearest() -> None:
    """In seconds; a rate in microseconds, of one unit where no number is said."""
    assert [seconds(text) for text in ("1 second", "2 minutes", "3 hours", "4 days", "5 weeks", "1 day 12 hours", "1 hour and 5 seconds")] == [
        1, 120, 10_800, 345_600, 3_024_000, 129_600, 3_605,
    ]  # fmt: skip
    assert [rate(text) for text in (" 5 per 10 seconds ", "1000 per hour", "999999999 per day")] == [
        (5, 10_000_000), (1000, 3_600_000_000), (999_999_999, 86_400_000_000),
    ]  # fmt: skip
    assert [suggestion(word, ["left", "right"]) for word in ("lef", "righd", "xyz", "")] == [
        '; did you mean "left"?',
        '; did you mean "right"?',
        "",
        "",
    ]
    assert [(Expiry(text).age, Expiry(text).owner) for text in ("2 days", "never", "with step", "1 hour, with scope", "never, with step")] == [
        (172_800, None), (0, None), (None, "step"), (3_600, "scope"), (0, "step"),
    ]  # fmt: skip
    kinds = [
        ObjectKind(text) for text in ("object", "object, 5 per minute", "object, until Gone or early-bird", "object, 1 per 2 days, until A")
    ]
    assert [(kind.rate, kind.every, kind.until) for kind in kinds] == [
        (None, 0, ()), (5, 60_000_000, ()), (None, 0, ("Gone", "early-bird")), (1, 172_800_000_000, ("A",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("2 huors", '; did you mean "hour"?'),
        ("1 dya", '; did you mean "day"?'),
        ("2 hoX", ""),
        ("2 hos", '; did you mean "hour"?'),
        ("1 month", "; months and years differ in length, say how many days"),
        ("2 years", "; months and years differ in length, say how many days"),
        ("1 monthX", ""),
        ("0 hours", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_what_is_no_duration(text: str, near: str) -> None:
    """With the nearest unit, where there is one; an s at the end makes no other unit of it, and nothing else is left out."""
    with pytest.raises(DefinitionError) as refused:
        seconds(text)
    assert str(refused.value) == f'"{text}" is no duration; write for example "2 hours" or "3 days"{near}'


def test_moments_are_microseconds() -> None:
    """Of UTC, whatever zone they are told in; back again they are of UTC."""
    at = datetime(2026, 3, 2, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    assert microseconds(at) == microseconds("2026-03-02T09:00:00.000005Z") == 1_772_442_000_000_005
    assert moment(1_772_442_000_000_005) == at
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
    event = Event("A", id="a", customer_id="ann", occurred_at=at)
    assert (event.at, event.properties, event.source) == (1_772_442_000_000_005, {}, "")
    assert Catalog(holidays=["2026-12-25"]).days_off == frozenset({date(2026, 12, 25)})


class Silent:
    """An answer that cannot be shown."""

    def __str__(self) -> str:
        """Nothing."""
        raise RuntimeError("no")


def test_answers_are_what_people_can_read() -> None:
    """Whatever a plugin gives for a reason, and only a number of seconds to wait."""
    assert (words("plain"), words(ValueError("x")), words("a\ud800b")) == ("plain", "x", "a?b")
    assert words(Silent()) == "something of type Silent that cannot be shown"
    assert (Failed(ValueError("x")).reason, Retry(reason=Silent()).reason, Drop(5).reason) == (
        "x",
        "something of type Silent that cannot be shown",
        "5",
    )  # type: ignore[arg-type]
    assert (Done(), Retry(), Failed()) == (Done(None, {}), Retry(None, ""), Failed(""))
    assert [Retry(after).after for after in (0, -5, 1.5, 1e9, 1_000_000_000)] == [0, -5, 1.5, 1e9, 1_000_000_000]
    for wrong in (1e9 + 1, float("inf"), float("nan"), "5"):
        with pytest.raises(ValueError, match=re.escape(f"after: {wrong!r} is no number of seconds; write for example 30")):
            Retry(wrong)  # type: ignore[arg-type]
    assert issubclass(EventError, JourneykitError)


def test_what_people_and_providers_read_of_a_request_and_of_a_pause() -> None:
    """A key that is the same for every attempt and no other request, and whose pause it is."""
    message = OutboxMessage("a/n%", "cart", "k/1", 2, 3, 4, "email", {}, 5, "marketing")
    assert message.idempotency_key == "a%2Fn%25/cart/k%2F1/2/3/4"
    assert message._replace(origin="b/cart//1/1/0").idempotency_key == "b/cart//1/1/0"
    assert [Pause(1, *whose, True, 5).words for whose in ((None, None, None), ("cart", None, None), ("cart", "left", None), (None, None, "email"), ("cart", None, "email"))] == [
        "pause of all journeys", "pause of cart", "pause of step left of cart", "pause of email", "pause of email in cart",
    ]  # fmt: skip
    assert [digits(currency) for currency in ("EUR", "JPY", "KWD", "XXX")] == [2, 0, 3, 2]


def test_a_plugin_is_called_like_a_function() -> None:
    """By its name, with what it is given; the language's own functions are none."""
    found = {
        text: read_call(text)
        for text in ("shop.payday(25, customer.day)", "fair()", "len(event.x)", "Came", "Order (old)", "fair(", "fair(5 5)", "9x()")
    }

    assert {text: call and (call.name, call.arguments.text) for text, call in found.items()} == {
        "shop.payday(25, customer.day)": ("shop.payday", "[25, customer.day]"), "fair()": ("fair", "[]"), "len(event.x)": None, "Came": None,
        "Order (old)": None, "fair(": None, "fair(5 5)": None, "9x()": None,
    }  # fmt: skip
    assert [
        Journey("j", **more).keyed for more in ({}, {"key": "cart"}, {"each": "customer.cards"}, {"key": "x", "each": "customer.y"})
    ] == [None, "cart", "id", "x"]
