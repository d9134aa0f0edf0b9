"""What is said of policies that cannot work, before anything runs."""

from __future__ import annotations

import attrs
import pytest

from journeykit import Catalog, DefinitionError, Do, Engine, Journey, MemoryStorage, On, Permit, Scope, Step, Transition, check

HELLO = Journey("hello", zone="Europe/Berlin", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("email"))])
NOWHERE = Journey("nowhere", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("email"))])
ACTIONS = {"email": "marketing", "invoice": "transactional", "ticket": "none"}


def told(*policies: str, journey: Journey = HELLO, **catalog: object) -> list[str]:
    """The problems of a catalog with these policies."""
    return list(check([journey, Catalog(policies=policies, **{"actions": ACTIONS, **catalog})]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("at most 1 emial in 1 day", 'no action "emial"; did you mean "email"?'),
        ("consent for fax", 'no action "fax"; there are email, invoice, ticket'),
        ("quiet 22:00 to 08:00 for ticket", '"ticket" reaches nobody, so that it never holds'),
        ("at most 1 invoice in 1 day", '"invoice" is transactional and passes it'),
        ("none while event.total > 5 as x", "event is not known when a message is performed; read the customer, consent or now"),
        ("none while data.total > 5 as x", "data is not known"),
        ("quiet 22:00 to 08:00, missing zone Berlin", 'no time zone "Berlin"'),
    ],
)
def test_a_policy_that_cannot_work(policy: str, problem: str) -> None:
    """Its place, what is wrong, and the way out."""
    (line,) = told(policy)

    assert line.startswith(f'catalog: policies[0]: "{policy}"')
    assert problem in line


def test_everything_is_right() -> None:
    """One of each kind, and nothing to say."""
    policies = [
        "consent", "consent opt-out for email", "consent about news", "hold out 5% for ticket as control",
        "none while customer.tier == 'x' and consent.email and now > '2026-01-01' as x", "good-taste", "quiet 22:00 to 08:00",
        "at most 1 email in 24 hours", "at most 3 in 7 days",
    ]  # fmt: skip

    assert told(*policies) == []


def test_an_undeclared_trait() -> None:
    """Where the catalog declares traits, a suppression reads them or facts."""
    (line,) = told("none while customer.tickets > 0 as x", traits={"ticket_count": "number"})

    assert 'no trait or fact "tickets"' in line


def test_caps_count_what_is_there_and_one_thing_together() -> None:
    """A message carries one household."""
    (unknown,) = told("at most 1 in 1 day per customer.hosehold", traits={"household": "text"})
    (two,) = told("at most 1 in 1 day per customer.household", "at most 9 in 1 day per customer.account")

    assert unknown.endswith('no trait or fact "hosehold"; did you mean "household"?')
    assert two.startswith('catalog: policies[1]: "at most 9 in 1 day per customer.account" counts per customer.account')


def test_an_action_that_the_engine_does_not_have() -> None:
    """Without a catalog the actions of the engine count."""
    with pytest.raises(DefinitionError, match=r'policies\[0\]: .* no action "fax"'):
        Engine([HELLO, Catalog(policies=["consent for fax"])], MemoryStorage(), {"email": print})


def test_customers_without_a_zone_are_a_declared_case() -> None:
    """A journey without a zone, and quiet hours that do not say what follows."""
    (line,) = told("quiet 22:00 to 08:00", journey=NOWHERE)

    assert 'add ", missing zone Europe/Berlin", ", missing zone drop" or ", missing zone permit", or give journey "nowhere" a zone' in line
    for said in ("Europe/Berlin", "drop", "permit"):
        assert told(f"quiet 22:00 to 08:00, missing zone {said}", journey=NOWHERE) == []


def test_names_are_said_once() -> None:
    """Two holdouts of one name would hold out the same customers; two consents of one channel contradict each other."""
    assert [line.partition(": policies")[2] for line in told("hold out 5% as a", "hold out 9% as a", "consent", "consent opt-out")] == [
        '[1]: another holdout is called "a"; give it a name of its own',
        '[3]: "consent opt-out" and "consent" are about the same messages; keep one',
    ]


def test_quiet_hours_that_leave_no_time() -> None:
    """Together they are quiet all week; on weekdays alone they are not, and a single channel counts too."""
    day, night = "quiet 08:00 to 22:00", "quiet 22:00 to 08:00"

    assert told(day, night) == ["catalog: policies: the quiet hours leave no time in the whole week; shorten one of them"]
    assert told(f"{day} on weekday", night) == []
    assert told("quiet 20:00 to 09:00", "quiet 08:00 to 21:00") == told(day, night)
    assert told(f"{day} for email", night) == [
        'catalog: policies: the quiet hours leave no time for "email" in the whole week; shorten one of them'
    ]


