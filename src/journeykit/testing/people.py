"""Who is meant in a story in which customers are merged and erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from journeykit.testing.fakes import Performed
from journeykit.testing.scenario import Scenario
from journeykit.testing.told import Call


class People:
    """Who is behind each id, as far as a story has come."""

    def __init__(self) -> None:
        self._roots: dict[str, str] = {}

    def who(self, customer: str) -> str:
        """The id that stands for a customer."""
        return self._roots.get(customer, customer)

    def become(self, call: Call) -> tuple[str, str | None] | None:
        """
        Take in what may change who is who.

        Returns:
            Who has become whom; who has become nobody, where they were erased; None where all are who they were.
        """
        if call.method == "erase":
            gone = self.who(call.arguments[0])
            self._roots = {one: root for one, root in self._roots.items() if root != gone}
            return gone, None
        if call.method != "merge":
            return None
        survivor, other = map(self.who, call.arguments)
        self._roots = {one: survivor if root == other else root for one, root in self._roots.items()} | {other: survivor}
        return (other, survivor) if other != survivor else None


def heard_so_far(shop: Scenario, heard: Sequence[Performed]) -> Iterator[list[Performed]]:
    """
    For each message what this person has had by then, itself as the last.

    What two customers had before they were merged is one person's from then on; whoever comes after having been erased is somebody else.
    """
    meant, people = {id(one) for one in heard}, People()
    had: defaultdict[str, list[Performed]] = defaultdict(list)
    for one in shop.story:
        if isinstance(one, Call):
            if (became := people.become(one)) is not None:
                before = had.pop(became[0], [])
                if became[1] is not None:
                    had[became[1]] = sorted([*before, *had[became[1]]], key=lambda each: each.at)
        elif id(one) in meant:
            mine = had[people.who(one.request.customer_id)]
            mine.append(one)
            yield mine
