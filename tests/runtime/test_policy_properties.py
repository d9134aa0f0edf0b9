"""Policies over random journeys and customers: what must never happen, and how often it might have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from journeykit import Catalog, Do, Done, Engine, Event, Exit, Journey, MemoryStorage, On, Retry, Step, Transition
from journeykit.model.messages import moment
from journeykit.model.phrases import seconds
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import ManualClock

MONDAY = "2026-03-27T09:00:00+00:00"  #: two days before the clocks change in Europe
ZONES = {"Europe/Berlin": "Europe/Berlin", "Asia/Tokyo": "Asia/Tokyo", None: "America/New_York"}
CUSTOMERS = ("ann", "ben", "carl")  #: of whom Carl is held out
CHANNELS = ("email", "sms")
CAPS = ("at most 1 email in 24 hours", "at most 2 in 3 days or defer up to 2 days", "at most 1 sms in 6 hours or defer up to 1 day")
POLICIES = (
    "consent", "hold out 20% as control", "no marketing while customer.tickets > 0 as open ticket", *CAPS,
    "quiet 21:00 to 07:00, missing zone America/New_York",
)  # fmt: skip


class Attempt(NamedTuple):
    """A call of an action."""

    at: int
    customer: str
    action: str
    key: str
    consent: bool
    ticket: bool
    zone: str


class Tally:
    """What happened, over all examples."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()


class World:
    """A shop with two customers, of whom the test keeps its own record."""

    def __init__(self, journeys: list[Journey], catalog: Catalog, answers: Callable[[], Any]) -> None:
        self.clock = ManualClock(MONDAY)
        self.attempts: list[Attempt] = []
        self.known: dict[str, dict[str, Any]] = {name: {"consent": {}, "tickets": 0, "zone": None, "left": {}} for name in CUSTOMERS}
        self._answers = answers
        self._ids = count()
        actions = dict.fromkeys(CHANNELS, self._perform)
        self.engine = Engine(
            [*journeys, catalog], MemoryStorage(), actions, clock=self.clock, backoff=Backoff(attempts=3, first=1800, jitter=lambda: 0)
        )  # fmt: skip

    def _perform(self, request: Any) -> Any:
        known = self.known[request.customer_id]
        consent = known["consent"].get(request.action) is True
        attempt = Attempt(
            self.clock.now(), request.customer_id, request.action, request.idempotency_key, consent, known["tickets"] > 0,
            known["zone"] or ZONES[None],
        )  # fmt: skip
        self.attempts.append(attempt)
        return self._answers()

    def event(self, name: str, customer: str) -> None:
        self.engine.handle(Event(name, id=f"{next(self._ids)}", customer_id=customer, occurred_at=moment(self.clock.now())))

    def identify(self, customer: str, **known: Any) -> None:
        self.engine.identify(customer, id=f"{next(self._ids)}", **known)

    def work(self, until: int) -> None:
        """Everything that is due until then, each at its own moment."""
        self._now()
        while (due := self.engine.storage.next_due()) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            self._now()
        self.clock.set(until)
        self._now()

    def _now(self) -> None:
        while self.engine.run_due() or sum(self.engine.dispatch()):
            pass


@st.composite
def journeys(draw: st.DrawFn, number: int) -> Journey:
    """A few messages with waits between them, left when an order comes."""
    messages = st.builds(Do, st.sampled_from(CHANNELS), message=st.sampled_from([None, None, None, "transactional"]), topic=st.none())
    waits = st.sampled_from(["30 minutes", "5 hours", "14 hours", "1 day", "2 days"])
    steps = []
    for place in range(draw(st.integers(1, 3))):
        do = draw(st.lists(messages, min_size=1, max_size=2))
        steps.append(
            Step(f"s{place}", do=do, wait=draw(waits), when=[Transition(f"s{place}", on=On("Again"))] if draw(st.booleans()) else [])
        )
    name = f"j{number}"
    return Journey(
        name, stage="awareness", entry="Hello", reentry="always", key=draw(st.sampled_from([None, "signal.id"])),
        exits=Exit(On(where="customer.left"), end="left"), steps=steps,
    )  # fmt: skip


