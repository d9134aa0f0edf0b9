"""All numbers agree with a few lines of plain Python, on both engines, whatever happened in whatever order."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

from insight_told import Told, at
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Figure, Period, Slice
from journeykit.insight.measures import MEASURES
from journeykit.insight.settings.settings import Settings
from reference_numbers import DAY, Reference

EXAMPLES = max(100, int(os.environ.get("JOURNEYKIT_EXAMPLES", "200")))
NUMBERS = [measure for measure in MEASURES if measure.group != "journey"]
FIRST = at("2026-03-20")
ZONE = "Europe/Berlin"
SHOP = Settings(zone=ZONE, currency="EUR", churn=5.0)

_ORDER = {
    "order_id": ["o1", "o2", "o3", None],
    "total": [0, 500, 1250, None],
    "currency": ["EUR", "USD", None],
    "cart_id": ["c1", "c2", None],
}
_TICKET = {"ticket_id": ["t1", "t2"]}
_MAIL = {"email_id": ["m1", "m2"]}
_CART = {"cart_id": ["c1", "c2", None]}
_VISIT = {"session_id": ["s1", "s2", None], "source": ["google", None]}
_NOTHING: dict[str, list[Any]] = {}
KINDS: dict[str, dict[str, list[Any]]] = {
    **dict.fromkeys(("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"), _ORDER),
    **dict.fromkeys(("Product Added", "Checkout Started"), _CART),
    **dict.fromkeys(("Page Viewed", "Session Started", "Session Ended"), _VISIT),
    **dict.fromkeys(("Ticket Opened", "Ticket Answered", "Ticket Resolved", "Ticket Reopened"), _TICKET),
    **dict.fromkeys(("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced"), _MAIL),
    "NPS Answered": {"score": [0, 6, 7, 9, 10, 11, "ten"]},
    "CSAT Answered": {"score": [1, 3, 4, 5, 6], "ticket_id": ["t1", None]},
    "Product Reviewed": {"score": [1, 3.5, 5, 0], "product_id": ["p1", "p2"]},
    **dict.fromkeys(
        ("Product Viewed", "Newsletter Signed Up", "Unsubscribed", "Social Post Seen", "Social Engaged", "Subscription Started",
         "Subscription Cancelled", "Referral Sent", "Referral Accepted", "Referral Bought"), _NOTHING),
}  # fmt: skip
#: each kind of story is dense in what one group of numbers reads
STORIES = [
    ("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"),
    ("Product Added", "Checkout Started", "Order Completed"),
    ("Order Completed",),
    ("Checkout Started", "Order Completed", "Checkout Started"),
    ("Page Viewed", "Session Started", "Session Ended", "Product Viewed"),
    ("Ticket Opened", "Ticket Answered", "Ticket Resolved", "Ticket Reopened", "CSAT Answered"),
    ("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Unsubscribed"),
    ("Subscription Started", "Subscription Cancelled", "Newsletter Signed Up", "Social Post Seen", "Social Engaged"),
    ("NPS Answered", "Product Reviewed", "Referral Sent", "Referral Accepted", "Referral Bought"),
    tuple(KINDS),
]


def story(seed: int, kinds: tuple[str, ...], most: int) -> Told:
    """What some customers did in up to forty days around the night in which summer time begins, told in no order."""
    chance, told = random.Random(seed), Told()
    days = chance.choice((2, 10, 40))
    begin = chance.randint(0, (40 - days) * 24) * DAY // 24
    for _ in range(chance.randint(1, most)):
        name = chance.choice(kinds)
        properties = {key: value for key, values in KINDS[name].items() if (value := chance.choice(values)) is not None}
        moment = FIRST + begin + chance.randint(0, days * 24) * DAY // 24 + chance.choice((0, 0, 1, 1_234_567))
        told.event(chance.choice(("ann", "bob", "cem", "dora")), name, moment, **properties)
    return told


def shown(figures: list[Figure]) -> Any:
    """Figures as the reference tells them."""
    if figures and figures[0].by is not None:
        return {one.by: (one.count, one.of) for one in figures}
    return (figures[0].count, figures[0].of) if figures else {}


def look(seed: int) -> tuple[Told, Period]:
    """The story of a seed, and a period that cuts off its ends."""
    chance = random.Random(f"period {seed}")
    begin = FIRST + chance.randint(-2 * 24, 30 * 24) * DAY // 24
    return story(seed, STORIES[seed % len(STORIES)], 40), Period(begin, begin + chance.randint(1, 30 * 24) * DAY // 24)


def test_every_number_is_what_a_few_lines_of_python_say() -> None:
    """Stories of up to forty events; JOURNEYKIT_EXAMPLES says how many, and the engine for volume looks at every fourth."""
    told: Counter[str] = Counter()
    for seed in range(EXAMPLES):
        shop, when = look(seed)
        insight = shop.insight(SmallLake if seed % 4 else DuckLake, SHOP)
        reference = Reference(shop.facts, when.begin, when.end, zone=ZONE, churn=SHOP.churn)
        for measure in NUMBERS:
            found = shown(insight.figures(measure.name, Slice(when)))
            assert found == getattr(reference, measure.name.lower().replace(" ", "_").replace("-", "_"))(), f"{measure.name}, seed {seed}"
            told[measure.name] += bool(found and (isinstance(found, dict) or found[0]))
        insight.lake.close()

    assert {measure.name: told[measure.name] for measure in NUMBERS if not told[measure.name]} == {}, "nothing, in nearly every story"
