"""What installed packages offer, and triggers and timers of somebody else's."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from journeykit import Catalog, DefinitionError, Done, Engine, Event, Journey, MemoryStorage, Permit, Step, check, dumps, loads, mermaid
from journeykit.codec import json_schema
from journeykit.codec.text import read
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.plugins import Actions
from journeykit.testing.scenario import Scenario
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


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, points: str, modules: dict[str, str]) -> None:
    """A package with entry points, as pip would leave it."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    for module, text in modules.items():
        (folder / module).write_text(text)
        monkeypatch.delitem(sys.modules, module.removesuffix(".py"), raising=False)
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture(name="package", autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that offers three actions."""
    install(tmp_path, monkeypatch, "fax-machine", ENTRY_POINTS, {"fax_machine.py": MODULE})


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
    """It is tried again like any action that raises, others are performed, and the reason names the package."""
    worker = engine("broken")

    assert worker.dispatch() == (0, 1, 0, 0)
    assert worker.outbox()[0].reason == (
        'DefinitionError: action "broken" of package fax-machine 1.0 cannot be loaded from not_installed_at_all:send '
        "(ModuleNotFoundError: No module named 'not_installed_at_all'); mend or uninstall it"
    )


def test_a_class_is_made_once() -> None:
    """The same object performs every request."""
    actions = Actions({"own": lambda request: Done()})

    assert actions["postcard"] is actions["postcard"]


def test_two_packages_may_not_offer_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them it would be is left to nobody's luck; one that the host gives is the one."""
    install(tmp_path / "other", monkeypatch, "other-machine", "[journeykit.actions]\nfax = other_machine:send\n", {})

    with pytest.raises(DefinitionError) as caught:
        Actions()["fax"]
    assert str(caught.value) == (
        'action "fax" of package fax-machine 1.0 and of package other-machine 1.0: more than one package offers it; '
        "uninstall one, or give the engine the one you mean"
    )
    assert Actions({"fax": print})["fax"] is print


def test_what_is_offered_can_be_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that offers a text is told so by its name."""
    install(tmp_path / "other", monkeypatch, "texts", "[journeykit.actions]\nnote = texts:NOTE\n", {"texts.py": "NOTE = 'hello'\n"})

    with pytest.raises(
        DefinitionError, match=r'action "note" of package texts 1.0 is .hello., which cannot be called; let texts:NOTE be a'
    ):
        Actions()["note"]


# -- triggers and timers -------------------------------------------------------------------------------------------------


class Campaign:
    """Recognises who came through a campaign's link."""

    event = "Page Viewed"

    def __call__(self, event: Event, /, name: str, least: int = 0) -> bool:
        return f"utm_campaign={name}" in event.properties["url"] and event.properties.get("seconds", 0) >= least


def payday(anchor: datetime, /, day: int | None = 25) -> date | None:
    """The next pay day, the last working day on or before the 25th of a month, or of another day."""
    if day is None:
        return None
    for month in (anchor.month, anchor.month + 1):
        at = date(anchor.year + (month > 12), (month - 1) % 12 + 1, day)
        at -= timedelta(days=max(0, at.weekday() - 4))
        if at > anchor.date():
            return at
    return None


SPRING = loads("""
journey: spring
zone: Europe/Berlin
entry: "campaign('spring')"
exits: {event: "campaign('summer', 10)", end: moved on}
steps:
  - step: came
    stage: awareness
    wait: 2 calendar days before payday(customer.pay_day or 25) at 09:00, exit if missing, now if past
  - step: reminded
    do: {email: {template: payday}}
    wait: 30 days
""")
BROUGHT: dict[str, Any] = {"triggers": {"campaign": Campaign()}, "timers": {"payday": payday}}


def shop(**options: Any) -> Scenario:
    return Scenario(SPRING, at="2026-04-01 10:00", zone="Europe/Berlin", **{**BROUGHT, **options})


def test_a_trigger_of_somebody_elses_lets_customers_in() -> None:
    """Ann came through the spring campaign, Ben through another, Eve bought: only Ann is in."""
    story = shop()
    story.event("Page Viewed", "ann", url="/?utm_campaign=spring")
    story.event("Page Viewed", "ben", url="/?utm_campaign=winter")
    story.event("Order Completed", "eve", url="/?utm_campaign=spring")

    assert [len(story.storage.history(who)) > 0 for who in ("ann", "ben", "eve")] == [True, False, False]


def test_a_timer_of_somebody_elses_says_when() -> None:
    """The 25th of April 2026 is a Saturday, so pay day is Friday the 24th, and Ann hears two days before, in her zone."""
    story = shop()
    story.event("Page Viewed", "ann", url="/?utm_campaign=spring")
    story.wait("30 days")

    story.expect("email", template="payday", at="2026-04-22 09:00")
    story.expect_nothing_else()


def test_a_timer_is_given_what_the_definition_says() -> None:
    """Ann is paid on the 10th; Ben's pay day is not known to the timer, and he leaves."""
    story = Scenario(
        SPRING,
        at="2026-04-01 10:00",
        zone="Europe/Berlin",
        **{**BROUGHT, "timers": {"payday": lambda at, day: payday(at, None if day == 99 else day)}},
    )
    story.identify("ann", traits={"pay_day": 10})
    story.identify("ben", traits={"pay_day": 99})
    for who in ("ann", "ben"):
        story.event("Page Viewed", who, url="/?utm_campaign=spring")
    story.wait("30 days")

    story.expect("email", customer="ann", at="2026-04-08 09:00")
    story.expect_nothing_else()
    assert "exited" in [entry.kind for entry in story.storage.history("ben")]


def test_a_trigger_of_somebody_elses_takes_customers_out() -> None:
    """Given two arguments; a short look at the summer pages is not enough."""
    story = shop()
    story.event("Page Viewed", "ann", url="/?utm_campaign=spring")
    story.event("Page Viewed", "ann", url="/?utm_campaign=summer", seconds=9)
    assert [entry.kind for entry in story.storage.history("ann")] == ["entered"]
    story.event("Page Viewed", "ann", url="/?utm_campaign=summer", seconds=10)

    assert [(entry.kind, entry.reason) for entry in story.storage.history("ann")][1:] == [("exited", "moved on")]


def test_an_exit_by_a_trigger_is_looked_at_before_performing() -> None:
    """Ben completes and sees the summer pages before his last message goes: it is dropped (P17)."""
    journey = loads("""
journey: short
entry: Signed Up
exits: "campaign('summer')"
steps: [{step: only, stage: awareness, do: email}]
""")
    made = Shop(journey, triggers={"campaign": Campaign()})
    made.event("Signed Up")
    made.event("Page Viewed", url="/?utm_campaign=summer")
    made.engine.dispatch()

    assert [(row.state, row.reason) for row in made.engine.outbox()] == [("dropped", "exited: campaign('summer')")]


def test_a_trigger_that_fails_parks_its_part_and_nothing_else() -> None:
    """A page without an address: the journey with the trigger could not look at it, the other goes on (P15)."""
    other = Journey("pages", stage="awareness", entry="Page Viewed", steps=[Step("seen", wait="1 day")])
    made = Shop(SPRING, other, **BROUGHT)
    made.event("Page Viewed")

    assert made.inside("pages").step == "seen"
    (parked,) = [row for row in made.storage.events("ann") if row.state == "parked"]
    assert "trigger campaign failed: KeyError: 'url'" in str(parked.event.properties)


def test_why_says_what_a_trigger_was_asked() -> None:
    """Ben was on the page, but not through the campaign."""
    made = Shop(SPRING, **BROUGHT)
    made.event("Page Viewed", "ben", url="/")

    told = str(made.engine.explain("ben", why_not="email"))
    assert "spring: campaign('spring') came, but the entry lets in only where campaign('spring') (signal.name = 'Page Viewed')" in told


def test_what_a_plugin_is_named_by_is_written_and_read_like_everything_else() -> None:
    """It is text: in YAML, in the hash, in the diagram."""
    assert loads(dumps(SPRING)) == SPRING
    assert "payday(customer.pay_day or 25)" in mermaid(SPRING)
    assert "campaign('summer', 10)" in mermaid(SPRING)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("entry: \"campain('spring')\"", 'trig: entry.event: no trigger "campain"; did you mean "campaign"?'),
        ("entry: campaign()", "trig: entry.event: trigger campaign does not take 0 arguments; it is campaign(name, least=0)"),
        ("entry: bare(1)", 'trig: entry.event: trigger "bare" does not say which event it wants to see; give it an attribute event'),
        ("entry: lost()", 'trig: entry.event: trigger lost wants to see no event "Postcard Sent"; there is Signed Up'),
        ("wait: until pay_day(25), exit if missing, now if past", 'trig: steps[0].wait: no timer "pay_day"; did you mean "payday"?'),
        ("wait: until payday(25, 26), exit if missing, now if past", "trig: steps[0].wait: timer payday does not take 2 arguments; it is payday(day=25)"),
        (
            "wait: until payday(25)",
            ('trig: steps[0].wait: "until payday(25)" does not say what follows when the moment is missing; '
            'add "wait if missing", "exit if missing" or "skip to STEP if missing"'),
        ),
    ],
)  # fmt: skip
def test_what_a_definition_asks_of_plugins_is_checked(line: str, problem: str) -> None:
    """Like everything else in it: place, value and the way out, before the first customer."""
    entry, wait = (line, "wait: 1 day") if line.startswith("entry") else ("entry: Signed Up", line)
    journey = loads(f"journey: trig\nzone: UTC\n{entry}\nsteps:\n  - step: one\n    stage: awareness\n    {wait}\n")
    lost = type("Lost", (), {"event": "Postcard Sent", "__call__": lambda self, event: True})()
    triggers: dict[str, Any] = {"campaign": Campaign(), "bare": lambda event, number: True, "lost": lost}
    catalog = Catalog(events={"Signed Up": {}}) if "lost" in line else Catalog()

    assert problem in check([journey, catalog], triggers=triggers, timers={"payday": payday})


