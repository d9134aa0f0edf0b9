"""Policies as the customer meets them: what is sent, held and dropped, and what is told of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from journeykit import Catalog, Defer, Do, Done, Drop, Exit, Failed, Journey, On, Permit, Retry, Step, Transition
from journeykit.core.compiling.policies import HELD_OUT, TREATED, experiment
from journeykit.core.compiling.splits import percentile
from journeykit.model.policies import PolicyAnswer, Question
from journeykit.model.records import Answered
from journeykit.testing import Scenario

BERLIN = "Europe/Berlin"


def on(event: str, *do: Do | str, name: str = "", **fields: Any) -> Journey:
    """A journey that does something at once, whenever something happens."""
    steps = [Step("in", stage="awareness", do=list(do) or "email", **fields)]
    return Journey(name or event, entry=event, reentry="always", key="signal.id", steps=steps)


def shop(*policies: str, at: str = "2026-03-02 12:00", journeys: tuple[Journey, ...] = (), zone: str = BERLIN, **options: Any) -> Scenario:
    """A shop that mails whenever somebody greets it, under these policies."""
    return Scenario(*(journeys or (on("Hello"),)), Catalog(policies=policies, **options.pop("catalog", {})), at=at, zone=zone, **options)


def reasons(story: Scenario, customer: str = "ann") -> list[str]:
    """What became of each request: its state, and why."""
    return [f"{row.state}{f': {row.reason}' if row.reason else ''}" for row in story.engine.outbox(customer_id=customer)]


def why_not(story: Scenario, action: str = "email", customer: str = "ann") -> list[str]:
    """What is told of an action that did not come about."""
    return [line.text for line in story.engine.explain(customer, action).why_not if "asked for" in line.text or "held" in line.text]


# consent


def test_no_consent_no_mail() -> None:
    """Nobody asked Ann yet; Ben has agreed; Carl has refused."""
    story = shop("consent")
    story.identify("ben", consent={"email": True})
    story.identify("carl", consent={"email": False})
    for customer in ("ann", "ben", "carl"):
        story.event("Hello", customer)

    story.expect("email", customer="ben")
    story.expect_nothing_else()
    assert why_not(story) == ['Hello Hello 3: asked for, dropped: consent: never given for email; the policy is "consent"']
    assert why_not(story, customer="carl") == ['Hello Hello 5: asked for, dropped: consent: refused for email; the policy is "consent"']


def test_silence_is_consent_where_that_is_said() -> None:
    """Push may be refused; all else has to be agreed to."""
    story = shop("consent", "consent opt-out for push", journeys=(on("Hello", "push", "email"),))
    story.event("Hello")
    story.identify("ben", consent={"push": False, "email": True})
    story.event("Hello", "ben")

    story.expect("push", customer="ann")
    story.expect("email", customer="ben")
    story.expect_nothing_else()


def test_consent_to_a_topic() -> None:
    """Ann agrees to mail, and to news in particular; of offers she has not been asked."""
    journey = on("Hello", Do("email", topic="news"), Do("email", topic="offers"), Do("email"))
    story = shop("consent", "consent about news", "consent about offers", journeys=(journey,))
    story.identify(consent={"email": True, "news": True})
    story.event("Hello")

    assert reasons(story) == ["performed", "dropped: consent: never given for offers", "performed"]


def test_double_opt_in() -> None:
    """The question is transactional; what it leads to is not sent before she has confirmed."""
    ask = Journey(
        "ask",
        entry="Subscribed",
        steps=[
            Step(
                "asked", stage="awareness", do=Do("email", message="transactional"), wait="7 days", when={"Confirmed": "agreed"}, then="no"
            ),
            Step("agreed", set={"consent.email": True}, do="email", end="completed"),
            Step("no", end="never confirmed"),
        ],
    )
    story = shop("consent", journeys=(ask, on("Hello")))
    story.event("Subscribed")
    story.event("Hello")
    story.expect("email")
    story.expect_nothing_else()
    story.event("Confirmed")
    story.event("Hello")

    story.expect("email")
    story.expect("email")
    story.expect_nothing_else()


def test_consent_withdrawn_while_a_message_is_held() -> None:
    """At night she unsubscribes; in the morning nothing comes."""
    story = shop("consent opt-out", "quiet 22:00 to 08:00", at="2026-03-02 23:00")
    story.event("Hello")
    story.wait("1 hour")
    story.identify(consent={"email": False})
    story.wait("1 day")

    story.expect_nothing_else()
    assert reasons(story) == ["dropped: consent: refused for email"]
    assert [answer.answer for answer in story.engine.outbox()[0].answers] == ["defer", "drop"]


# holdout


def held_out(name: str, percent: int, wanted: bool) -> str:
    """A customer who is, or is not, held out."""
    names = (f"customer {number}" for number in range(1_000))
    return next(one for one in names if (percentile(experiment(name), one) < percent) is wanted)


def test_a_holdout_gets_nothing_and_stays_held_out() -> None:
    """The arm is kept with the customer when a message is first asked for, so that another share moves nobody."""
    out, inside = held_out("control", 10, True), held_out("control", 10, False)
    story = shop("hold out 10% as control")
    for customer in (out, inside):
        story.event("Hello", customer)

    story.expect("email", customer=inside)
    story.expect_nothing_else()
    assert why_not(story, customer=out)[0].endswith('asked for, dropped: holdout: control; the policy is "hold out 10% as control"')
    assert [story._loaded(one)[0].arms for one in (out, inside)] == [{"holdout/control": HELD_OUT}, {"holdout/control": TREATED}]

    later = Scenario(on("Hello"), Catalog(policies=["hold out 99% as control"]), at="2026-03-03 12:00", zone=BERLIN, storage=story.storage)
    later.event("Hello", inside, id="again")
    later.expect("email", customer=inside)


def test_the_share_is_about_right() -> None:
    """Of a thousand customers some hundred are held out of ten percent."""
    assert 80 < sum(percentile(experiment("control"), f"customer {number}") < 10 for number in range(1_000)) < 120


def test_a_treatment_is_held_out_whatever_it_is() -> None:
    """A coupon reaches nobody and is a treatment all the same, where it is named; an invoice is never held out."""
    out = held_out("test", 50, True)
    journey = on("Hello", Do("coupon", message="none"), Do("ticket", message="none"), Do("email"), Do("invoice", message="transactional"))
    story = shop("hold out 50% for coupon and email as test", journeys=(journey,))
    story.event("Hello", out)

    assert [request.request.action for request in story.performed] == ["ticket", "invoice"]


# suppressed


def test_a_support_ticket_stops_marketing_until_it_is_resolved() -> None:
    """An hour after opening it Ann gets no marketing, and `explain` says why; the invoice comes; resolved, all is as before."""
    journeys = (on("Hello"), on("Order Completed", Do("email", message="transactional")))
    facts = {"opened": "count of Ticket Opened", "resolved": "count of Ticket Resolved"}
    sentence = "no marketing while customer.opened > customer.resolved as open ticket"
    story = shop(sentence, journeys=journeys, catalog={"facts": facts})
    story.event("Ticket Opened")
    story.wait("1 hour")
    story.event("Hello")
    story.expect_nothing_else()
    assert "email; dropped: suppressed: open ticket" in story.explain("ann")
    assert why_not(story) == [f'Hello Hello 2: asked for, dropped: suppressed: open ticket; the policy is "{sentence}"']
    story.event("Order Completed")
    story.expect("email")
    story.event("Ticket Resolved")
    story.event("Hello")
    story.expect("email")
    story.expect_nothing_else()


def test_none_means_none() -> None:
    """A bounced address gets no invoice either; a ticket for the staff is opened."""
    journey = on("Hello", "email", Do("email", message="transactional"), Do("ticket", message="none"))
    story = shop("none for email while customer.bounced as bounced", journeys=(journey,))
    story.identify(traits={"bounced": True})
    story.event("Hello")

    assert reasons(story) == ["dropped: suppressed: bounced", "dropped: suppressed: bounced", "performed"]


def test_suppressed_messages_may_be_held() -> None:
    """The ticket is resolved within the two days; another customer's is not."""
    story = shop("no marketing while customer.tickets > 0 as open ticket or defer up to 2 days")
    for customer in ("ann", "ben"):
        story.identify(customer, traits={"tickets": 1})
        story.event("Hello", customer)
    story.wait("90 minutes")
    story.identify("ann", traits={"tickets": 0})
    story.wait("3 days")

    story.expect("email", customer="ann", at="2026-03-02 14:00")
    story.expect_nothing_else()
    assert [len(row.answers) for row in story.engine.outbox()] == [2, 49]
    assert [line.text for line in story.engine.explain("ben").entries if line.kind == "policy"] == [
        "Hello Hello 4: email held until 2026-03-04 12:00 CET: suppressed: open ticket"
    ]
    assert reasons(story, "ben") == ["dropped: suppressed: open ticket, and not over within the time that it may be held"]


