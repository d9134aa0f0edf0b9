"""Eighteen months of a real shop, rehearsed: decided again, with another wait, and with customers like those."""

from __future__ import annotations

import importlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from journeykit import Engine, Journey, SQLiteStorage, dumps, load, loads
from journeykit.histories import bring_in
from journeykit.rehearsal import Recorded, fit, population_text, read_population, replay, simulate, what_if
from journeykit.runtime.clock import ManualClock

CDNOW = Path(__file__).parents[2] / "examples" / "cdnow"
DAY = 86_400_000_000

SILENT = """
journey: win-back
entry: Order Completed
reentry: always
steps:
  - step: bought
    stage: retention
    wait: 90 days
    when: {Order Completed: bought}
  - step: asked
    do: {email: {template: win-back}}
"""

AGAIN = """
journey: again
entry: Order Completed
steps:
  - {step: once, stage: purchase, when: {Order Completed: twice}}
  - {step: twice, stage: retention, when: {Order Completed: thrice}}
  - {step: thrice, wait: 3000 days}
"""


@pytest.fixture(name="independent")
def _independent(monkeypatch):
    monkeypatch.syspath_prepend(str(CDNOW))
    return importlib.import_module("independent")


@pytest.fixture(name="demo")
def _demo(independent):
    return importlib.import_module("demo")


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["every tenth customer", "everybody"])
def test_winning_back_after_sixty_days_instead_of_ninety(demo, independent, every):
    """Straight from the raw purchases: each silence of more than sixty (ninety) days is one message; who had silences of either is another way."""
    found = what_if(
        loads(SILENT), loads(SILENT.replace("90", "60")), demo.purchases(every), until=int(independent.END.timestamp()) * 1_000_000
    )

    days = {who: [at for at, _ in bought] for who, bought in independent.purchases().items() if int(who) % every == 0}
    after = {limit: {who: sum(_longer(days[who], independent.END, limit)) for who in days} for limit in (60, 90)}
    assert found.customers == len(days) > 2_000
    assert found.messages == {("retention", "email win-back"): (sum(after[90].values()), sum(after[60].values()))}
    assert found.changed == sum(after[60][who] > 0 for who in days)
    assert sum(after[60].values()) > sum(after[90].values()) > len(days) / 2


def _longer(moments, end, limit):
    """Whether each silence of a customer, the last one included, is longer than so many days."""
    ordered = [*sorted(moments), end]
    return [(later - earlier).total_seconds() > limit * 86_400 for earlier, later in pairwise(ordered)]


def test_the_recorded_cohort_comes_out_the_same(demo, tmp_path):
    """A hundredth of the customers through the lifecycle: decided again, nothing is different; with another wait the first is found."""
    events = demo.purchases(100)
    storage = SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    storage.migrate()
    demo.bring_in(storage, tmp_path / "sent.jsonl", events, lambda more: None)
    changed = [_with(one, "wait: 60 days", "wait: 61 days") for one in load(CDNOW)]

    assert replay(load(CDNOW), storage).identical
    found = replay(changed, storage, as_given=True)
    customers = len({event.customer_id for event in events})
    storage.close()

    assert found.customers == customers > 200
    assert 0 < len(found.differences) <= customers
    assert "timer until" in found.differences[0].recorded


def _with(definition, old, new):
    return loads(dumps(definition).replace(old, new)) if isinstance(definition, Journey) else definition


def test_recorded_and_read_from_the_file_are_the_same_past(demo, tmp_path):
    """What-if on the database comes to what it comes to on the purchases themselves."""
    events = demo.purchases(100)
    storage = SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    storage.migrate()
    clock = ManualClock()
    bring_in(Engine(loads(SILENT), storage, clock=clock, lease=1, history=True), clock, events, events[-1].at + 200 * DAY)
    past = Recorded(storage)
    storage.close()
    old, new = past.journeys(), loads(SILENT.replace("90", "60"))

    recorded, told = what_if(old, new, past), what_if(loads(SILENT), new, events, until=past.until + 1)

    assert len(list(past)) == len(events)
    assert (recorded.messages, recorded.changed, recorded.journeys) == (told.messages, told.changed, told.journeys)


def test_customers_like_those_of_the_history_come_back_as_often(demo):
    """Of the shop's customers 49 percent bought again and 32 percent a third time; of invented ones about as many do, in about as many purchases."""
    events = demo.purchases()
    bought = Counter(event.customer_id for event in events)
    real = [sum(number >= least for number in bought.values()) / len(bought) for least in (2, 3)]

    text = population_text(fit(events))
    found = simulate(loads(AGAIN), read_population(text), customers=3_000, start="1997-01-01", days=546).figures()

    steps = found["journeys"]["again"]["steps"]
    assert real == [pytest.approx(0.495, abs=0.001), pytest.approx(0.322, abs=0.001)]
    assert sum(steps["twice"]["entered"]) / 3_000 == pytest.approx(real[0], abs=0.02)
    assert sum(steps["thrice"]["entered"]) / 3_000 == pytest.approx(real[1], abs=0.03)
    assert found["events"] / 3_000 == pytest.approx(len(events) / len(bought), rel=0.1)
    assert "    - 84 days\n" in text
