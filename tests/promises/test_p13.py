"""P13: independent tracks are enrollments of their own."""

from __future__ import annotations

from journeykit import Do, Journey, Start, Step
from shop import Shop

INVITED = Journey("invited", steps=[Step("welcome", stage="awareness", do=Do("email", by="{data.by}"), wait="1 day")])
INVITE = Journey(
    "invite",
    entry="Friend Invited",
    steps=[Step("asked", stage="advocacy", do=[Start("invited", customer="event.friend", set={"data.by": "customer.id"}), Do("sms")])],
)


def test_a_journey_started_for_a_friend_is_the_friends_own() -> None:
    """Ann invites Ben; he is welcomed in her name, and her own journey is over."""
    shop = Shop(INVITE, INVITED)
    shop.event("Friend Invited", friend="ben")
    shop.work()

    assert sorted(shop.sent) == ["2026-03-02 09:00 ann sms", "2026-03-02 09:00 ben email ann"]
    assert shop.inside("invite").status == "completed"
    assert shop.inside("invited", customer="ben").step == "welcome"


def test_a_start_told_twice_starts_once() -> None:
    """The invitation delivered again changes nothing, for Ann or for Ben."""
    shop = Shop(INVITE, INVITED)
    for _ in range(2):
        shop.event("Friend Invited", friend="ben", id="invitation-1")
        shop.work()

    assert sorted(shop.sent) == ["2026-03-02 09:00 ann sms", "2026-03-02 09:00 ben email ann"]


def test_a_start_for_oneself_follows_in_the_same_decision() -> None:
    """A second track for the same customer begins at once and runs beside the first."""
    both = Journey(
        "first", entry="Signed Up", steps=[Step("began", stage="awareness", do=Start("invited", set={"data.by": "'shop'"}), wait="9 days")]
    )
    shop = Shop(both, INVITED)
    shop.event("Signed Up")

    assert (shop.inside("first").step, shop.inside("invited").step) == ("began", "welcome")