def test_a_condition_that_fails_sends_nothing() -> None:
    """A trait of the wrong type parks no customer and sends no mail; it is tried again, and then a dead letter that says why."""
    story = shop("none while customer.tickets > 0 as open ticket")
    story.identify(traits={"tickets": "many"})
    story.event("Hello")
    story.wait("3 days")

    story.expect_nothing_else()
    assert reasons(story) == ["dead: 8 attempts; the last: \"customer.tickets > 0\": 'many' (text) and 0 (number): cannot be ordered by >"]


# quiet hours


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        ("2026-03-02 21:59", "2026-03-02 21:59"),
        ("2026-03-02 22:00", "2026-03-03 08:00"),
        ("2026-03-03 00:30", "2026-03-03 08:00"),
        ("2026-03-03 07:59", "2026-03-03 08:00"),
        ("2026-03-03 08:00", "2026-03-03 08:00"),
        ("2026-03-28 23:00", "2026-03-29 08:00"),
        ("2026-10-25 02:30", "2026-10-25 08:00"),
    ],
)
def test_quiet_hours_hold_to_the_end_of_the_night(at: str, sent: str) -> None:
    """A window holds its begin and not its end, crosses midnight, and follows the clocks in spring and in autumn."""
    story = shop("quiet 22:00 to 08:00", at=at)
    story.event("Hello")
    story.wait("12 hours")

    story.expect("email", at=sent)
    story.expect_nothing_else()