def test_installed_triggers_and_timers_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ``check``, by an engine and by the command, with nothing said; one that cannot be loaded names its package."""
    module = "class Visit:\n    event = 'Page Viewed'\n    def __call__(self, event, /):\n        return True\ndef noon(anchor, /):\n    return anchor\n"
    points = (
        "[journeykit.triggers]\nextras.visit = extras:Visit\nextras.gone = extras:gone\n[journeykit.timers]\nextras.noon = extras:noon\n"
    )
    install(tmp_path / "more", monkeypatch, "extras", points, {"extras.py": module})
    text = "journey: j\nzone: UTC\nentry: extras.%s()\nsteps:\n  - {step: one, stage: awareness, wait: 'until extras.noon(), exit if missing, now if past'}\n"

    assert check(loads(text % "visit")) == ()
    assert check(loads(text % "gone")) == (
        (
            'j: entry.event: trigger "extras.gone" of package extras 1.0 cannot be loaded from extras:gone '
            "(AttributeError: module 'extras' has no attribute 'gone'); mend or uninstall it"
        ),
    )


def test_an_older_version_outlives_its_plugin() -> None:
    """Its package was uninstalled: the engine starts, the customers of that version are parked when it would be asked."""
    storage = MemoryStorage()
    before = Shop(SPRING, storage=storage, **BROUGHT)
    before.event("Page Viewed", url="/?utm_campaign=spring")
    after = Shop(loads("journey: spring\nsteps: [{step: came, stage: awareness, wait: 1 day}]"), storage=storage)
    after.event("campaign('summer', 10)")

    assert after.inside("spring").active
    (parked,) = [row for row in after.storage.events("ann") if row.state == "parked"]
    assert 'no trigger "campaign" here; install or mend the package that brings it' in str(parked.event.properties)


def test_an_event_may_still_have_brackets() -> None:
    """What is no name with arguments behind it is an event's name as ever."""
    made = Shop(Journey("web", stage="awareness", entry="Order Completed (web)", steps=[Step("in", wait="1 day")]))
    made.event("Order Completed (web)")

    assert made.inside("web").step == "in"


