"""What the customers of a group of claimed requests have been sent, kept up while the group is worked through."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.core.policies import priority, topic
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
            if one.begun and one.message.message == "marketing":
                known[one.id] = _entry(one, None)

    def of(self, claimed: Claimed) -> tuple[Sent, ...]:
        """What else has been sent to the customer of a request, or may have been."""
        return tuple(sent for sent in self._sent[claimed.message.customer_id].values() if sent.id != claimed.id)

    def note(self, claimed: Claimed, settlement: Settlement) -> None:
        """Keep up with what became of a request: one that has begun may have arrived, whatever became of it then."""
        if claimed.message.message != "marketing":
            return
        known = self._sent[claimed.message.customer_id]
        known.pop(claimed.id, None)
        if settlement.state == "performed" or (settlement.state != "open" and claimed.begun and not settlement.undone):
            known[claimed.id] = _entry(claimed, settlement.due_at)
        elif settlement.state == "open" and (claimed.begun or settlement.attempted):
            known[claimed.id] = _entry(claimed, None)


def by_priority(claimed: Iterable[Claimed]) -> list[Claimed]:
    """The requests in the order in which they compete for what a cap leaves: by their parameter ``priority``, then as they became due."""
    return sorted(claimed, key=lambda one: -priority(one.message.parameters))


def _entry(claimed: Claimed, at: int | None) -> Sent:
    message = claimed.message
    return Sent(claimed.id, message.action, topic(message.parameters), at)
