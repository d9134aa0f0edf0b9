"""The sentences of policies: what each says, and what is said of one that is none."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Defer, DefinitionError, Drop, EventError, Permit, Policy, dumps, loads

HOUR = 3_600_000_000
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("consent", {"kind": "consent", "opt_out": False, "channels": ()}),
        ("consent opt-in for email", {"kind": "consent", "opt_out": False, "channels": ("email",)}),
        ("consent opt-out for push and sms", {"kind": "consent", "opt_out": True, "channels": ("push", "sms")}),
        ("consent about newsletter", {"kind": "consent", "about": "newsletter"}),
        ("hold out 10% as control", {"kind": "holdout", "percent": 10, "name": "control"}),
        ("hold out 1% for coupon as no coupons", {"kind": "holdout", "channels": ("coupon",), "name": "no coupons"}),
        ("none while customer.bounced as bounced", {"kind": "suppression", "everything": True, "name": "bounced", "defer": None}),
        ("no marketing while customer.open_tickets > 0 as open ticket", {"everything": False, "name": "open ticket"}),
        ("none for email while customer.a == 'x as y' as z or defer up to 2 days", {"channels": ("email",), "name": "z", "defer": 2 * DAY}),
        ("quiet 22:00 to 08:00", {"kind": "quiet", "begin": 22 * 60, "end": 32 * 60, "days": None, "drop": False, "missing": None}),
        ("quiet 09:30 to 17:00 on friday and weekend", {"begin": 570, "end": 1020, "days": frozenset({4, 5, 6})}),
        ("quiet 00:00 to 24:00 for sms or drop, missing zone drop", {"end": 1440, "channels": ("sms",), "drop": True, "missing": "drop"}),
        ("quiet 22:00 to 08:00, missing zone Europe/Berlin", {"missing": "Europe/Berlin"}),
        ("at most 3 in 7 days", {"kind": "cap", "number": 3, "window": 7 * DAY, "defer": None, "channels": ()}),
        ("at most 1 email in 24 hours or defer up to 2 days", {"number": 1, "channels": ("email",), "window": DAY, "defer": 2 * DAY}),
        ("at most 2 email and sms in 1 day or skip", {"channels": ("email", "sms"), "defer": None}),
        ("at most 2 about lapsing in 1 week", {"channels": (), "about": "lapsing", "window": 7 * DAY}),
        ("at most 1 start here and email in 1 day", {"channels": ("start here", "email"), "window": DAY}),
        ("consent for start here about x", {"channels": ("start here",), "about": "x"}),
        ("hold out 5% for start here as x", {"channels": ("start here",), "name": "x"}),
        ("quiet 22:00 to 08:00 for start here or drop", {"channels": ("start here",), "drop": True}),
        ("good-taste", {"kind": "plugin", "name": "good-taste"}),
    ],
)
def test_a_sentence(text: str, said: dict[str, Any]) -> None:
    """Each sentence says what it reads like."""
    policy = Policy(text)

    assert {name: getattr(policy, name) for name in said} == said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("consnet", 'did you mean "consent"'),
        ("consent maybe", 'write "consent", "consent opt-out for push"'),
        ("hold out 0% as x", "0% holds out nobody; write 1% to 99%"),
        ("hold out 100% as x", "100% holds out everybody"),
        ("hold out 10%", 'write for example "hold out 10% as control"'),
        ("none while as x", "write for example"),
        ("none while customer. as x", "customer"),
        ("no mail", "no marketing while"),
        ("quiet", 'write for example "quiet 22:00 to 08:00"'),
        ("quiet 22 to 8", '"22" is no time of day; write hours and minutes from 00:00 to 24:00'),
        ("quiet 22:00 to 22:00", 'write "quiet 00:00 to 24:00" for whole days'),
        ("quiet 24:00 to 08:00", "begins where it ends"),
        ("at most 0 in 7 days", 'lets nothing through; write "at most 1"'),
        ("at most 1 in 7 moons", '"7 moons" is no duration'),
        ("at most 1 in 1 day or defer up to 2 years", "no duration"),
        ("at most 1 in 1 day or defer up to 500 days", "longer than a year"),
        ("two words", 'begin with "consent", "hold out", "none while", "quiet", "at most" or "one at a time of"'),
        ("one at a time of cart as offers", "names one journey or none, which has nobody to wait for"),
        ("one at a time of cart, as offers", "names one journey or none"),
        ("one at a time", 'write for example "one at a time of recover-cart, newsletter as offers"'),
        ("one at a time of cart, news as offers, clocks stop", "write for example"),
        ("", "begin with"),
    ],
)
def test_no_sentence(text: str, problem: str) -> None:
    """What is wrong, and what to write instead."""
    with pytest.raises(DefinitionError) as raised:
        Policy(text)

    assert problem in str(raised.value)


def test_no_text() -> None:
    """A number is no policy."""
    with pytest.raises(DefinitionError, match="5 is no policy; write it as text"):
        Policy(5)  # type: ignore[arg-type]


def test_policies_of_a_catalog_are_written_back() -> None:
    """One to one with YAML; blanks between words mean nothing."""
    catalog = Catalog(policies=["consent", "at  most 3 in 7 days"])

    assert catalog.policies == (Policy("consent"), Policy("at most 3 in 7 days"))
    assert dumps(catalog) == "policies: [consent, at most 3 in 7 days]\n"
    assert loads(dumps(catalog)) == catalog
    assert loads("policies: consent") == Catalog(policies="consent")


def test_a_wrong_sentence_has_its_place() -> None:
    """An editor finds it by the path."""
    with pytest.raises(DefinitionError, match=r'policies\[1\]: "quite" is no policy.*did you mean "quiet"'):
        loads("policies: [consent, quite]")


def test_answers() -> None:
    """A moment needs a zone; a reason is text, whatever was given."""
    assert Defer("2026-03-02T09:00:00+01:00").at == Defer("2026-03-02T08:00:00+00:00").at
    assert Drop(KeyError("x")).reason == "'x'"  # type: ignore[arg-type]
    assert Permit() == Permit()
    with pytest.raises(EventError, match=r"until: .* has no zone"):
        Defer("2026-03-02T09:00:00")