def test_a_policy_of_the_host_has_to_be_given() -> None:
    """To an engine that performs; one that only decides does not need it."""
    catalog = Catalog(policies=["good-taste"])
    with pytest.raises(DefinitionError, match=r'policies\[0\]: no policy "good-taste"; .*did you mean "goodtaste".*policies=\{\.\.\.\}'):
        Engine([HELLO, catalog], MemoryStorage(), {"email": print}, policies={"goodtaste": lambda question: Permit()})
    Engine([HELLO, catalog], MemoryStorage(), {"email": print}, policies={"good-taste": lambda question: Permit()})
    Engine([HELLO, catalog], MemoryStorage())
    with pytest.raises(DefinitionError, match='policies: "good-taste" is 5, which cannot be called; give a function'):
        Engine([HELLO, catalog], MemoryStorage(), {"email": print}, policies={"good-taste": 5})  # type: ignore[dict-item]


def waiting(**step: object) -> Journey:
    """A mail, and a step that waits for its answer."""
    first = Step("asked", **{"do": "email", "when": {"Email Opened": "on"}, **step})  # type: ignore[arg-type]
    return Journey("ask", zone="UTC", stage="awareness", entry="Signed Up", steps=[first, Step("on")])


def test_a_wait_without_limit_for_an_answer() -> None:
    """Where the mail may be dropped, who waits for its opening may wait for ever."""
    line = 'ask: steps[0]: waits without limit for an answer to email, which a policy may drop; add a wait, or a transition with settled: "email dropped"'

    assert told("consent", journey=waiting()) == [line]
    assert told("none while customer.x as x", journey=waiting()) == [line]
    by_date = attrs.evolve(waiting(), entry=On(after="3 days before customer.ends"))
    assert told("consent", journey=by_date) == [line]  # the date lets in, and nobody out


@pytest.mark.parametrize(
    "step",
    [
        {"wait": "3 days"},
        {"when": {"Order Completed": "on"}},
        {"do": Do("email", message="transactional")},
    ],
)
def test_a_wait_that_ends(step: dict[str, object]) -> None:
    """A limit, an event that needs no mail, or a mail that is not dropped."""
    assert told("consent", journey=waiting(**step)) == []


def test_a_wait_that_is_limited_from_outside() -> None:
    """A scope's limit, or listening for the drop, is a way on."""
    scope = Scope("asking", stage="awareness", wait="7 days", steps=[Step("asked", do="email", when={"Email Opened": "on"})])
    limited = Journey("ask", zone="UTC", entry="Signed Up", steps=[scope, Step("on")])
    listening = waiting(when=[Transition("on", on=On("Email Opened")), Transition("on", on=On(settled="email dropped"))])

    assert told("consent", journey=limited) == []
    assert told("consent", journey=listening) == []


def test_without_policies_nothing_is_said() -> None:
    """What has been right stays right."""
    assert list(check([waiting(), Catalog(actions={"email": "marketing"})])) == []


ALL_KINDS = ("consent for {}", "consent opt-out for {}", "quiet 22:00 to 08:00 for {}", "at most 1 {} in 1 day")


@pytest.mark.parametrize("policy", ALL_KINDS)
def test_what_passes_a_policy_or_reaches_nobody_is_not_named_in_it(policy: str) -> None:
    """Consent, quiet hours and caps are about marketing alone."""
    invoice, ticket, email = (policy.format(action) for action in ("invoice", "ticket", "email"))

    assert told(invoice) == [
        f'catalog: policies[0]: "{invoice}": "invoice" is transactional and passes it; declare it as marketing, or leave it out'
    ]
    assert told(ticket) == [
        f'catalog: policies[0]: "{ticket}": "ticket" reaches nobody, so that it never holds; declare it as marketing, or leave it out'
    ]
    assert told(email) == []


def test_a_holdout_may_withhold_whatever_it_names() -> None:
    """A ticket and an invoice, too; what is there none of it cannot."""
    assert told("hold out 5% for ticket as a", "hold out 5% for invoice as b", "none for invoice while customer.x as c") == []
    assert told("hold out 5% for fax as a") == [
        'catalog: policies[0]: "hold out 5% for fax as a": no action "fax"; there are email, invoice, ticket'
    ]


@pytest.mark.parametrize(
    ("one", "other", "twice"),
    [
        ("consent", "consent opt-out", True),
        ("consent for email", "consent opt-out for email", True),
        ("consent for email", "consent opt-out for email and sms", True),
        ("consent for email", "consent opt-out for sms", False),
        ("consent", "consent opt-out for email", False),
        ("consent for email", "consent opt-out", False),
        ("consent about news", "consent opt-out about news", True),
        ("consent about news", "consent opt-out about offers", False),
        ("consent about news", "consent opt-out", False),
        ("hold out 5% as a", "hold out 7% for email as a", True),
        ("hold out 5% as a", "hold out 7% as b", False),
        ("at most 1 in 1 day", "at most 1 in 1 day", False),
        ("none while customer.x as a", "hold out 7% as a", False),
    ],
)
def test_what_two_policies_say_of_the_same(one: str, other: str, twice: bool) -> None:
    """Two consents for one channel or all of them, or about one topic; two holdouts of one name."""
    holdout = 'another holdout is called "a"; give it a name of its own'
    both = f'"{other}" and "{one}" are about the same messages; keep one'
    line = holdout if one.startswith("hold") else both

    actions = {"email": "marketing", "sms": "marketing"}
    assert told(one, other, actions=actions) == ([f"catalog: policies[1]: {line}"] if twice else [])


