"""A small shop for tests of promises: an engine whose clock only moves when the story says so, and a list of what was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

from journeykit import ActionRequest, Catalog, Done, Engine, Event, Journey, MemoryStorage
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.turns.turn import Trace
from journeykit.model.messages import moment
from journeykit.model.phrases import seconds
from journeykit.model.records import Enrollment, HistoryEntry, LoggedEvent, Want
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock

MONDAY = "2026-03-02T09:00:00+00:00"

Answer = Callable[[ActionRequest], Any]


class Shop:
    """
    One engine, its clock, and everything that left the house.

    Args:
        definitions: journeys and catalogs.
        at: where the clock starts.
        storage: in memory where not said.
        answers: what an action answers; `Done` where not said.
        options: further arguments of the engine.
    """

    def __init__(
        self,
        *definitions: Journey | Catalog,
        at: str = MONDAY,
        storage: Storage | None = None,
        answers: dict[str, Answer] | None = None,
        **options: Any,
    ) -> None:
        self.clock = ManualClock(at)
        self.storage: Storage = MemoryStorage() if storage is None else storage
        self.storage.migrate()
        self.sent: list[str] = []
        self.requests: list[ActionRequest] = []
        self._answers = answers or {}
        self._ids = count(1)
        actions = dict.fromkeys(("email", "sms", "ticket", "coupon", "log"), self._perform)
        self.engine = Engine(definitions, self.storage, actions, clock=self.clock, **options)

    def event(self, name: str, customer: str = "ann", *, id: str | None = None, at: str | None = None, **properties: Any) -> Any:
        """Something happens, and is decided at once."""
        return self.engine.handle(self.fact(name, customer, id=id, at=at, **properties))

    def fact(self, name: str, customer: str = "ann", *, id: str | None = None, at: str | None = None, **properties: Any) -> Event:
        """An event that nobody has told the engine yet; it occurs now where not said."""
        occurred_at: datetime | str = at or moment(self.clock.now())
        return Event(name, id=id or f"{name}-{next(self._ids)}", customer_id=customer, occurred_at=occurred_at, properties=properties)

    def identify(self, customer: str = "ann", **known: Any) -> None:
        """Something becomes known about a customer."""
        self.engine.identify(customer, id=f"known-{next(self._ids)}", **known)

    def wait(self, how_long: str) -> None:
        """Time passes, and the worker is always there in time."""
        end = self.clock.now() + seconds(how_long) * 1_000_000
        self.work()
        while (due := self.storage.next_due()) is not None and self.clock.now() < due <= end:
            self.clock.set(due)
            self.work()
        self.clock.set(end)
        self.work()

    def work(self) -> None:
        """The worker does all there is to do."""
        while self.engine.run_due() or sum(self.engine.dispatch()):
            pass

    def inside(self, journey: str, key: str = "", customer: str = "ann") -> Enrollment:
        """Where a customer is or was last in a journey."""
        (loaded,) = self.storage.load_many([Want(customer, None)])
        return next(one for one in loaded.enrollments if (one.journey, one.key) == (journey, key))

    def told(self, customer: str = "ann") -> list[str]:
        """What the history says about a customer, in short."""
        return [_line(entry) for entry in self.storage.history(customer)]

    def _perform(self, request: ActionRequest) -> Any:
        self.requests.append(request)
        words = [f"{request.requested_at:%Y-%m-%d %H:%M}", request.customer_id, request.action, *map(str, request.parameters.values())]
        self.sent.append(" ".join(words))
        answer = self._answers.get(request.action)
        return answer(request) if answer else Done()


def _line(entry: HistoryEntry) -> str:
    where = entry.target if entry.kind in ("entered", "moved") else entry.reason
    return f"{moment(entry.at):%m-%d %H:%M} {entry.kind} {where or ''}".rstrip()


def why_not(shop: Shop, name: str, **properties: Any) -> list[tuple[str, str, str, str, str, str, tuple[str, ...]]]:
    """What is noted of why nothing happened, were this to happen now: kind, journey, key, step, cause, detail, actions."""
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    trace: list[Trace] = []
    event = LoggedEvent(shop.fact(name, **properties), shop.clock.now(), None, "pending")
    advance(shop.engine.definitions.compiled, Customer(loaded), event, shop.clock.now(), trace=trace)
    return [one[1:] for one in trace]
