"""Invented happenings of a shop for properties of numbers: what some customers did, told in no order."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from insight_told import Told, at
from journeykit.insight.figures import Period
from journeykit.insight.settings.settings import Settings
from reference_numbers import DAY

FIRST = at("2026-03-20")
ZONE = "Europe/Berlin"
SHOP = Settings(zone=ZONE, currency="EUR", churn=5.0)
HOUR = DAY // 24

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


@st.composite
def told(draw: DrawFn, kinds: tuple[str, ...], most: int = 40) -> Told:
    """
    What four customers did in up to forty days around the night in which summer time begins: *kinds* of things, one of `STORIES`.

    There are *most* of them at most, and at least a quarter of that.
    """
    days = draw(st.sampled_from((2, 10, 40)))
    begin = FIRST + draw(st.integers(0, (40 - days) * 24)) * HOUR
    found = Told()
    for name, customer, hours, more, properties in draw(st.lists(_events(kinds, days), min_size=most // 4, max_size=most)):
        found.event(customer, name, begin + hours * HOUR + more, **properties)
    return found


def _events(kinds: tuple[str, ...], days: int) -> SearchStrategy[tuple[str, str, int, int, dict[str, Any]]]:
    """One of *kinds*, whose it is, and when: so many hours after the beginning, often on the hour."""
    place = st.sampled_from(("ann", "bob", "cem", "dora")), st.integers(0, days * 24), st.sampled_from((0, 0, 1, 1_234_567))
    return st.one_of([st.tuples(st.just(name), *place, _properties(name)) for name in kinds])


def _properties(name: str) -> SearchStrategy[dict[str, Any]]:
    """What an event of that name tells; now and then less."""
    drawn = st.fixed_dictionaries({key: st.sampled_from(values) for key, values in KINDS[name].items()})
    return drawn.map(lambda told: {key: value for key, value in told.items() if value is not None})


@st.composite
def periods(draw: DrawFn, shop: Told) -> Period:
    """Periods that begin and end where something happens, or a little before or after; they cut off what was told elsewhere."""
    moments = [one.at for one in shop.facts]
    begin, end = (draw(st.sampled_from(moments)) + draw(st.sampled_from((0, 0, 1, -1, HOUR, -HOUR, DAY, -5 * DAY))) for _ in range(2))
    return Period(min(begin, end), max(begin, end) + 1)