@pytest.mark.parametrize(
    ("window", "at", "sent"),
    [
        ("02:15 to 02:45", "2026-03-29 03:00", "2026-03-29 03:00"),  # that night has no such half hour
        ("02:15 to 03:30", "2026-03-29 03:00", "2026-03-29 03:30"),
        ("02:15 to 02:45", "2026-10-25 02:30", "2026-10-25 02:45"),  # the first of the two
        ("02:15 to 02:45", "2026-10-25T02:30+01:00", "2026-10-25T02:30+01:00"),  # the second is not quiet
        ("02:15 to 03:15", "2026-10-25T02:30+01:00", "2026-10-25 03:15"),
    ],
)
def test_quiet_hours_in_the_nights_when_clocks_change(window: str, at: str, sent: str) -> None:
    """A time that does not exist is the first instant after the gap; one that exists twice is the first."""
    story = shop(f"quiet {window}", at=at)
    story.event("Hello")
    story.wait("3 hours")

    story.expect("email", at=sent)


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        ("2026-03-06 23:00", "2026-03-07 08:00"),  # a Friday night
        ("2026-03-07 02:00", "2026-03-07 08:00"),  # which is still Friday's
        ("2026-03-07 23:00", "2026-03-07 23:00"),  # Saturday night is not quiet
        ("2026-03-06 02:00", "2026-03-06 02:00"),  # nor is Thursday night
    ],
)
def test_the_weekday_names_the_day_on_which_the_night_begins(at: str, sent: str) -> None:
    """Quiet on friday goes on into Saturday morning."""
    story = shop("quiet 22:00 to 08:00 on friday", at=at)
    story.event("Hello")
    story.wait("12 hours")

    story.expect("email", at=sent)


def test_the_night_is_the_customers_own() -> None:
    """Noon in Berlin is five in the morning in New York."""
    story = shop("quiet 22:00 to 08:00")
    story.identify(zone="America/New_York")
    story.event("Hello")
    story.wait("12 hours")

    story.expect("email", at="2026-03-02 14:00")


