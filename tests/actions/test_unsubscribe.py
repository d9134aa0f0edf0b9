"""Unsubscribing: one click, for oneself and nobody else, and the journeys know."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from journeykit import ActionRequest, DefinitionError, Exit, Journey, On, Step
from journeykit.actions.unsubscribe import UnsubscribeLinks, Wish
from journeykit.model.messages import moment
from shop import Shop

LINKS = UnsubscribeLinks("https://shop.example/off", "a secret of random signs")
REQUEST = ActionRequest("email", "ann", {}, "ann/trial//1/2/0", 1, moment(0), None, "trial")


def wish(link: str) -> str:
    return parse_qs(urlsplit(link).query)["wish"][0]


def test_a_link_brings_back_who_and_what() -> None:
    """The customer and the channel, whatever signs are in them."""
    assert LINKS.read(wish(LINKS(REQUEST))) == Wish("ann", "email")
    assert LINKS.read(wish(LINKS(evolve(REQUEST, customer_id="Zoë & Söhne/1", action="extras.mail")))) == Wish(
        "Zoë & Söhne/1", "extras.mail"
    )
    assert UnsubscribeLinks("https://shop.example/?page=off", "a secret of random signs")(REQUEST).startswith(
        "https://shop.example/?page=off&wish="
    )


def test_a_link_is_the_same_every_time() -> None:
    """It depends on nothing but the customer and the channel, so that it works for ever."""
    assert LINKS(REQUEST) == LINKS(evolve(REQUEST, idempotency_key="another", attempt=2))


@pytest.mark.parametrize("forged", ["", "ann", "é", "AAAA", "=", "a" * 500])
def test_nobody_is_unsubscribed_by_a_link_of_somebody_elses(forged: str) -> None:
    """Neither by nonsense nor by a link of another shop."""
    assert LINKS.read(forged) is None
    assert LINKS.read(wish(UnsubscribeLinks("https://shop.example/off", "another secret of signs")(REQUEST))) is None


def test_one_changed_sign_is_noticed() -> None:
    """Wherever it is."""
    good = wish(LINKS(REQUEST))
    changed = [good[:place] + ("A" if sign != "A" else "B") + good[place + 1 :] for place, sign in enumerate(good[:-1])]

    assert [LINKS.read(one) for one in changed] == [None] * len(changed)


def test_a_short_secret_is_refused() -> None:
    """One that could be guessed."""
    with pytest.raises(DefinitionError, match="secret: it has fewer than 16 characters"):
        UnsubscribeLinks("https://shop.example/off", "secret")


def test_the_click_is_a_signal() -> None:
    """Ann clicks: her consent ends, and the journey that listens for it lets her go before the second e-mail."""
    letters = Journey(
        "letters",
        stage="retention",
        entry="Signed Up",
        exits=Exit(On(changed="consent.email", where="not consent.email"), end="unsubscribed"),
        steps=[Step("first", do="email", wait="1 day"), Step("second", do="email")],
    )
    shop = Shop(letters)
    shop.event("Signed Up")
    shop.work()
    meant = LINKS.read(wish(LINKS(shop.requests[0])))
    assert meant is not None
    shop.engine.identify(meant.customer_id, id="click 1", consent={meant.channel: False})
    shop.wait("2 days")

    assert len(shop.sent) == 1
    assert shop.told()[-1] == "03-02 09:00 exited unsubscribed"
