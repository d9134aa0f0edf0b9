"""Bringing a history in: time goes by as it did, and nobody hears of it unless that is asked for."""

from __future__ import annotations

from journeykit import ActionRequest, Done, Engine, Event, Journey, MemoryStorage, loads
from journeykit.histories import LEASE, Brought, bring_in
from journeykit.runtime.clock import ManualClock, instant

CARE = loads("""
journey: care
stage: retention
entry: Order Completed
steps:
  - {step: ordered, wait: 2 days}
  - {step: asked, do: {email: {template: how-was-it, message: marketing}}}
""")


class World:
    """An engine that brings a history in, and what it has sent."""

    def __init__(self, *journeys: Journey, perform: bool = False, storage=None):
        self.clock = ManualClock(0)
        self.perform = perform
        self.sent: list[str] = []
        self.storage = storage or MemoryStorage()
        self.engine = Engine(journeys, self.storage, {"email": self._send}, clock=self.clock, lease=LEASE, history=True, perform=perform)

    def _send(self, request: ActionRequest) -> Done:
        self.sent.append(f"{request.customer_id} {request.requested_at:%m-%d %H:%M}")
        return Done()

    def bring(self, *events: Event, until: str = "2026-04-01T00:00:00+00:00", batch: int = 1_000) -> Brought:
        return bring_in(self.engine, self.clock, events, instant(until), perform=self.perform, batch=batch)


def event(name, customer, day, id=None):
    """Something that happened in March."""
    return Event(name, id=id or f"{name}-{day}", customer_id=customer, occurred_at=f"2026-03-{day:02}T12:00:00+00:00", source="shop.csv")


def test_nothing_is_performed_unless_asked():
    """Two years of history must not mail anybody; the requests stand in the outbox as imported."""
    world = World(CARE)

    brought = world.bring(event("Order Completed", "ann", 1), event("Order Completed", "ben", 2))

    assert brought == (2, 0)
    assert world.sent == []
    assert [(row.message.customer_id, row.state) for row in world.storage.outbox()] == [("ann", "imported"), ("ben", "imported")]


def test_what_is_asked_for_is_performed_while_it_is_fresh():
    """A mail that expires after three days is sent, however many weeks lie between two events of the file."""
    world = World(CARE, perform=True)

    world.bring(event("Order Completed", "ann", 1), event("Order Completed", "ben", 29))

    assert world.sent == ["ann 03-03 12:00", "ben 03-31 12:00"]
    assert {row.state for row in world.storage.outbox()} == {"performed"}


def test_time_goes_no_further_than_said():
    """A timer that is due later is left to those who come later."""
    world = World(CARE)

    world.bring(event("Order Completed", "ann", 1), until="2026-03-03T12:00:00+00:00")

    assert world.storage.outbox() == []
    assert world.storage.next_due() == instant("2026-03-03T12:00:00+00:00") + 1


def test_the_same_history_again_changes_nothing():
    """Every event is known, and counted so."""
    world = World(CARE)
    events = [event("Order Completed", "ann", 1), event("Order Completed", "ann", 1)]
    world.bring(*events)
    before = world.storage.history("ann")

    assert World(CARE, storage=world.storage).bring(*events) == (0, 2)
    assert world.storage.history("ann") == before


def test_how_many_are_decided_together_does_not_matter():
    """The size of a batch is a matter of speed."""
    events = [event("Order Completed", name, day) for day in range(1, 20) for name in ("ann", "ben")]
    worlds = [World(CARE), World(CARE)]

    worlds[0].bring(*events, batch=1)
    worlds[1].bring(*events, batch=7)

    assert [worlds[0].storage.history(name) for name in ("ann", "ben")] == [worlds[1].storage.history(name) for name in ("ann", "ben")]


def test_an_alias_in_a_history_makes_two_customers_one():
    """The visitor ordered, was Ann from the second day on, and ordered again as the visitor; told once more, it is known."""
    world = World(CARE)
    alias = Event(
        "Identity Aliased", id="alias", customer_id="ann", occurred_at="2026-03-02T12:00:00+00:00", properties={"previous_id": "visitor"}
    )
    events = (event("Order Completed", "visitor", 1), alias, event("Order Completed", "visitor", 9))

    assert world.bring(*events) == (3, 0)
    assert world.bring(*events) == (0, 3)
    assert world.storage.customers() == ["ann"]
    assert [(row.message.customer_id, row.message.idempotency_key) for row in world.storage.outbox()] == [("ann", "ann/care//1/3/0")]
    assert world.storage.history("ann")[-1].reason == "once"