@pytest.mark.parametrize(
    ("said", "became"),
    [
        ("drop", ["dropped: quiet hours: the customer's time zone is not known"]),
        ("permit", ["performed"]),
        ("America/New_York", ["performed"]),
        ("Europe/Berlin", ["open: quiet hours: 22:00 to 08:00"]),
    ],
)
def test_a_customer_without_a_zone(said: str, became: list[str]) -> None:
    """What is done is said by the policy, whatever zone the journey has."""
    story = shop(f"quiet 22:00 to 08:00, missing zone {said}", at="2026-03-02 23:00")
    story.event("Hello")

    assert reasons(story) == became


def test_quiet_hours_may_drop() -> None:
    """A reminder for tonight is none tomorrow; the chat message comes all the same."""
    story = shop("quiet 22:00 to 08:00 for email or drop", at="2026-03-02 23:00", journeys=(on("Hello", "email", "chat"),))
    story.event("Hello")

    assert reasons(story) == ["dropped: quiet hours: 22:00 to 08:00", "performed"]
    assert why_not(story) == [
        'Hello Hello 1: asked for, dropped: quiet hours: 22:00 to 08:00; the policy is "quiet 22:00 to 08:00 for email or drop"'
    ]


def test_a_held_message_can_be_explained() -> None:
    """While it waits, and when it has come: until when, why, and whose word it was; holding uses up no attempt."""
    story = shop("quiet 22:00 to 08:00", at="2026-03-02 23:00")
    story.event("Hello")
    held = 'Hello Hello 1: held until 2026-03-03 08:00 CET: quiet hours: 22:00 to 08:00; the policy is "quiet 22:00 to 08:00"'
    (row,) = story.engine.outbox()

    assert (row.state, row.attempts) == ("open", 0)
    assert why_not(story)[1] == held
    story.wait("10 hours")
    (row,) = story.engine.outbox()
    assert (row.state, row.attempts, row.reason) == ("performed", 1, None)
    assert [answer._replace(at=0, until=0) for answer in row.answers] == [
        Answered(0, "quiet 22:00 to 08:00", "defer", 0, "quiet hours: 22:00 to 08:00")
    ]
    assert why_not(story)[1] == held


def test_a_held_message_is_overtaken_by_an_event_in_the_night() -> None:
    """At seven Ann buys: she is out, and at eight nothing comes. Ben buys at eight sharp, and is in time, too."""
    cart = Journey(
        "cart", entry="Hello", exits=Exit("Order Completed", end="bought"), steps=[Step("in", stage="awareness", do="email", wait="1 day")]
    )
    story = shop("quiet 22:00 to 08:00", at="2026-03-02 23:00", journeys=(cart,))
    for customer in ("ann", "ben", "carl"):
        story.event("Hello", customer)
    story.until("2026-03-03 07:00")
    story.event("Order Completed", "ann")
    story.until("2026-03-03 08:00")
    story.event("Order Completed", "ben")
    story.wait("1 hour")

    story.expect("email", customer="carl")
    story.expect_nothing_else()
    assert reasons(story, "ann") == reasons(story, "ben") == ["dropped: exited: bought"]
    assert why_not(story)[0] == "cart: asked for, dropped: exited: bought"


def test_a_held_message_whose_step_is_over() -> None:
    """Help with paying, asked for at night; she has paid before the morning."""
    steps = [
        Step("paying", stage="purchase", do=Do("email", expires="with step"), wait="1 day", when={"Paid": "paid"}),
        Step("paid", wait="3 days"),
    ]
    story = shop("quiet 22:00 to 08:00", at="2026-03-02 23:00", journeys=(Journey("pay", entry="Hello", steps=steps),))
    story.event("Hello")
    story.event("Paid")
    story.wait("1 day")

    story.expect_nothing_else()
    assert why_not(story) == [
        "pay: asked for, dropped: moved on",
        'pay: held until 2026-03-03 08:00 CET: quiet hours: 22:00 to 08:00; the policy is "quiet 22:00 to 08:00"',
    ]


