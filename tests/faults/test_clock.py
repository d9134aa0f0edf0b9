"""A clock that jumps back an hour and forward a day: nothing twice, and the order of each customer is kept."""

from __future__ import annotations

import random
from types import SimpleNamespace

from crash.judge import read
from faults.house import MONDAY, House, groups, lines
from journeykit.runtime import clock as clocks
from journeykit.runtime.clock import SystemClock

HOUR, DAY = 3_600_000_000, 86_400_000_000


def test_a_clock_that_jumps_repeats_nothing_and_keeps_the_order(tmp_path, monkeypatch):
    """
    Three processes share a database; now and then the machine's clock goes back an hour or forward a day, and one is started anew,
    so that it knows nothing of a later hour than the clock shows.
    """
    machine = SimpleNamespace(now=MONDAY)
    monkeypatch.setattr(clocks, "time", SimpleNamespace(time_ns=lambda: machine.now * 1_000))
    chance = random.Random(1)
    houses = [House(tmp_path, clock=SystemClock()) for _ in range(3)]
    told = lines(300)
    houses[0].note(told)
    back = forward = 0
    for number, group in enumerate(groups(told, 3)):
        machine.now += chance.randrange(2_000_000)
        if number % 10 == 5:
            machine.now -= HOUR
            back += 1
            houses[chance.randrange(3)] = House(tmp_path, clock=SystemClock())
        if number % 25 == 20:
            machine.now += DAY
            forward += 1
        house = chance.choice(houses)
        house.tell(group, mailed=chance.random() < 0.3)
        chance.choice(houses).work()
    while (due := houses[0].storage.next_due()) is not None:
        machine.now = max(machine.now, due) + 1
        for house in houses:
            house.work()

    assert houses[0].problems() == []
    assert (back, forward) == (10, 4)
    received = read(tmp_path / "received.jsonl")
    assert len(received) > len({one["key"] for one in received})


def test_a_lease_outlives_a_clock_that_goes_back_and_is_taken_over_after_one_that_goes_forward(tmp_path, monkeypatch):
    """Claimed, and the clock goes back an hour: nobody else gets it. It goes forward a day: somebody does, and the first settles nothing."""
    machine = SimpleNamespace(now=MONDAY)
    monkeypatch.setattr(clocks, "time", SimpleNamespace(time_ns=lambda: machine.now * 1_000))
    told = [line for line in lines(30) if line["name"] == "Signed Up"]
    house = House(tmp_path, clock=SystemClock(), lease=300.0)
    house.note(told)
    house.tell(told)
    performed: list[int] = []

    def meanwhile() -> None:
        for jump in (-HOUR, DAY):
            machine.now += jump
            performed.append(House(tmp_path, clock=SystemClock(), lease=300.0).engine.dispatch(1_000).performed)

    house.meanwhile = meanwhile
    counts = house.engine.dispatch()

    assert performed[0] == 0
    assert performed[1] > 0
    assert counts.performed < performed[1]
    while (due := house.storage.next_due()) is not None:
        machine.now = max(machine.now, due) + 1
        house.work()
    assert house.problems() == []
