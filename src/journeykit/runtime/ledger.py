"""What the customers of a group of claimed requests have been sent, kept up while the group is worked through."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.core.policies import topic
from journeykit.model.records import Claimed, Sent, Settlement


class Ledger:
    """
    What a frequency cap counts: what had been sent when the group was claimed, and what has become of the group since.

    Whoever claims first is seen by whoever claims second, so nothing has to be read again.
    """

    def __init__(self, claimed: Iterable[Claimed]) -> None:
        self._sent: dict[str, dict[int, Sent]] = {}
        for one in claimed:
            known = self._sent.setdefault(one.message.customer_id, {sent.id: sent for sent in one.sent})
            if one.attempts and one.message.message == "marketing":
                known[one.id] = _entry(one, None)

    def of(self, claimed: Claimed) -> tuple[Sent, ...]:
        """What else has been sent to the customer of a request, or may have been."""
        return tuple(sent for sent in self._sent[claimed.message.customer_id].values() if sent.id != claimed.id)

    def note(self, claimed: Claimed, settlement: Settlement) -> None:
        """Keep up with what became of a request: one that was attempted and is tried again may have arrived."""
        known = self._sent[claimed.message.customer_id]
        attempted = settlement.attempted or claimed.attempts > 0
        if claimed.message.message != "marketing":
            return
        if settlement.state == "performed" or (settlement.state == "open" and attempted):
            known[claimed.id] = _entry(claimed, settlement.due_at if settlement.state == "performed" else None)
        else:
            known.pop(claimed.id, None)


def _entry(claimed: Claimed, at: int | None) -> Sent:
    message = claimed.message
    return Sent(claimed.id, message.action, topic(message.parameters), at)