SMS = Journey("sms", zone="UTC", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("sms"))])


@pytest.mark.parametrize(
    ("policies", "lines"),
    [
        (["one at a time of hello, helo as a"], ['[0]: "one at a time of hello, helo as a": no journey "helo"; did you mean "hello"?']),
        (
            ["one at a time of hello, sms, hello as a"],
            ['[0]: "one at a time of hello, sms, hello as a" names "hello" twice; keep the more important place'],
        ),
        (
            ["one at a time of hello, sms as a", "one at a time of sms, hello as a"],
            [
                '[1]: another lane is called "a"; give it a name of its own',
                '[1]: "sms" is in the lane "a" already; a journey waits in one lane only',
                '[1]: "hello" is in the lane "a" already; a journey waits in one lane only',
            ],
        ),
        (["one at a time of hello, sms as a", "hold out 5% as a"], []),
    ],
)
def test_lanes_are_made_of_journeys_that_are_in_no_other(policies: list[str], lines: list[str]) -> None:
    """Each once, and the lane under a name of its own."""
    catalog = Catalog(policies=policies, actions={"email": "marketing", "sms": "marketing"})

    assert list(check([HELLO, SMS, catalog])) == [f"catalog: policies{line}" for line in lines]


def test_a_household_that_all_caps_share() -> None:
    """One cap may say whose messages are counted, or several alike; a fact or what is always known will do as well as a trait."""
    traits = {"household": "text"}

    assert (
        told("at most 1 in 1 day per customer.household", "at most 9 in 1 day", "at most 5 in 1 day per customer.household", traits=traits)
        == []
    )
    assert told("at most 1 in 1 day per customer.stage", traits=traits) == []
    assert told("at most 1 in 1 day per customer.last_store", traits=traits, facts={"last_store": "last of Order.store"}) == []
    assert told("at most 1 in 1 day per customer.anything") == []


def test_quiet_hours_that_a_topic_or_a_host_leaves_open() -> None:
    """Half of the hours are about news only: there is a way through for the rest."""
    assert told("quiet 08:00 to 22:00", "quiet 22:00 to 08:00 for email") == [
        'catalog: policies: the quiet hours leave no time for "email" in the whole week; shorten one of them'
    ]
    assert told("quiet 08:00 to 21:59", "quiet 22:00 to 08:00") == []
    assert told("quiet 00:00 to 12:00 on weekday", "quiet 12:00 to 00:00 on weekday", "quiet 00:00 to 12:00 on weekend") == []


@pytest.mark.parametrize(
    ("policies", "kind", "dropped"),
    [
        (["consent"], "marketing", True),
        (["consent for sms"], "marketing", False),
        (["consent for email"], "marketing", True),
        (["one at a time of ask, sms as a"], "marketing", False),
        (["consent"], "transactional", False),
        (["none while customer.x as a"], "transactional", True),
        (["no marketing while customer.x as a"], "transactional", False),
        (["good-taste"], "transactional", True),
        (["consent", "good-taste"], "none", False),
    ],
)
def test_what_a_policy_may_drop(policies: list[str], kind: str, dropped: bool) -> None:
    """Marketing by whatever binds it; what the customer has asked for only by what binds everything, or by the host."""
    line = 'ask: steps[0]: waits without limit for an answer to email, which a policy may drop; add a wait, or a transition with settled: "email dropped"'
    actions = {"email": kind, "sms": "marketing"}

    assert list(check([waiting(), SMS, Catalog(policies=policies, actions=actions)])) == ([line] if dropped else [])
    if kind == "marketing":  # as is what nobody declares
        assert (line in check([waiting(), SMS, Catalog(policies=policies, actions={"sms": kind})])) is dropped


@pytest.mark.parametrize(
    ("when", "waits"),
    [
        ([Transition("on", on=On("Email Opened"))], True),
        ([Transition("on", on=On("Your Email Opened"))], True),
        ([Transition("on", on=On("EMAIL"))], True),
        ([Transition("on", on=On("Emails Opened"))], False),
        ([Transition("on", on=On("SMS Opened"))], False),
        ([Transition("on", on=On(settled="email performed"))], True),
        ([Transition("on", on=On(settled="email dead"))], False),
        ([Transition("on", on=On("Email Opened")), Transition("on", on=On("Email Clicked"))], True),
        ([Transition("on", on=On("Email Opened")), Transition("on", on=On(where="customer.x"))], False),
        ([Transition("on", on=On("Email Opened")), Transition("on", on=On(after="3 days"))], False),
        ([Transition("on", on=On("Email Opened")), Transition("on", on=On(changed="customer.x"))], False),
    ],
)
def test_what_waits_for_an_answer(when: list[Transition], waits: bool) -> None:
    """An event that is called after the action, or its being performed, and nothing else that may lead on."""
    assert len(told("consent", journey=waiting(when=when))) == waits
