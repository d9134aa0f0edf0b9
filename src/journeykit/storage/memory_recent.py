"""What a frequency cap counts, in memory: the latest marketing messages of each customer and household, without looking at all they ever had."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Mapping

from journeykit.storage.memory_rows import Message


class Recent:
    """
    By addressee the numbers of the messages that are open, and of those that have ended in order of when.

    Args:
        messages: all messages by number; what they say now counts, so one that has ended since the last look is found to have done so.
    """

    def __init__(self, messages: Mapping[int, Message]) -> None:
        self._messages = messages
        self._open: dict[str, set[int]] = {}
        self._ended: dict[str, list[tuple[int, int]]] = {}  #: (when, number)

    def add(self, addressee: str, number: int) -> None:
        """Take in a message that is new, or open again."""
        self._open.setdefault(addressee, set()).add(number)

    def open(self, addressee: str) -> Collection[int]:
        """The numbers of those that are open, in no order."""
        numbers = self._open.get(addressee, set())
        for number in [number for number in numbers if self._messages[number].state != "open"]:
            numbers.remove(number)
            insort(self._ended.setdefault(addressee, []), (self._messages[number].due_at, number))
        return numbers

    def since(self, addressee: str, after: int) -> list[int]:
        """The numbers of those that are open or have ended after a moment, in order."""
        numbers = set(self.open(addressee))
        ended = self._ended.get(addressee, [])
        numbers.update(number for _, number in ended[bisect_right(ended, after, key=lambda one: one[0]) :])
        return sorted(numbers)

    def take_out(self, addressee: str) -> list[int]:
        """Forget an addressee; return the numbers of their messages, in order."""
        numbers = {*self._open.pop(addressee, ()), *(number for _, number in self._ended.pop(addressee, ()))}
        return sorted(numbers)

    def forget(self, gone: Collection[int]) -> None:
        """Forget messages, whoever their addressee."""
        self._open = {name: left for name, numbers in self._open.items() if (left := numbers - set(gone))}
        kept = {name: [one for one in ended if one[1] not in gone] for name, ended in self._ended.items()}
        self._ended = {name: ended for name, ended in kept.items() if ended}