def test_what_is_held_past_its_expiry_is_dropped() -> None:
    """Valid for two hours, asked for at night."""
    story = shop("quiet 22:00 to 08:00", at="2026-03-02 23:00", journeys=(on("Hello", Do("email", expires="2 hours")),))
    story.event("Hello")
    story.wait("1 day")

    assert reasons(story) == ["dropped: expired"]
    assert why_not(story)[0] == "Hello Hello 1: asked for, dropped: expired"


# frequency caps


def test_no_more_than_so_many() -> None:
    """Two in a day; what is above is dropped, and says so; the window rolls."""
    story = shop("at most 2 in 24 hours")
    for _ in range(3):
        story.event("Hello")
        story.wait("1 hour")
    assert reasons(story) == ["performed", "performed", "dropped: frequency cap: at most 2 in 24 hours"]
    assert why_not(story)[2] == (
        'Hello Hello 3: asked for, dropped: frequency cap: at most 2 in 24 hours; the policy is "at most 2 in 24 hours"'
    )
    story.until("2026-03-03 11:59")
    story.event("Hello")
    story.until("2026-03-03 12:01")
    story.event("Hello")

    assert reasons(story)[3:] == ["dropped: frequency cap: at most 2 in 24 hours", "performed"]


def test_a_cap_does_not_begin_anew_at_midnight() -> None:
    """Ten in the evening and two in the morning are four hours apart."""
    story = shop("at most 1 in 24 hours", at="2026-03-02 22:00")
    story.event("Hello")
    story.wait("4 hours")
    story.event("Hello")

    assert reasons(story) == ["performed", "dropped: frequency cap: at most 1 in 24 hours"]


def test_exactly_a_window_later_there_is_room() -> None:
    """The window holds the present and not the moment in which it began."""
    story = shop("at most 1 in 24 hours")
    story.event("Hello")
    story.until("2026-03-03 12:00")
    story.event("Hello")

    assert reasons(story) == ["performed", "performed"]


def test_above_a_cap_a_message_may_be_held() -> None:
    """Each has its day; the third would have to wait for more than the two days it may."""
    story = shop("at most 1 email in 24 hours or defer up to 36 hours")
    for _ in range(3):
        story.event("Hello")
    story.wait("5 days")

    story.expect("email", at="2026-03-02 12:00")
    story.expect("email", at="2026-03-03 12:00")
    story.expect_nothing_else()
    assert reasons(story)[2] == "dropped: frequency cap: at most 1 email in 24 hours, and not over within the time that it may be held"


def test_a_cap_counts_all_journeys_and_its_channels() -> None:
    """One mail a day, two messages in all; transactional mail neither counts nor is stopped, what reaches nobody even less."""
    journey = on("Order Completed", Do("email", message="transactional"), Do("ticket", message="none"))
    story = shop("at most 1 email in 1 day", "at most 2 in 1 day", journeys=(on("Hello"), on("Hi", "email", "sms", "sms"), journey))
    for event in ("Order Completed", "Hello", "Hi", "Order Completed"):
        story.event(event)

    assert [one.request.action for one in story.performed] == ["email", "ticket", "email", "sms", "email", "ticket"]
    assert [reason for reason in reasons(story) if reason != "performed"] == [
        "dropped: frequency cap: at most 1 email in 1 day", "dropped: frequency cap: at most 2 in 1 day"
    ]  # fmt: skip


def test_a_cap_about_a_topic() -> None:
    """Two of a kind in a week; others do not count."""
    lapsing, news = Do("email", topic="lapsing"), Do("email", topic="news")
    story = shop("at most 2 about lapsing in 1 week", journeys=(on("Hello", lapsing, lapsing, news, lapsing, news),))
    story.event("Hello")

    assert [one.split(":")[0] for one in reasons(story)] == ["performed", "performed", "performed", "dropped", "performed"]


def test_imported_messages_count() -> None:
    """What the old system sent yesterday counts against the cap of today."""
    past = Scenario(on("Hello"), at="2026-03-02 12:00", zone=BERLIN, history=True)
    past.event("Hello", at="2026-03-02 10:00")
    story = shop("at most 1 in 24 hours", at="2026-03-03 09:00", storage=past.storage)
    story.event("Hello", id="today")

    assert reasons(story) == ["imported", "dropped: frequency cap: at most 1 in 24 hours"]


