"""The same event from ten processes at once, events that poison, actions that hang or die: each fault by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from crash.judge import read
from faults.house import PATIENT, House, event, groups, lines
from journeykit import Do, Done, Engine, Event, EventError, Journey, On, SQLiteStorage, Step
from journeykit.model.messages import moment
from journeykit.runtime.clock import ManualClock
from shop import MONDAY, Shop

TELLER = """
import json, sys
from pathlib import Path
from faults.house import House, event
from journeykit import ConflictError
house = House(Path(sys.argv[1]))
told = json.loads((Path(sys.argv[1]) / "told.json").read_text())
print("ready", flush=True)
sys.stdin.readline()
counts = {"decided": 0, "duplicate": 0, "waiting": 0}
for line in told:
    while True:
        try:
            counts[house.engine.handle(event(line)).status] += 1
            break
        except ConflictError:
            pass
print(json.dumps(counts), flush=True)
"""

DIES = """
import sys
from pathlib import Path
import os
from faults.house import House
class Dying(House):
    def call(self, request):
        super().call(request)
        os.kill(os.getpid(), 9)
house = Dying(Path(sys.argv[1]))
house.engine.dispatch(1)
"""


def process(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that knows what this one knows."""
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_same_events_from_ten_processes_at_once_count_once(tmp_path):
    """Ten processes tell the same forty events at once: each is decided by one of them, and by the others seen to be known."""
    house, told = House(tmp_path), lines(40)
    house.note(told)
    (tmp_path / "told.json").write_text(json.dumps(told))
    tellers = [process(TELLER, tmp_path) for _ in range(10)]
    for teller in tellers:
        assert teller.stdout.readline() == "ready\n"
    for teller in tellers:
        teller.stdin.write("go\n")
        teller.stdin.flush()
    counts = [json.loads(teller.communicate(timeout=600)[0]) for teller in tellers]
    house.finish()

    different = len({line["id"] for line in told})
    assert sum(count["decided"] for count in counts) == different
    assert sum(count["duplicate"] for count in counts) == 10 * len(told) - different
    assert house.problems() == []


def test_an_action_that_dies_before_it_can_say_so_is_asked_again_under_its_key(tmp_path):
    """It reaches the receiver, and the process is gone (kill -9): once the lease is over, the same key comes again, and it is settled once."""
    house, told = House(tmp_path), lines(30)
    house.note(told)
    house.tell(told)
    dying = process(DIES, tmp_path)
    dying.communicate(timeout=600)
    (died,) = read(tmp_path / "received.jsonl")
    house.clock.advance(2)
    house.finish()

    assert dying.returncode == -9
    assert [one["key"] for one in read(tmp_path / "received.jsonl")].count(died["key"]) >= 2
    assert house.problems() == []


WELCOME = Journey("welcome", stage="awareness", entry="Signed Up", steps=[Step("greeted", do=Do("call", what="welcome"))])


def test_an_action_that_hangs_is_taken_over_and_the_late_one_settles_nothing(tmp_path):
    """Ann's welcome hangs for longer than its lease: another worker performs it under the same key, and the late answer counts nothing."""
    clock, keys, hangs, go_on = ManualClock(MONDAY), [], threading.Event(), threading.Event()

    def call(request):
        keys.append(request.idempotency_key)
        if len(keys) == 1:
            hangs.set()
            go_on.wait(300)
        return Done()

    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    one, other = (Engine(WELCOME, storage, {"call": call}, clock=clock, lease=60, backoff=PATIENT) for _ in range(2))
    one.handle(Event("Signed Up", id="e1", customer_id="ann", occurred_at=MONDAY))
    counts = []
    late = threading.Thread(target=lambda: counts.append(one.dispatch()))
    late.start()
    assert hangs.wait(300)
    before = sum(other.dispatch())
    clock.advance(61)
    taken_over = other.dispatch()
    go_on.set()
    late.join(300)

    assert before == 0
    assert taken_over.performed == 1
    assert [tuple(one) for one in counts] == [(0, 0, 0, 0)]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert [(row.state, row.attempts) for row in storage.outbox()] == [("performed", 2)]


SHARE = Journey(
    "share", stage="purchase", entry=On("Order Completed", where="event.total / event.items > 5"),
    steps=[Step("thanked", do=Do("email", template="thanks"))],
)  # fmt: skip
WELCOME_BY_MAIL = Journey("welcome", stage="awareness", entry="Signed Up", steps=[Step("greeted", do=Do("email", template="welcome"))])


@pytest.mark.parametrize("mailed", [False, True], ids=["handled", "accepted"])
def test_an_event_that_makes_a_condition_fail_is_parked_and_holds_up_nobody(mailed):
    """Ann's order of no items cannot be divided: that part is parked with its reason; she is welcomed, and Bob's order is thanked for."""
    shop = Shop(SHARE, WELCOME_BY_MAIL)
    told = [
        shop.fact("Order Completed", "ann", total=20, items=0),
        shop.fact("Order Completed", "bob", total=20, items=2),
        shop.fact("Signed Up", "ann"),
    ]
    _ = shop.engine.accept(*told) if mailed else shop.engine.handle_many(told)
    shop.work()
    parked = [entry.reason for entry in shop.storage.history("ann") if entry.kind == "parked"]

    assert len(parked) == 1
    assert "zero" in parked[0]
    assert sorted(shop.sent) == ["2026-03-02 09:00 ann email welcome", "2026-03-02 09:00 bob email thanks"]


@pytest.mark.parametrize("how", ["handle_many", "accept"])
def test_an_event_that_cannot_be_stored_is_refused_by_name_and_the_others_can_be_told(tmp_path, how):
    """A set is no JSON: nothing of the call is written, the error names the event, and the rest is told without it."""
    house, told = House(tmp_path), lines(20)
    house.note(told)
    poisoned = Event("Signed Up", id="bad", customer_id="c1", occurred_at=moment(house.clock.now()), properties={"seen": {1, 2}})
    events = [*map(event, told[:10]), poisoned, *map(event, told[10:])]
    with pytest.raises(EventError, match="bad"):
        house.engine.handle_many(events) if how == "handle_many" else house.engine.accept(*events)
    refused = house.storage.customers()
    for group in groups(told, 5):
        house.tell(group, mailed=how == "accept")
    house.finish()

    assert refused == []
    assert house.problems() == []
