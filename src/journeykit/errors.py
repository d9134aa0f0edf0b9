"""
Every error that journeykit raises.

::

    JourneykitError
    ├── DefinitionError      a journey or a catalog is wrong; carries every problem found
    ├── EventError           an event that cannot be accepted
    ├── HistoryError         a file of past events that cannot be read at all
    ├── ConditionError       an expression could not be evaluated on this customer (parks that part)
    ├── LoopError            a decision took too many automatic transitions
    ├── UnknownError         a journey, action, enrollment or outbox message that is not there
    └── StorageError         the storage failed
        ├── QuotaError       less is left of a shared number than a commit takes; decide again, knowing it
        ├── ConflictError    somebody else decided for the customer first; decide again
        └── SchemaError      the database has another schema version than this release expects
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class JourneykitError(Exception):
    """The base of every error of this library."""


class DefinitionError(JourneykitError):
    """
    A definition is wrong.

    Attributes:
        problems: every problem found, each one line that names the place, the value and the way out.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))

    def at(self, place: str) -> DefinitionError:
        """Return the same problems, each with *place* in front."""
        return DefinitionError([f"{place}{problem if problem.startswith(('[', '.')) else f': {problem}'}" for problem in self.problems])


class EventError(JourneykitError, ValueError):
    """An event has a field that cannot be accepted; the message names field, value and the way out."""


class HistoryError(JourneykitError):
    """A file of past events cannot be read at all; a single bad line is set aside instead."""


class ConditionError(JourneykitError):
    """An expression met a value that it cannot work on (wrong type, division by zero, arithmetic on a missing value)."""


class LoopError(JourneykitError):
    """One decision took more automatic transitions than allowed; nothing of it was applied."""


class UnknownError(JourneykitError, LookupError):
    """What was asked for by name is not there; the message lists what is."""


class StorageError(JourneykitError):
    """The storage could not do what was asked."""


class ConflictError(StorageError):
    """
    Another worker committed for one of these customers first, or is in the way; nothing was written.

    Attributes:
        customers: the ids of the customers whose state has moved on; empty when it is not known.
        final: deciding again is in vain as long as the host's transaction lasts: it holds what others wait for, or sees the past only.
    """

    def __init__(self, customers: Sequence[str] = (), held: str = "") -> None:
        self.customers = tuple(customers)
        self.final = bool(held)
        again = f"decided elsewhere in the meantime: {len(self.customers)} customers; load them and decide again"
        super().__init__(f"another transaction is in the way ({held}); roll yours back and begin it anew" if held else again)


class QuotaError(StorageError):
    """
    A commit takes more of a shared number than is left; nothing was written.

    Attributes:
        left: how many are left of each number that the batch takes from.
    """

    def __init__(self, left: Mapping[str, int]) -> None:
        self.left = dict(left)
        short = ", ".join(f'"{name}": {number} left' for name, number in self.left.items())
        super().__init__(f"taken too much of shared numbers ({short}); decide again, knowing what is left")


class SchemaError(StorageError):
    """The database was made by another release; the message says which migration to run."""