def answering(*answers: object) -> Callable[[object], Any]:
    """An action that gives these answers, one after the other."""
    left = list(answers)
    return lambda request: left.pop(0) if left else Done()


def test_what_is_under_way_counts() -> None:
    """The provider was busy, and may have sent it all the same; when it has failed for good, there is room again."""
    story = shop("at most 1 in 24 hours", actions={"email": answering(Retry(after=3_600), Failed("no such address"))})
    story.event("Hello")
    story.event("Hello")
    assert reasons(story) == ["open", "dropped: frequency cap: at most 1 in 24 hours"]
    story.wait("2 hours")
    story.event("Hello")

    assert reasons(story) == ["dead: no such address", "dropped: frequency cap: at most 1 in 24 hours", "performed"]


def test_two_journeys_in_one_instant() -> None:
    """Both ask at once; the cap lets one through."""
    story = shop("at most 1 in 24 hours", journeys=(on("Hello", name="a"), on("Hello", name="b")))
    story.event("Hello")

    assert reasons(story) == ["performed", "dropped: frequency cap: at most 1 in 24 hours"]


def test_two_messages_released_in_the_morning() -> None:
    """Held through the night by quiet hours; in the morning the cap lets one through."""
    story = shop("quiet 22:00 to 08:00", "at most 1 in 24 hours", at="2026-03-02 23:00")
    story.event("Hello")
    story.event("Hello")
    story.wait("1 day")

    story.expect("email", at="2026-03-03 08:00")
    story.expect_nothing_else()
    assert reasons(story)[1] == "dropped: frequency cap: at most 1 in 24 hours"


def test_the_more_important_message_goes_first() -> None:
    """Held through the night, three compete for one place in the morning; the offer of the highest priority gets it."""
    journey = on(
        "Hello", Do("email", template="news"), Do("email", template="price", priority=5), Do("email", template="tips", priority="high")
    )
    story = shop("quiet 22:00 to 08:00", "at most 1 in 24 hours", at="2026-03-02 23:00", journeys=(journey,))
    story.event("Hello")
    story.wait("1 day")

    story.expect("email", template="price", at="2026-03-03 08:00")
    story.expect_nothing_else()


# the order


def test_the_order_is_always_the_same() -> None:
    """However the sentences are written: who has no consent hears of that, and not of the night."""
    sentences = ["at most 1 in 1 day", "quiet 22:00 to 08:00", "none while customer.ill as ill", "consent"]
    story = shop(*sentences, at="2026-03-02 23:00")
    story.identify(traits={"ill": True})
    story.event("Hello")
    story.identify(consent={"email": True})
    story.event("Hello")
    story.identify(traits={"ill": False})
    story.event("Hello")

    assert reasons(story) == ["dropped: consent: never given for email", "dropped: suppressed: ill", "open: quiet hours: 22:00 to 08:00"]


def test_transactional_messages_and_what_reaches_nobody_pass() -> None:
    """No consent, at night, above the cap: the invoice comes, and the ticket is opened."""
    journey = on("Hello", Do("email", message="transactional"), Do("ticket", message="none"), Do("email"))
    story = shop("consent", "quiet 22:00 to 08:00", "at most 1 in 1 day", at="2026-03-02 23:00", journeys=(journey,))
    story.event("Hello")

    assert reasons(story) == ["performed", "performed", "dropped: consent: never given for email"]


# telling the journey


def test_a_drop_tells_a_journey_that_listens() -> None:
    """Without consent for mail she gets a letter instead; a journey that does not listen just goes on."""
    steps = [
        Step("mailed", stage="awareness", do="email", wait="7 days", when=[Transition("written", on=On(settled="email dropped"))]),
        Step("written", do=Do("letter", message="transactional")),
    ]
    deaf = Journey("deaf", entry="Hello", steps=[Step("in", stage="awareness", do="email", wait="1 day"), Step("after")])
    story = shop("consent", journeys=(Journey("listens", entry="Hello", steps=steps), deaf))
    story.event("Hello")

    story.expect("letter", at="2026-03-02 12:00")
    story.expect_nothing_else()
    assert story.step(journey="deaf") == "in"


# policies of the host


