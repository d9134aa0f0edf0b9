"""Every number again, in a few lines of plain Python over a list of events: what the SQL of `journeykit.insight` has to agree with."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400_000_000
SITE = {
    "Page Viewed", "Session Started", "Promotion Viewed", "Promotion Clicked", "Products Searched", "Product List Viewed", "Product Clicked",
    "Product Viewed", "Product Added", "Cart Viewed", "Checkout Started",
}  # fmt: skip
PASSIVE = {
    "Email Delivered", "Email Bounced", "Social Post Seen", "Ticket Answered", "Ticket Resolved", "Order Refunded", "Order Cancelled",
    "Order Updated",
}  # fmt: skip


class Fact(NamedTuple):
    """An event: *seq* is its place among those of its customer as they were told, *at* when it happened."""

    customer: str
    id: str
    seq: int
    at: int
    name: str
    properties: dict[str, Any]

    def get(self, name: str) -> Any:
        return self.properties.get(name)


def day(at: int, zone: str) -> datetime:
    """The midnight that begins the civil day of *at*, without a zone."""
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))
    return datetime(moment.year, moment.month, moment.day)


class Reference:
    """All numbers of *facts* in the period from *begin* on and before *end*, as (count, of) or, for what is told for many, a dictionary."""

    def __init__(self, facts: list[Fact], begin: int, end: int, *, zone: str = "UTC", currency: str = "EUR", churn: float = 90.0) -> None:
        self.facts = sorted(facts, key=lambda one: (one.at, one.seq, one.id))
        self.begin, self.end, self.zone, self.currency, self.churn = begin, end, zone, currency, round(churn * DAY)
        self.last = max((one.at for one in facts), default=0)

    def inside(self, at: int | None) -> bool:
        return at is not None and self.begin <= at < self.end

    def named(self, *names: str, ever: bool = False) -> list[Fact]:
        return [one for one in self.facts if one.name in names and (ever or self.inside(one.at))]

    def by(self, facts: list[Fact], *keys: str) -> dict[Any, list[Fact]]:
        found = defaultdict(list)
        for one in facts:
            found[(one.customer, *(one.get(key) for key in keys))].append(one)
        return found

    # -- awareness and consideration -----------------------------------------------------------------------------------

    def traffic_by_source(self) -> dict[str, tuple[int, None]]:
        came = {(one.get("source") or "shop", one.customer, day(one.at, self.zone)) for one in self.named(*SITE)}
        return {source: (sum(1 for one in came if one[0] == source), None) for source in {one[0] for one in came}}

    def reach(self) -> tuple[int, None]:
        return len({one.customer for one in self.facts if self.inside(one.at)}), None

    def social_engagement_rate(self) -> tuple[int, int]:
        met = self.named("Social Engaged", "Social Post Seen")
        return len({one.customer for one in met if one.name == "Social Engaged"}), len({one.customer for one in met})

    def product_page_views(self) -> tuple[int, None]:
        return len(self.named("Product Viewed")), None

    def newsletter_sign_ups(self) -> tuple[int, None]:
        firsts = [several[0] for several in self.by(self.named("Newsletter Signed Up", ever=True)).values()]
        return sum(1 for one in firsts if self.inside(one.at)), None

    def _begun(self, name: str, window: int, key: str | None) -> list[tuple[int, int, int | None]]:
        """When something began, when it was last touched, and when an order followed."""
        found: list[list[Any]] = []
        told = key is not None and any(one.get(key) is not None for one in self.named("Order Completed", ever=True))
        open_ones: dict[Any, list[Any]] = {}
        for one in self.named(name, "Order Completed", ever=True):
            place = (one.customer, one.get(key) if told and key else None)
            current = open_ones.get(place)
            if one.name == "Order Completed":
                if current is not None and current[2] is None:
                    current[2] = one.at
            elif current is None or current[2] is not None or one.at - current[1] > window:
                found.append([one.at, one.at, None])
                open_ones[place] = found[-1]
            else:
                current[1] = one.at
        return [tuple(one) for one in found]  # type: ignore[misc]

    def _bought(self, name: str, window: int, key: str | None) -> tuple[int, int]:
        known = [
            ordered is not None and ordered - last <= window
            for begun, last, ordered in self._begun(name, window, key)
            if self.inside(begun) and (ordered is not None or last + window < self.last)
        ]
        return sum(known), len(known)

    def cart_abandonment_rate(self) -> tuple[int, int]:
        bought, carts = self._bought("Product Added", 7 * DAY, "cart_id")
        return carts - bought, carts

    # -- purchase ------------------------------------------------------------------------------------------------------

    def orders(self) -> list[dict[str, Any]]:
        """Each order once, as it stands in the end; cancelled ones are none."""
        several = defaultdict(list)
        for one in self.named("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled", ever=True):
            several[one.customer, one.get("order_id") or one.id].append(one)
        return [order for (customer, _), lines in several.items() if (order := self._order(customer, lines))]

    def _order(self, customer: str, lines: list[Fact]) -> dict[str, Any] | None:
        first = next((one for one in lines if one.name == "Order Completed"), None)
        if first is None or any(one.name == "Order Cancelled" for one in lines):
            return None
        told = [one for one in lines if one.name in ("Order Completed", "Order Updated") and one.get("total") is not None]
        refunds = [one.get("total") for one in lines if one.name == "Order Refunded"]
        amount = told[-1].get("total") if told and (told[-1].get("currency") or self.currency) == self.currency else None
        net = None if amount is None else 0 if None in refunds else max(0, amount - sum(refunds))
        return {"customer": customer, "at": first.at, "amount": amount, "net": net, "day": day(first.at, self.zone)}

    def conversion_rate(self) -> tuple[int, int]:
        bought = {one["customer"] for one in self.orders() if self.inside(one["at"])}
        return len(bought), len(bought | {one.customer for one in self.named(*SITE)})

    def average_order_value(self) -> tuple[int, int]:
        amounts = [one["amount"] for one in self.orders() if self.inside(one["at"]) and one["amount"] is not None]
        return sum(amounts), len(amounts)

    def checkout_completion_rate(self) -> tuple[int, int]:
        return self._bought("Checkout Started", DAY, None)

    # -- retention -----------------------------------------------------------------------------------------------------

    def customer_lifetime_value(self) -> tuple[int, int]:
        spent = [one for one in self.orders() if one["at"] < self.end and one["net"] is not None]
        return sum(one["net"] for one in spent), len({one["customer"] for one in spent})

    def purchases(self) -> dict[str, list[tuple[datetime, int]]]:
        """For each customer the days with an order, and the first order of each."""
        days: dict[str, dict[datetime, int]] = defaultdict(dict)
        for one in sorted(self.orders(), key=lambda one: one["at"]):
            days[one["customer"]].setdefault(one["day"], one["at"])
        return {customer: sorted(found.items()) for customer, found in days.items()}

    def repeat_purchase_rate(self) -> tuple[int, int]:
        counted = [[number for number, (_, at) in enumerate(days) if self.inside(at)] for days in self.purchases().values()]
        return sum(1 for numbers in counted if any(numbers)), sum(1 for numbers in counted if numbers)

    def time_between_purchases(self) -> tuple[float, int]:
        gaps = [
            (day - before).total_seconds()
            for days in self.purchases().values()
            for (before, _), (day, at) in pairwise(days)
            if self.inside(at)
        ]
        return sum(gaps), len(gaps)

    def _active(self, at: int) -> set[str]:
        return {one.customer for one in self.facts if one.name not in PASSIVE and at - self.churn <= one.at < at}

    def churn_rate(self) -> tuple[int, int]:
        before = self._active(self.begin)
        return len(before - self._active(self.end)), len(before)

    def cancellation_rate(self) -> tuple[int, int]:
        cancelled = subscribers = 0
        for several in self.by(self.named("Subscription Started", "Subscription Cancelled", ever=True)).values():
            before = [one for one in several if one.at < self.begin]
            if (before[-1].name == "Subscription Started") if before else (several[0].name == "Subscription Cancelled"):
                subscribers += 1
                cancelled += any(one.name == "Subscription Cancelled" and self.inside(one.at) for one in several)
        return cancelled, subscribers

    def cohort_retention(self) -> dict[str, tuple[int, int]]:
        sizes: dict[str, int] = defaultdict(int)
        came: dict[str, set[str]] = defaultdict(set)
        for customer, days in self.purchases().items():
            first = days[0][0]
            sizes[f"{first:%Y-%m}"] += 1
            for one, at in days:
                if self.inside(at):
                    came[f"{first:%Y-%m} +{(one.year - first.year) * 12 + one.month - first.month}"].add(customer)
        return {label: (len(customers), sizes[label.split()[0]]) for label, customers in came.items()}

    # -- advocacy, experience, engagement ------------------------------------------------------------------------------

    def _last_scores(self, name: str, least: float, most: float, *keys: str) -> list[float]:
        said = [one for one in self.named(name) if isinstance(one.get("score"), int | float) and least <= one.get("score") <= most]
        return [several[-1].get("score") for several in self.by(said, *keys).values()]

    def nps(self) -> tuple[int, int]:
        scores = self._last_scores("NPS Answered", 0, 10)
        return sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores), len(scores)

    def reviews(self) -> tuple[int, None]:
        return len(self.named("Product Reviewed")), None

    def review_score(self) -> tuple[float, int]:
        scores = self._last_scores("Product Reviewed", 1, 5, "product_id")
        return sum(scores), len(scores)

    def referrals_sent(self) -> tuple[int, None]:
        return len(self.named("Referral Sent")), None

    def referral_acceptance_rate(self) -> tuple[int, int]:
        return len(self.named("Referral Accepted")), len(self.named("Referral Sent"))

    def referral_purchase_rate(self) -> tuple[int, int]:
        return len(self.named("Referral Bought")), len(self.named("Referral Accepted"))

    def csat(self) -> tuple[int, int]:
        scores = self._last_scores("CSAT Answered", 1, 5, "ticket_id")
        return sum(score >= 4 for score in scores), len(scores)

    def _tickets(self) -> list[dict[str, Any]]:
        events = self.named("Ticket Opened", "Ticket Answered", "Ticket Resolved", "Ticket Reopened", ever=True)
        return [{name: [one.at for one in several if one.name == f"Ticket {name}"] for name in ("Opened", "Answered", "Resolved", "Reopened")}
                for several in self.by(events, "ticket_id").values()]  # fmt: skip

    def _resolved(self) -> list[dict[str, Any]]:
        return [
            one for one in self._tickets()
            if one["Resolved"] and self.inside(one["Resolved"][-1]) and not (one["Reopened"] and one["Reopened"][-1] > one["Resolved"][-1])
        ]  # fmt: skip

    def time_to_resolution(self) -> tuple[float, int]:
        known = [one for one in self._resolved() if one["Opened"]]
        return sum(one["Resolved"][-1] - one["Opened"][0] for one in known) / 1e6, len(known)

    def first_contact_resolution(self) -> tuple[int, int]:
        resolved = self._resolved()
        return sum(len(one["Answered"]) <= 1 and not one["Reopened"] for one in resolved), len(resolved)

    def ticket_volume(self) -> tuple[int, None]:
        return sum(1 for one in self._tickets() if one["Opened"] and self.inside(one["Opened"][0])), None

    def _mails(self) -> list[set[str]]:
        """What became of each mail that was delivered in the period."""
        events = self.named("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", ever=True)
        mails = []
        for several in self.by(events, "email_id").values():
            delivered = [one.at for one in several if one.name == "Email Delivered"]
            names = {one.name for one in several}
            if delivered and self.inside(delivered[0]) and "Email Bounced" not in names:
                mails.append(names)
        return mails

    def open_rate(self) -> tuple[int, int]:
        mails = self._mails()
        return sum(bool(names & {"Email Opened", "Email Link Clicked"}) for names in mails), len(mails)

    def click_rate(self) -> tuple[int, int]:
        mails = self._mails()
        return sum("Email Link Clicked" in names for names in mails), len(mails)

    def session_duration(self) -> tuple[float, int]:
        events = [one for one in self.named("Session Started", "Session Ended", "Page Viewed", ever=True) if one.get("session_id")]
        lengths = [several[-1].at - several[0].at for several in self.by(events, "session_id").values() if self.inside(several[0].at)]
        return sum(lengths) / 1e6, len(lengths)

    def unsubscribe_rate(self) -> tuple[int, int]:
        met = self.named("Unsubscribed", "Email Delivered")
        return len({one.customer for one in met if one.name == "Unsubscribed"}), len({one.customer for one in met})
