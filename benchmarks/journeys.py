"""What the rows run on: the workload as a journey, and the journeys and customers of the SQLite floor."""

from __future__ import annotations

import json
from collections.abc import Iterator

import floor_sqlite
import workload

from journeykit import Catalog, Do, Journey, On, Step, Transition
from journeykit.codec import definition_hash, journey_text
from journeykit.model.records import Commit, Enrollment, Facts, Timer

START = floor_sqlite.START
FAR = START + 10**15  #: when timers are due that must not be
PROPERTIES = json.loads(floor_sqlite.PROPERTIES)
CATALOG = Catalog(
    events={},
    facts={"orders": "count of Order Completed", "spent": "sum of Order Completed.total"},
    actions={"email": "none"},
)
FACTS = Facts(
    zone="Europe/Berlin",
    consent={"email": True, "sms": False},
    traits={"first_name": "A", "country": "DE", "language": "de", "plan": "none"},
    values={"orders": 3, "spent": 41250},
)


def the_workload() -> Journey:
    """``workload.py`` as a journey: 5 stages, 14 steps, 25 transitions, 10 conditions, 8 entry actions."""
    stages = {step: stage for stage, steps in workload.STAGES.items() for step in steps}
    return Journey("workload", steps=[_step(name, stages[name]) for name in workload.STEPS])


def _step(name: str, stage: str) -> Step:
    moves = [
        Transition(target, on=On(event) if least is None else On(event, where=f"event.x >= {least}"))
        for event, source, target, least in workload.TRANSITIONS
        if source == name
    ]
    action = workload.ENTRY_ACTIONS.get(name)
    return Step(name, stage=stage, when=moves, do=() if action is None else Do(action))


def added(number: int) -> str:
    """The event that concerns the journey of that number, and no other."""
    return "Product Added" if number == 0 else f"Product Added {number}"


def carts(number: int) -> Journey:
    """The journey that each enrollment of the floor is in: keyed by cart, moved by its event or its timer."""
    return Journey(
        f"journey-{number}",
        stage="consideration",
        key="cart_id",
        steps=[
            Step("waiting", wait="1000 days", when={added(number): "sent"}),
            Step("sent", do=Do("email", template="cart_reminder", discount=10), wait="2 hours", when={added(number): "sent"}),
            Step("over"),
        ],
    )


def unconcerned(count: int) -> list[Journey]:
    """Journeys that the events of the floor do not concern, each with signals, conditions and actions of its own."""
    return [
        Journey(
            f"other-{n}",
            stage="retention",
            entry=f"Began {n}",
            exits=On("Order Completed", where=f"event.total >= {n + 1}"),
            steps=[
                Step("first", wait="1 day", when={f"Went On {n}": "second"}),
                Step("second", do=Do("email", template=f"other-{n}"), wait="2 days"),
            ],
        )
        for n in range(count)
    ]


def customers(count: int, journeys: list[Journey], *, due: bool) -> Iterator[Commit]:
    """The floor's customers, each in the middle of every one of *journeys*; with *due*, the timer of the first is due early."""
    hashes = [definition_hash(journey) for journey in journeys]
    texts = tuple((digest, journey.name, journey_text(journey)) for digest, journey in zip(hashes, journeys, strict=True))
    for c in range(count):
        early = START + (c * 7919) % count if due else FAR
        inside = [
            Enrollment(
                journey.name, PROPERTIES["cart_id"], 1, digest, j, "active", "waiting", 3, START, START + c,
                {"cart_id": f"cart-{c}", "total": 4250, "items": 3}, (Timer(0, early if j == 0 else FAR, j),),
            )
            for j, (journey, digest) in enumerate(zip(journeys, hashes, strict=True))
        ]  # fmt: skip
        yield Commit(str(c), 0, 1, START if due else 0, FACTS, inside, definitions=texts if c == 0 else ())