def taste(question: Question) -> PolicyAnswer:
    """Nothing in the holidays, nothing at all to who mourns."""
    if question.customer.get("mourning"):
        return Drop("in mourning")
    if question.customer.get("away"):
        return Defer(question.now + timedelta(days=1), "on holiday")
    return Permit()


def test_a_policy_of_the_host() -> None:
    """It sees the message and the customer; it drops and holds, and its reasons are told."""
    story = shop("taste", policies={"taste": taste})
    story.identify("ann", traits={"mourning": True})
    story.identify("ben", traits={"away": True})
    for customer in ("ann", "ben", "carl"):
        story.event("Hello", customer)
    story.wait("1 hour")
    story.identify("ben", traits={"away": False})
    story.wait("1 day")

    story.expect("email", customer="carl")
    story.expect("email", customer="ben", at="2026-03-03 12:00")
    story.expect_nothing_else()
    assert why_not(story) == ['Hello Hello 3: asked for, dropped: in mourning; the policy is "taste"']
    assert why_not(story, customer="ben")[1] == 'Hello Hello 4: held until 2026-03-03 12:00 CET: on holiday; the policy is "taste"'


def test_what_a_policy_of_the_host_is_asked() -> None:
    """Everything about message and customer, once for each attempt; not about what reaches nobody."""
    asked: list[Question] = []

    def listen(question: Question) -> PolicyAnswer:
        asked.append(question)
        return Permit()

    journey = on("Hello", Do("email", template="x"), Do("ticket", message="none"), Do("invoice", message="transactional"))
    story = shop("listen", journeys=(journey,), policies={"listen": listen}, catalog={"facts": {"hellos": "count of Hello"}})
    story.identify(traits={"tier": "gold"}, consent={"email": True}, zone="Asia/Tokyo")
    story.event("Hello")

    assert [(one.action, one.message, one.journey, one.customer_id, one.parameters) for one in asked] == [
        ("email", "marketing", "Hello", "ann", {"template": "x"}), ("invoice", "transactional", "Hello", "ann", {})
    ]  # fmt: skip
    assert dict(asked[0].customer) == {"tier": "gold", "hellos": 1, "id": "ann", "zone": "Asia/Tokyo", "stage": None}
    assert (asked[0].consent, asked[0].now, asked[0].requested_at) == ({"email": True}, asked[0].now, asked[0].now)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (lambda question: 1 / 0, 'policy "bad": ZeroDivisionError: division by zero'),
        (lambda question: None, 'policy "bad" answered None; a policy answers Permit, Defer or Drop'),
        (lambda question: True, 'policy "bad" answered True; a policy answers Permit, Defer or Drop'),
    ],
)
def test_a_policy_that_fails_sends_nothing(policy: Any, reason: str) -> None:
    """It is tried again as an action would be, and says why."""
    story = shop("bad", policies={"bad": policy})
    story.event("Hello")
    story.expect_nothing_else()

    assert reasons(story) == [f"open: {reason}"]


def test_a_policy_that_defers_to_the_past() -> None:
    """It is asked again a minute later, not at once and for ever."""
    story = shop(
        "late",
        policies={
            "late": lambda question: Defer(question.requested_at, "yesterday") if not asked.append(1) and len(asked) < 3 else Permit()
        },
    )
    asked: list[int] = []
    story.event("Hello")
    story.wait("1 hour")

    story.expect("email", at="2026-03-02 12:02")


def test_an_engine_that_was_not_given_a_policy_sends_nothing() -> None:
    """A process that only decides may run without it; one that performs would not start, and if it does, nothing leaves the house."""
    story = shop("taste", policies={"taste": taste})
    story.engine._dispatcher._policies._known._ready.clear()
    story.event("Hello")

    assert reasons(story) == ['open: no policy named "taste" here; there are none']


def test_hooks_are_told_of_a_message_that_is_held() -> None:
    """`deferred` is no `retried`."""
    told: list[str] = []
    story = shop("quiet 22:00 to 08:00", at="2026-03-02 23:00", hooks=[lambda what, details: told.append(what)])
    story.event("Hello")
    story.wait("1 day")

    assert [what for what in told if what not in ("committed", "fired")] == ["deferred", "performed"]