def test_a_timer_that_follows_moves_with_what_it_is_given() -> None:
    """Ann's pay day becomes known to be the 10th while she waits for the 25th (P7)."""
    journey = loads("""
journey: paid
zone: Europe/Berlin
entry: Signed Up
steps:
  - {step: waits, stage: awareness, wait: "until payday(customer.pay_day or 25) at 09:00, exit if missing, now if past, following"}
  - {step: told, do: email}
""")
    story = Scenario(journey, at="2026-04-01 10:00", zone="Europe/Berlin", timers={"payday": payday})
    story.event("Signed Up")
    story.wait("2 days")
    story.identify("ann", traits={"pay_day": 10})
    story.wait("30 days")

    story.expect("email", at="2026-04-10 09:00")
    story.expect_nothing_else()


def test_a_timer_counts_in_the_customers_zone_and_a_late_worker_changes_nothing() -> None:
    """For Ann in Auckland it is the 25th already; a worker that looks once a year decides what one decides that is always there (P3)."""
    told = []
    for steps in (365, 1):
        made = Shop(SPRING, at="2026-05-24T13:00:00+00:00", **{**BROUGHT, "timers": {"payday": lambda at, day: payday(at, 25)}})
        made.identify(zone="Pacific/Auckland")
        made.event("Page Viewed", url="/?utm_campaign=spring")
        for _ in range(steps):
            made.clock.advance(365 * 86_400 // steps)
            made.work()
        told.append(made.told())

    assert told[0] == told[1]
    assert told[0][-2:] == ["06-22 21:00 moved reminded", "07-22 21:00 completed"]


def test_a_definition_with_plugins_fits_the_schema() -> None:
    """An editor that knows the schema underlines nothing."""
    (found,) = read(dumps(SPRING))

    Draft202012Validator(json_schema()).validate(found)


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
    assert asked("broken-policy") == [
        (
            'open: policy "broken-policy" of package fax-machine 1.0 cannot be loaded from not_installed_at_all:policy '
            "(ModuleNotFoundError: No module named 'not_installed_at_all'); mend or uninstall it"
        )
    ]
