"""Half a year of a small shop, for tests of the map and the page: two versions of a journey, ratings, tickets, and names that bite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from journeykit import Do, Engine, Event, Journey, MemoryStorage, Scope, Step
from journeykit.runtime.clock import ManualClock

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}  #: screens
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
BITING = "</script><script>alert(1)</script>\"'&"
LONG = " ".join(["Donaudampfschifffahrtsgesellschaftskapitaenswitwe"] * 3)


def care(*, called: bool = True, name: str = "after-order", reminded: str = "reminded", said: str = "Product Reviewed") -> Journey:
    """Thanked, asked for a review, kept warm; the first version also calls, the second no longer does. Two names can be said."""
    more = {"Phone Rang": "fan"} if called else {}
    return Journey(
        name,
        stages=["purchase", "advocacy", "retention"],
        entry="Order Completed",
        goal=said,
        exits="Account Closed",
        reentry="always",
        steps=[
            Step(
                "thanked",
                stage="purchase",
                do=Do("email", template="thanks"),
                wait="7 days",
                when={"Ticket Opened": "helped", **more},
                then="asked",
            ),
            Step("helped", do=Do("ticket"), wait="3 days"),
            Step("asked", stage="advocacy", do=Do("email", template="review"), wait="14 days", when={said: "fan"}, then="quiet"),
            Step("fan", wait="30 days", when={"Friend Invited": "fan"}),
            Scope(
                "keeping warm",
                stage="retention",
                when={"Order Completed": "thanked"},
                steps=[Step("quiet", wait="30 days"), Step(reminded, do=Do("email", template="miss-you"), wait="20 days")],
            ),
            Step("gone", end="silent"),
        ],
    )


def happened(storage: MemoryStorage, *, customers: int = 60, biting: bool = False, **names: str) -> None:
    """Let *customers* live through half a year, the second half of it on the second version."""
    clock = ManualClock(BEGIN)
    engines = [Engine([care(called=called, **names)], storage, clock=clock) for called in (True, False)]
    for number, (at, customer, event, properties) in enumerate(
        sorted(_lives(customers, biting, names.get("said", "Product Reviewed")), key=lambda one: one[:2])
    ):
        engine = engines[at > BEGIN + timedelta(days=75)]
        engine.run_due(at)
        clock.set(at)
        engine.handle(Event(event, id=f"e{number}", customer_id=customer, occurred_at=at, properties=properties))
    engines[1].run_due(BEGIN + timedelta(days=180))


def _lives(customers: int, biting: bool, said: str) -> list[tuple[datetime, str, str, dict]]:
    found = []
    for number in range(customers):
        who = f"{BITING}{number}" if biting else f"c{number:03}"
        begin = BEGIN + timedelta(days=2 * number, minutes=number)

        def later(days: float, event: str, who: str = who, begin: datetime = begin, **properties: object) -> None:
            found.append((begin + timedelta(days=days), who, event, properties))

        later(0, "Order Completed", order_id=f"o{number}", total=2_000 + 10 * number, currency="EUR", note=BITING if biting else "ok")
        if number % 4 == 0:
            later(1, "Phone Rang")
        if number % 5 == 1:
            later(2, "Ticket Opened", ticket_id=f"t{number}")
        if number % 3 == 0:
            later(12, said, rating=1 + number % 5, product_id="p1")
        if number % 6 == 0:
            later(14, "Friend Invited")
        if number % 7 == 3:
            later(40, "Order Completed", order_id=f"p{number}", total=3_000, currency="EUR")
        if number % 11 == 5:
            later(5, "Account Closed")
    return found
