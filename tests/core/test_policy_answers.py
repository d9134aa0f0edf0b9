"""What each policy answers about one message, to the microsecond and word for word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from journeykit.core.compiling.policies import HELD_OUT, TREATED, Case, compile_policies, lanes_of, priority, topic
from journeykit.core.expressions.context import Context, Declared
from journeykit.core.facts.facts import FactTable, fold
from journeykit.model.customer import Catalog
from journeykit.model.messages import Event, microseconds, moment
from journeykit.model.policies import Defer, Permit, Policy, PolicyAnswer, Question
from journeykit.model.records import Facts, OutboxMessage, Sent

NOON = microseconds(datetime(2026, 3, 4, 12, tzinfo=UTC))  # a Wednesday
SECOND, HOUR = 1_000_000, 3_600_000_000


def message(
    action: str = "email", kind: str = "marketing", *, at: int = NOON, expires_at: int | None = None, **parameters: Any
) -> OutboxMessage:
    """One that is about to be performed for Ann."""
    return OutboxMessage("ann", "cart", "", 1, 1, 0, action, parameters, at, kind, expires_at)


def answer(
    policies: list[str] | str,
    about: OutboxMessage,
    facts: Facts | None = None,
    now: int = NOON,
    zone: str | None = None,
    sent: tuple[Sent, ...] = (),
    host: PolicyAnswer | None = None,
) -> str:
    """What stands against it, in words: ``later (until): reason`` or the reason it is dropped for; nothing where it is permitted."""
    listed = [policies] if isinstance(policies, str) else policies
    chain = compile_policies([Policy(text) for text in listed], Declared({}, {}))
    found = chain.verdict(Case(about, facts or Facts(), now, zone, sent), lambda name, question: host or Permit())
    if found is None:
        return ""
    if isinstance(found.answer, Defer):
        return f"later ({found.answer.until:%m-%d %H:%M:%S}): {found.answer.reason}"
    return found.answer.reason


def test_consent_is_asked_for_the_channel() -> None:
    """Opt-in: only who has agreed; opt-out: everybody but who has refused. What is no marketing asks nobody."""
    agreed, refused = Facts(consent={"email": True, "sms": False}), Facts(consent={"email": False})

    assert answer("consent opt-in", message(), agreed) == ""
    assert answer("consent opt-in", message(), refused) == "consent: refused for email"
    assert answer("consent opt-in", message()) == "consent: never given for email"
    assert answer("consent opt-in", message("sms"), agreed) == "consent: refused for sms"
    assert answer("consent opt-out", message()) == ""
    assert answer("consent opt-out", message(), refused) == "consent: refused for email"
    assert answer("consent opt-in", message(kind="transactional")) == ""
    assert answer("consent opt-in", message(kind="none")) == ""


def test_of_several_sentences_about_consent_the_one_that_names_the_channel_counts() -> None:
    """Mail is opt-out although everything else is opt-in, in whatever order they stand."""
    for policies in (["consent opt-in", "consent opt-out for email"], ["consent opt-out for email", "consent opt-in"]):
        assert answer(policies, message()) == ""
        assert answer(policies, message("sms")) == "consent: never given for sms"


def test_consent_is_asked_for_a_topic() -> None:
    """News needs a consent of its own, beside that for the channel."""
    policies = ["consent opt-out", "consent opt-in about news"]

    assert answer(policies, message(topic="news")) == "consent: never given for news"
    assert answer(policies, message(topic="news"), Facts(consent={"news": True})) == ""
    assert answer(policies, message(topic="news"), Facts(consent={"news": True, "email": False})) == "consent: refused for email"
    assert answer(policies, message(topic="offers")) == ""
    assert answer(policies, message()) == ""


def test_who_was_erased_has_to_agree_again() -> None:
    """Even where nothing is said about consent; for the channel or the topic."""
    erased = {"$erased": "1"}

    assert answer([], message(), Facts(arms=erased)) == "erased: no consent has been given since"
    assert answer([], message(), Facts(arms=erased, consent={"sms": True})) == "erased: no consent has been given since"
    assert answer([], message(), Facts(arms=erased, consent={"email": False})) == "erased: no consent has been given since"
    assert answer([], message(), Facts(arms=erased, consent={"email": True})) == ""
    assert answer([], message(topic="news"), Facts(arms=erased, consent={"news": True})) == ""
    assert answer([], message(kind="transactional"), Facts(arms=erased)) == ""


def test_a_message_expires_in_the_instant_it_says() -> None:
    """One microsecond before it, it may be sent; of whatever kind it is."""
    assert answer([], message(expires_at=NOON + 1)) == ""
    assert answer([], message(expires_at=NOON)) == "expired"
    assert answer([], message(kind="none", expires_at=NOON - 1)) == "expired"
    assert answer([], message()) == ""


def test_a_holdout_holds_out_whom_its_hash_says() -> None:
    """By ``holdout/control/ann`` she stands at 98: 98 of a hundred do not hold her out, 99 do."""
    chain = compile_policies([Policy("hold out 99% as control")], Declared({}, {}))

    assert answer("hold out 98% as control", message()) == ""
    assert answer("hold out 99% as control", message()) == "holdout: control"
    assert answer("hold out 99% as control", message(kind="transactional")) == ""
    assert answer("hold out 99% as control", message(), Facts(arms={"holdout/control": TREATED})) == ""
    assert answer("hold out 1% as control", message(), Facts(arms={"holdout/control": HELD_OUT})) == "holdout: control"
    assert chain.drawn("ann", Facts(), [message()]).arms == {"holdout/control": "held out"}
    assert chain.drawn("ann", Facts(arms={"holdout/control": TREATED, "x": "y"}), [message()]).arms == {
        "holdout/control": "treated",
        "x": "y",
    }
    assert chain.drawn("ann", Facts(arms={"x": "y"}), [message()]).arms == {"x": "y", "holdout/control": "held out"}
    assert chain.drawn("ann", Facts(), [message(kind="transactional")]).arms == {}


def test_a_named_treatment_is_held_out_whatever_it_is() -> None:
    """A coupon is no message, and withheld all the same where it is named."""
    coupon = message("coupon", "none")

    assert answer("hold out 99% for coupon as control", coupon) == "holdout: control"
    assert answer("hold out 99% for coupon as control", message()) == ""
    assert answer("hold out 99% as control", coupon) == ""


@pytest.mark.parametrize(
    ("policy", "asked", "now", "expected"),
    [
        ("none while customer.tired as tired", NOON, NOON, "suppressed: tired"),
        ("no marketing while customer.tired as tired", NOON, NOON, "suppressed: tired"),
        ("no marketing while customer.tired as tired or defer up to 3 hours", NOON, NOON, "later (03-04 13:00:00): suppressed: tired"),
        (
            "no marketing while customer.tired as tired or defer up to 3 hours",
            NOON,
            NOON + 2 * HOUR + 1,
            "later (03-04 15:00:00): suppressed: tired",
        ),
        (
            "no marketing while customer.tired as tired or defer up to 3 hours",
            NOON,
            NOON + 3 * HOUR,
            "suppressed: tired, and not over within the time that it may be held",
        ),
    ],
)
def test_who_is_tired_is_let_alone(policy: str, asked: int, now: int, expected: str) -> None:
    """While it lasts; a message that may be held is asked about again each hour, the last time when it may be held no longer."""
    assert answer(policy, message(at=asked), Facts(traits={"tired": True}), now) == expected
    assert answer(policy, message(at=asked), Facts(traits={"tired": False}), now) == ""


def test_none_means_transactional_messages_too() -> None:
    """But nothing that is no message."""
    tired = Facts(traits={"tired": True})

    assert answer("none while customer.tired as tired", message(kind="transactional"), tired) == "suppressed: tired"
    assert answer("no marketing while customer.tired as tired", message(kind="transactional"), tired) == ""
    assert answer("none while customer.tired as tired", message(kind="none"), tired) == ""


def test_quiet_hours_last_to_their_end() -> None:
    """From their begin on, up to their end, as the customer's own clock shows it."""
    policy, berlin = "quiet 12:00 to 14:30", Facts(zone="Europe/Berlin")
    eleven = NOON - HOUR  # noon in Berlin

    assert answer(policy, message(), berlin, eleven) == "later (03-04 13:30:00): quiet hours: 12:00 to 14:30"
    assert answer(policy, message(), berlin, eleven - 1) == ""
    assert answer(policy, message(), berlin, eleven + 5 * HOUR // 2 - 1) == "later (03-04 13:30:00): quiet hours: 12:00 to 14:30"
    assert answer(policy, message(), berlin, eleven + 5 * HOUR // 2) == ""
    assert answer(policy, message(kind="transactional"), berlin, eleven) == ""
    assert answer("quiet 12:00 to 14:30 or drop", message(), berlin, eleven) == "quiet hours: 12:00 to 14:30"


def test_quiet_hours_over_midnight_and_to_midnight() -> None:
    """The reason writes the times as the catalog does."""
    utc = Facts(zone="UTC")

    assert answer("quiet 22:00 to 08:00", message(), utc, NOON - 5 * HOUR) == "later (03-04 08:00:00): quiet hours: 22:00 to 08:00"
    assert answer("quiet 22:00 to 08:00", message(), utc, NOON + 10 * HOUR) == "later (03-05 08:00:00): quiet hours: 22:00 to 08:00"
    assert answer("quiet 09:05 to 24:00", message(), utc) == "later (03-05 00:00:00): quiet hours: 09:05 to 24:00"
    assert answer("quiet 00:00 to 24:00 on wednesday", message(), utc) == "later (03-05 00:00:00): quiet hours: 00:00 to 24:00"
    assert answer("quiet 00:00 to 24:00 on thursday", message(), utc) == ""


def test_quiet_hours_of_a_customer_without_a_zone() -> None:
    """The zone of the journey counts, unless the policy says another, or that it drops or permits; without any it drops."""
    at_noon = "quiet 12:00 to 13:00"

    assert answer(at_noon, message(), zone="UTC") == "later (03-04 13:00:00): quiet hours: 12:00 to 13:00"
    assert answer(at_noon, message(), zone="Asia/Tokyo") == ""
    assert answer(at_noon, message()) == "quiet hours: the customer's time zone is not known"
    assert (
        answer(f"{at_noon}, missing zone Europe/Berlin", message(), now=NOON - HOUR)
        == "later (03-04 12:00:00): quiet hours: 12:00 to 13:00"
    )
    assert answer(f"{at_noon}, missing zone Europe/Berlin", message(), zone="UTC") == ""
    assert answer(f"{at_noon}, missing zone permit", message(), zone="UTC") == ""
    assert answer(f"{at_noon}, missing zone drop", message(), zone="UTC") == "quiet hours: the customer's time zone is not known"


def test_a_cap_counts_what_was_sent() -> None:
    """At most two in a day: the third waits for the first of them to be a day old, to the microsecond."""
    policy = "at most 2 email in 1 day"
    sent = (Sent(1, "email", None, NOON - 20 * HOUR), Sent(2, "email", None, NOON - 2 * HOUR), Sent(3, "sms", None, NOON))

    assert answer(policy, message(), sent=sent) == "frequency cap: at most 2 email in 1 day"
    assert answer(policy, message(), sent=sent, now=NOON + 4 * HOUR - 1) == "frequency cap: at most 2 email in 1 day"
    assert answer(policy, message(), sent=sent, now=NOON + 4 * HOUR) == ""
    assert answer(policy, message("sms"), sent=sent) == ""
    assert answer(policy, message(kind="transactional"), sent=sent) == ""


def test_a_cap_holds_a_message_as_long_as_it_may() -> None:
    """Four hours are enough, counted from when it was asked for; a second less is not."""
    sent = (Sent(1, "email", None, NOON - 20 * HOUR),)
    held, dropped = "at most 1 email in 1 day or defer up to 4 hours", "at most 1 email in 1 day or defer up to 14399 seconds"

    assert answer(held, message(), sent=sent) == "later (03-04 16:00:00): frequency cap: at most 1 email in 1 day"
    assert answer(held, message(at=NOON - SECOND), sent=sent).endswith("and not over within the time that it may be held")
    assert answer(dropped, message(), sent=sent) == (
        "frequency cap: at most 1 email in 1 day, and not over within the time that it may be held"
    )


def test_a_cap_of_a_household_counts_everybody_of_it() -> None:
    """What went to somebody else counts only where the cap says per what."""
    sent = (Sent(1, "email", None, NOON - HOUR, other=True),)

    assert answer("at most 1 email in 1 day", message(), sent=sent) == ""
    assert answer("at most 1 email in 1 day per customer.home", message(), sent=sent).startswith("frequency cap: at most 1 email in 1 day")


def test_the_host_is_asked_with_everything_that_is_known() -> None:
    """Traits and facts by name; what is missing is not there, and no trait passes for the customer's own id, zone or stage."""
    asked: list[tuple[str, Question]] = []

    def ask(name: str, question: Question) -> PolicyAnswer:
        asked.append((name, question))
        return Permit()

    readers = {"orders": lambda context: context.now - NOON, "spent": lambda context: 12}
    chain = compile_policies([Policy("not_too_many")], Declared(readers, {}))
    facts = Facts(traits={"name": "Ann", "id": "x"}, consent={"email": True}, zone="UTC", stage="repeat")
    chain.verdict(Case(message(at=NOON - SECOND, topic="news"), facts, NOON, None), ask)

    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    customer = {"name": "Ann", "id": "ann", "zone": "UTC", "stage": "repeat", "orders": 0, "spent": 12}
    expected = Question(
        "email", "marketing", "cart", "ann", {"topic": "news"}, noon - timedelta(seconds=1), noon, customer, {"email": True}
    )
    assert asked == [("not_too_many", expected)]


def test_the_first_that_does_not_permit_decides() -> None:
    """In the order that nobody can change, whatever order they are written in: the holdout goes before the cap, the consent before both."""
    sent = (Sent(1, "email", None, NOON - HOUR),)
    cap, holdout, consent = "at most 1 email in 1 day", "hold out 99% as control", "consent opt-in"
    suppressed, tired = "no marketing while customer.tired as tired", Facts(traits={"tired": True}, zone="UTC")

    assert answer([cap, holdout, consent], message(), sent=sent) == "consent: never given for email"
    assert answer([cap, holdout], message(), sent=sent) == "holdout: control"
    assert answer([suppressed], message(expires_at=NOON), tired) == "expired"
    assert answer([holdout], message(expires_at=NOON)) == "holdout: control"
    assert answer([cap, "quiet 12:00 to 13:00", "other", suppressed], message(), tired, sent=sent) == "suppressed: tired"
    assert answer([cap, "quiet 12:00 to 13:00"], message(), tired, sent=sent) == "later (03-04 13:00:00): quiet hours: 12:00 to 13:00"


def test_topic_and_priority_are_parameters_of_a_message() -> None:
    """A topic is text, a priority is a number; what is neither says nothing."""
    assert [topic(parameters) for parameters in ({"topic": "news"}, {"topic": 5}, {})] == ["news", None, None]
    assert [priority(parameters) for parameters in ({"priority": 5}, {"priority": 0.5}, {"priority": "high"}, {})] == [5, 0.5, 0, 0]


def test_a_lane_is_found_by_each_of_its_journeys() -> None:
    """The journeys in the order of their importance; others are in none."""
    lanes = lanes_of([Policy("one at a time of cart, winback as talk"), Policy("consent opt-in")])

    assert sorted(lanes) == ["cart", "winback"]
    assert lanes["cart"] is lanes["winback"]
    assert (lanes["cart"].name, lanes["cart"].journeys, lanes["cart"].members) == ("talk", ("cart", "winback"), {"cart", "winback"})


def test_a_suppression_sees_the_customer_and_the_moment() -> None:
    """The id, what is known of her, and now."""
    assert answer("none while customer.id == 'ann' as ann", message()) == "suppressed: ann"
    assert answer("none while customer.id == 'bob' as bob", message()) == ""
    assert answer("none while now >= '2026-03-04T12:00:00Z' as late", message()) == "suppressed: late"
    assert answer("none while now > '2026-03-04T12:00:00Z' as late", message()) == ""
    assert answer("none while now > '2026-03-04T12:00:00Z' as late", message(), now=NOON + 1) == "suppressed: late"
    assert answer("none while customer.zone == 'UTC' as here", message(), Facts("UTC")) == "suppressed: here"


def test_the_host_is_asked_with_all_that_is_known() -> None:
    """Traits, the facts as they are at this moment, those of a window among them, and her own; consent beside them."""
    catalog = Catalog(facts={"orders": "count of Order", "lately": "count of Order in 2 hours", "none": "max of Order.total"})
    table = FactTable(catalog)
    facts = Facts("Europe/Berlin", "purchase", {"email": True}, {"plan": "gold", "id": "another", "orders": 99})
    for hours in (3, 1):
        event = Event("Order", id="o", customer_id="ann", occurred_at=moment(NOON - hours * HOUR))
        facts, _, _ = fold(table.by_event["Order"], facts, Context("ann", facts, NOON - hours * HOUR, event), lambda path: False)
    asked: list[tuple[str, Question]] = []

    def ask(name: str, question: Question) -> PolicyAnswer:
        asked.append((name, question))
        return Permit()

    chain = compile_policies([Policy("good-taste")], Declared(table.readers, {}))
    assert chain.verdict(Case(message("sms", at=NOON - 5, n=1), facts, NOON, "UTC"), ask) is None
    ((name, question),) = asked
    assert name == "good-taste"
    assert question.customer == {"plan": "gold", "id": "ann", "orders": 2, "lately": 1, "zone": "Europe/Berlin", "stage": "purchase"}
    assert (question.action, question.message, question.journey, question.customer_id) == ("sms", "marketing", "cart", "ann")
    assert (question.parameters, question.consent) == ({"n": 1}, {"email": True})
    assert (question.requested_at, question.now) == (moment(NOON - 5), moment(NOON))


def test_the_household_is_that_of_marketing() -> None:
    """What the customer has asked for is counted by nobody; who has no household, or one that is no name, shares none."""
    chain = compile_policies([Policy("at most 1 in 1 day per customer.home")], Declared({}, {}))
    several = [message(), message(kind="transactional"), message("sms"), message(kind="none")]

    def homes(**traits: Any) -> list[str | None]:
        return [one.household for one in chain.addressed(Context("ann", Facts(traits=traits), NOON), several)]

    assert homes(home="oak 7") == ["oak 7", None, "oak 7", None]
    assert homes(home=7) == ["7", None, "7", None]
    assert homes() == homes(home=True) == homes(home="") == [None] * 4