@st.composite
def happenings(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    """Pairs of waits and what comes after them."""
    kinds = st.sampled_from(["Hello", "Hello", "Hello", "Again", "consent", "consent", "ticket", "zone", "leave", "leave", "back"])
    rows = draw(st.lists(st.tuples(kinds, st.sampled_from(CUSTOMERS), st.integers(0, 5), st.integers(0, 40)), min_size=10, max_size=30))
    return [(kind, customer, (value, hours)) for kind, customer, value, hours in rows]


def told(world: World, kind: str, customer: str, value: int) -> None:
    """Let one thing happen, and keep it in mind."""
    known = world.known[customer]
    if kind in ("Hello", "Again"):
        world.event(kind, customer)
    elif kind == "consent":
        channel, said = CHANNELS[value % 2], value < 4
        known["consent"][channel] = said
        world.identify(customer, consent={channel: said})
    elif kind == "ticket":
        known["tickets"] = value % 2
        world.identify(customer, traits={"tickets": value % 2})
    elif kind == "zone":
        known["zone"] = ("Europe/Berlin", "Asia/Tokyo")[value % 2]
        world.identify(customer, zone=known["zone"])
    else:
        known["gone"] = kind == "leave"
        world.identify(customer, traits={"left": kind == "leave"})


def marketing(world: World) -> list[Attempt]:
    """Attempts at marketing, told from the outbox."""
    keys = {row.message.idempotency_key for row in world.engine.outbox() if row.message.message == "marketing"}
    return [attempt for attempt in world.attempts if attempt.key in keys]


def quiet(attempt: Attempt) -> bool:
    """Whether it came between nine in the evening and seven in the morning, by the clock on the wall; the end itself is not quiet."""
    here = moment(attempt.at).astimezone(ZoneInfo(attempt.zone))
    return here.hour >= 21 or here.hour < 7


def crowded(sent: list[Attempt], limit: int, window: int, channel: str | None) -> bool:
    """Whether more than *limit* lie in some window (t - window, t]."""
    for customer in CUSTOMERS:
        times = sorted(one.at for one in sent if one.customer == customer and channel in (None, one.action))
        if any(sum(at - window < other <= at for other in times) > limit for at in times):
            return True
    return False


def lived(world: World, story: list[tuple[str, str, Any]]) -> None:
    """Let a story happen, with a worker that is always there, and wait for what is left."""
    for customer in CUSTOMERS:  # they begin willing, or there would be little to see
        for channel in CHANNELS:
            told(world, "consent", customer, CHANNELS.index(channel))
    for kind, customer, (value, hours) in story:
        world.work(world.clock.now() + hours * 3_600_000_000)
        told(world, kind, customer, value)
    world.work(world.clock.now() + seconds("12 days") * 1_000_000)


def examine(world: World, tally: Tally) -> None:
    """Look at what a story came to."""
    sent = marketing(world)
    first: dict[str, Attempt] = {}
    for attempt in sent:
        first.setdefault(attempt.key, attempt)
    rows = world.engine.outbox()
    performed = {row.message.idempotency_key for row in rows if row.state == "performed"}
    arrived = [attempt for attempt in {one.key: one for one in sent}.values() if attempt.key in performed]

    assert [attempt for attempt in sent if not attempt.consent] == [], "marketing without consent"
    assert [attempt for attempt in sent if attempt.ticket] == [], "marketing while a ticket is open"
    assert [attempt for attempt in sent if quiet(attempt)] == [], "marketing in quiet hours"
    assert not crowded(arrived, 1, seconds("24 hours") * 1_000_000, "email"), "more mail than one a day"
    assert not crowded(arrived, 2, seconds("3 days") * 1_000_000, None), "more than two in three days"
    assert not crowded(arrived, 1, seconds("6 hours") * 1_000_000, "sms"), "more than one text message in six hours"
    left_at = _left(world)
    for attempt in world.attempts:
        row = next(row for row in rows if row.message.idempotency_key == attempt.key)
        ended = left_at.get((attempt.customer, row.message.journey, row.message.key, row.message.number))
        assert ended is None or attempt.at <= ended, "a message after the exit"
    for row in rows:
        held = [answer for answer in row.answers if answer.answer == "defer"]
        tally.counts["held"] += bool(held)
        assert row.state in ("performed", "dropped", "dead"), "a message that never ends"
        assert (row.state == "dropped") == (bool(row.answers) and row.answers[-1].answer == "drop")
        assert row.state != "dropped" or row.reason, "dropped without a reason"
        assert sum(one.key == row.message.idempotency_key for one in world.attempts) == row.attempts - (row.state == "dropped"), row
        if held:
            tally.counts[f"held, then {row.state}"] += 1
        if row.state == "dropped":
            tally.counts[(row.reason or "").partition(":")[0]] += 1
        tally.counts[f"{row.message.message} {row.state}"] += 1


def _left(world: World) -> dict[tuple[str, str, str, int], int]:
    """When each enrollment was left."""
    return {
        (customer, entry.journey, entry.key, entry.number): entry.at
        for customer in CUSTOMERS
        for entry in world.engine.storage.history(customer)
        if entry.kind == "exited"
    }


def test_what_never_happens() -> None:
    """
    No marketing without consent, while a ticket is open, at night, above a cap, or after the exit; each message that is held comes
    once or is dropped with a reason.
    """
    tally = Tally()

    @given(st.data())
    def holds(data: st.DataObject) -> None:
        several = [data.draw(journeys(number)) for number in range(data.draw(st.integers(1, 2)))]
        answers = data.draw(st.lists(st.sampled_from([Done(), Done(), Done(), Retry(), Retry(after=100_000)]), max_size=10))
        left = iter(answers)
        world = World(several, Catalog(policies=POLICIES, traits={"tickets": "number", "left": "flag"}), lambda: next(left, Done()))
        lived(world, data.draw(happenings()))
        examine(world, tally)

    holds()
    wanted = {
        "marketing performed": 40, "transactional performed": 20, "held, then performed": 20, "held, then dropped": 10, "consent": 10,
        "suppressed": 5, "frequency cap": 30, "exited": 3, "holdout": 5,
    }  # fmt: skip
    assert {what: (tally.counts[what], least) for what, least in wanted.items() if tally.counts[what] < least} == {}, tally.counts
