"""Which messages are claimed together, and what each is told of what else was sent; the same for every SQL storage."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from journeykit.model.records import Sent
from journeykit.storage.rows import Row

CUSTOMER, _KIND, HOUSEHOLD = 3, 12, 16  #: places in a row that is claimed


def addressed(rows: Iterable[Row], place: int) -> list[str]:
    """What stands in that place of the marketing messages among claimed *rows*, each once."""
    return list(dict.fromkeys(row[place] for row in rows if row[_KIND] == "marketing" and row[place] is not None))


def lapsed_alone(rows: list[Row]) -> list[Row]:
    """The first of *rows* where its lease ran out, else those before the first one whose did."""
    return rows[:1] if rows and rows[0][0] else list(itertools.takewhile(lambda row: not row[0], rows))


def together(rows: list[Row], companions: Iterable[Row]) -> list[Row]:
    """What was claimed, and what else is due to its customers."""
    claimed = {row[1] for row in rows}
    return [*rows, *(row for row in companions if row[1] not in claimed)]


class SentTo:
    """What frequency caps count, of *others* but those of the numbers *but*, by customer and by household."""

    def __init__(self, others: Iterable[Row], but: set[int]) -> None:
        self._customers: dict[str, dict[int, Sent]] = {}
        self._households: dict[str, dict[int, Sent]] = {}
        for customer_id, household, *sent in others:
            if sent[0] not in but:
                self._customers.setdefault(customer_id, {})[sent[0]] = Sent(*sent)
                self._households.setdefault(household, {})[sent[0]] = Sent(*sent)._replace(other=True)

    def seen_by(self, row: Row) -> tuple[Sent, ...]:
        """What else was sent to the customer of a claimed row, then to others of the household."""
        if row[_KIND] != "marketing":
            return ()
        own = self._customers.get(row[CUSTOMER], {})
        house = self._households.get(row[HOUSEHOLD], {}) if row[HOUSEHOLD] is not None else {}
        return (*own.values(), *(sent for number, sent in house.items() if number not in own))
