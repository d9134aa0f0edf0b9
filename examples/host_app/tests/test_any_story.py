"""What must hold whatever happens: in invented stories, with late events, restarts of the worker and kills."""

from __future__ import annotations

from pathlib import Path

import corner_shop

from journeykit import load
from journeykit.testing.machine import JourneyMachine, always
from journeykit.testing.properties import everyone_leaves_within, never_after


class Corner(JourneyMachine):
    """The shop's journeys and policies, and what they promise."""

    definitions = load(Path(corner_shop.__file__).parent / "journeys")

    ends = everyone_leaves_within("60 days")
    kind = never_after("Ticket Opened", "email", template="review", within="6 days")

    @always
    def reminders_are_for_those_who_agreed(self, shop):
        """Whoever is reminded of a cart has said that e-mails are welcome."""
        reminded = [one for one in shop.performed if one.request.parameters["template"] == "cart-reminder"]
        agreed = {one.customer for one in shop.told if one.options.get("consent")}
        assert {one.request.customer_id for one in reminded} <= agreed
        return len(reminded)


TestCorner = Corner.TestCase
