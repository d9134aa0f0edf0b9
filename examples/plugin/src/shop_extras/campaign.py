"""The trigger that recognises who came through a campaign."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from journeykit import Event


class Campaign:
    """
    Recognises a page view that a campaign's link led to: ``entry: "extras.campaign('spring')"``.

    Attributes:
        event: what it wants to see.
    """

    event = "Page Viewed"

    def __call__(self, event: Event, /, name: str) -> bool:
        """Whether the address of the page names the campaign."""
        query = parse_qs(urlsplit(str(event.properties.get("url", ""))).query)
        return name in query.get("utm_campaign", [])
