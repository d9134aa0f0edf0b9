"""
What happened, in words that every shop shares: Segment's e-commerce and e-mail events, and names of our own where Segment has none.

Numbers know these names only. A shop that says otherwise maps its words in one place, `journeykit.insight.settings.settings.Settings`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from journeykit.errors import DefinitionError
from journeykit.insight.settings.settings import Settings
from journeykit.model.phrases import suggestion


@frozen
class Known:
    """
    An event that numbers know.

    Attributes:
        name: what it is called here.
        what: what has happened.
        also: what else it is called, by Segment's older vocabulary for instance.
        channel: over which channel it goes, where the event itself does not say.
    """

    name: str
    what: str
    also: tuple[str, ...] = ()
    channel: str = "site"


EVENTS = (
    Known("Page Viewed", "somebody looked at a page", ("Screen Viewed", "Viewed Page")),
    Known("Session Started", "a visit began"),
    Known("Session Ended", "a visit ended"),
    Known("Signed Up", "somebody opened an account", ("Account Created", "User Registered")),
    Known("Social Post Seen", "somebody was shown a post of the shop", channel="social"),
    Known("Social Engaged", "somebody liked, shared or answered a post of the shop", channel="social"),
    Known("Promotion Viewed", "somebody was shown a promotion", ("Viewed Promotion",)),
    Known("Promotion Clicked", "somebody followed a promotion", ("Clicked Promotion",)),
    Known("Products Searched", "somebody searched", ("Searched Products",)),
    Known("Product List Viewed", "somebody looked at a list of products", ("Viewed Product Category",)),
    Known("Product Clicked", "somebody chose a product of a list", ("Clicked Product",)),
    Known("Product Viewed", "somebody looked at a product", ("Viewed Product",)),
    Known("Newsletter Signed Up", "somebody asked for the newsletter", ("Newsletter Subscribed", "Subscribed")),
    Known("Product Added to Wishlist", "a product was put on the wish list", ("Added to Wishlist",)),
    Known("Product Added", "a product was put into the cart", ("Added Product", "Wishlist Product Added to Cart")),
    Known("Product Removed", "a product was taken out of the cart", ("Removed Product",)),
    Known("Cart Viewed", "somebody looked at the cart", ("Viewed Cart",)),
    Known("Checkout Started", "somebody began to pay", ("Started Checkout",)),
    Known("Checkout Step Viewed", "somebody saw a step of the checkout", ("Viewed Checkout Step",)),
    Known("Checkout Step Completed", "somebody finished a step of the checkout", ("Completed Checkout Step",)),
    Known("Payment Info Entered", "somebody entered how to pay"),
    Known("Coupon Applied", "a coupon was used"),
    Known("Order Completed", "an order was paid", ("Completed Order",)),
    Known("Order Updated", "an order was changed", ("Updated Order",)),
    Known("Order Refunded", "money was given back", ("Refunded Order",)),
    Known("Order Cancelled", "an order was cancelled", ("Cancelled Order",)),
    Known("Subscription Started", "a subscription began"),
    Known("Subscription Cancelled", "a subscription was cancelled"),
    Known("Email Delivered", "a mail arrived", channel="email"),
    Known("Email Opened", "a mail was opened", channel="email"),
    Known("Email Link Clicked", "a link in a mail was followed", ("Email Clicked",), channel="email"),
    Known("Email Bounced", "a mail came back", channel="email"),
    Known("Email Marked as Spam", "a mail was called spam", channel="email"),
    Known("Unsubscribed", "somebody wants no more mail", channel="email"),
    Known("Product Reviewed", "somebody wrote a review; its rating from 1 to 5"),
    Known("Product Shared", "somebody told others about a product"),
    Known("Cart Shared", "somebody showed others their cart"),
    Known("NPS Answered", "somebody said how likely they are to recommend the shop, from 0 to 10", ("NPS Survey Answered",), channel="survey"),
    Known("CSAT Answered", "somebody said how content they are, from 1 to 5", ("CSAT Survey Answered",), channel="survey"),
    Known("Ticket Opened", "somebody asked for help", ("Live Chat Conversation Started", "Ticket Created"), channel="support"),
    Known("Ticket Answered", "support answered", ("Live Chat Message Sent",), channel="support"),
    Known("Ticket Resolved", "support called it solved", ("Live Chat Conversation Ended", "Ticket Closed"), channel="support"),
    Known("Ticket Reopened", "it was not solved", channel="support"),
    Known("Complaint Made", "somebody complained", channel="support"),
    Known("Referral Sent", "somebody recommended the shop to a friend", ("Invite Sent",)),
    Known("Referral Accepted", "a friend came because of it"),
    Known("Referral Bought", "that friend ordered for the first time"),
)  # fmt: skip


@frozen
class Property:
    """
    A property that numbers know: one column of happenings.

    Attributes:
        name: the column.
        what: what it holds.
        read: the properties it is read from, the first that is there.
        of: the events that have it; none named: all may.
    """

    name: str
    what: str
    read: tuple[str, ...]
    of: tuple[str, ...] = ()


_ORDERS = ("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled")
_MAILS = ("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam", "Unsubscribed")
_TICKETS = ("Ticket Opened", "Ticket Answered", "Ticket Resolved", "Ticket Reopened", "Complaint Made", "CSAT Answered")
_PRODUCTS = (
    "Product Clicked",
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Product Added to Wishlist",
    "Product Reviewed",
    "Product Shared",
)
_SESSIONS = ("Session Started", "Session Ended", "Page Viewed")

PROPERTIES = (
    Property("order_id", "the order", ("order_id", "orderId"), (*_ORDERS, "Checkout Started", "Payment Info Entered", "Coupon Applied")),
    Property("cart_id", "the cart", ("cart_id",), ("Product Added", "Product Removed", "Cart Viewed", "Checkout Started", "Order Completed")),
    Property("product_id", "the product", ("product_id", "sku"), _PRODUCTS),
    Property("amount", "what was paid, given back or cancelled, whole", ("total", "revenue"), _ORDERS),
    Property("currency", "its currency", ("currency",), _ORDERS),
    Property("source", "what brought the customer: a search engine, a partner, a mail", ("source", "utm_source")),
    Property("channel", "over which channel", ("channel", "medium", "utm_medium")),
    Property("campaign", "the campaign", ("campaign", "campaign_name", "campaign_id", "utm_campaign")),
    Property("message", "the mail", ("email_id", "message_id"), _MAILS),
    Property("ticket", "the request for help", ("ticket_id", "conversation_id"), _TICKETS),
    Property("session", "the visit", ("session_id",), _SESSIONS),
    Property("score", "how they felt: a rating, an answer of NPS or CSAT", ("score", "rating"), ("Product Reviewed", "NPS Answered", "CSAT Answered")),
    Property("word", "of a page its name, of a cancellation or complaint its reason", ("name", "reason"),
             ("Page Viewed", "Order Cancelled", "Subscription Cancelled", "Complaint Made", "Unsubscribed")),
    Property("found", "of a search how many products it found", ("results", "number_of_results"), ("Products Searched",)),
)  # fmt: skip


def names(settings: Settings) -> Mapping[str, str]:
    """
    What each name of an event stands for: the vocabulary's own names, those that mean the same, and those of the shop.

    A name that a shop uses for something else than the vocabulary is the shop's: what it says goes first.

    Raises:
        DefinitionError: the shop maps to a name that is not known, or one of its names to two.
    """
    known = {event.name: event for event in EVENTS}
    found = {name: event.name for event in EVENTS for name in (*event.also, event.name)}
    given: dict[str, str] = {}
    for name, called in settings.events.items():
        if name not in known:
            raise DefinitionError(f'events: "{name}" is no event that numbers know{suggestion(name, known)}; docs/insight.md lists them')
        for one in called:
            if given.setdefault(one, name) != name:
                raise DefinitionError(f'events: "{one}" stands for "{given[one]}" and for "{name}"; keep one')
    return {**found, **given}


def properties(settings: Settings) -> tuple[Property, ...]:
    """
    The known properties, each read from where the shop keeps it.

    Raises:
        DefinitionError: the shop maps to a property that is not known.
    """
    known = [one.name for one in PROPERTIES]
    for name in settings.properties:
        if name not in known:
            raise DefinitionError(
                f'properties: "{name}" is no property that numbers know{suggestion(name, known)}; docs/insight.md lists them'
            )
    return tuple(Property(one.name, one.what, settings.properties.get(one.name, one.read), one.of) for one in PROPERTIES)
