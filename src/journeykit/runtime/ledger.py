"""What the customers of a group of claimed requests have been sent, kept up while the group is worked through."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.core.compiling.policies import priority, topic
from journeykit.model.records import Claimed, Sent, Settlement


class Ledger:
    """
    What a frequency cap counts: what had been sent when the group was claimed, and what has become of the group since.

    Whoever claims first is seen by whoever claims second, so nothing has to be read again.
    """

    def __init__(self, claimed: Iterable[Claimed]) -> None:
        self._own: dict[str, dict[int, Sent]] = {}
        self._households: dict[str | None, dict[int, Sent]] = {}
        for one in claimed:
            own, household = self._of(one)
            for sent in one.sent:
                (household if sent.other else own).setdefault(sent.id, sent)
            if one.begun and one.message.message == "marketing":
                own[one.id] = household[one.id] = _entry(one, None)

    def _of(self, claimed: Claimed) -> tuple[dict[int, Sent], dict[int, Sent]]:
        """What is known of the customer of a request, and of the household; without one that is nobody's."""
        household = claimed.message.household
        mates = {} if household is None else self._households.setdefault(household, {})
        return self._own.setdefault(claimed.message.customer_id, {}), mates

    def of(self, claimed: Claimed) -> tuple[Sent, ...]:
        """What else has been sent to the customer of a request, and to others of the household, or may have been."""
        own, household = self._of(claimed)
        mates = (sent._replace(other=True) for number, sent in household.items() if number not in own)
        return tuple(sent for sent in (*own.values(), *mates) if sent.id != claimed.id)

    def note(self, claimed: Claimed, settlement: Settlement) -> None:
        """Keep up with what became of a request: one that has begun may have arrived, whatever became of it then."""
        if claimed.message.message != "marketing":
            return
        for known in self._of(claimed):
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
