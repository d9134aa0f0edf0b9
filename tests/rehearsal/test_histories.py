"""
Histories that others have published, rehearsed: through other definitions, and as populations.

They are not part of the repository, see ``tests/acceptance/test_histories.py``; where the folder is absent, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from journeykit import Journey, SQLiteStorage, dumps, load, loads
from journeykit.cli import main
from journeykit.histories import History, Rejects, Source, collect, load_mapping
from journeykit.rehearsal import Recorded, fit, population_text, read_population, replay, simulate, what_if

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "histories"
DATA = Path(os.environ.get("JOURNEYKIT_SHARED_DATA") or ROOT.parent / "shared" / "data")

SHOPS = {
    "online_retail": ("sample_150_customers.csv", "orders.map.yaml"),
    "otto_sessions": ("train_20_sessions.jsonl", "sessions.map.yaml"),
}


@pytest.fixture(name="shop", params=SHOPS)
def _shop(request, tmp_path):
    """One history, read; its definitions; and the file it comes from."""
    file, mapping = SHOPS[request.param]
    folder = DATA / request.param
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; name the folder that holds it in JOURNEYKIT_SHARED_DATA")
    source = Source(str(folder / file), load_mapping(EXAMPLES / request.param / mapping))
    with History() as history, Rejects(tmp_path / "rejects.jsonl") as rejects:
        collect([source], history, rejects, time.time_ns() // 1_000)
        yield list(history), load(EXAMPLES / request.param), (folder / file, EXAMPLES / request.param, EXAMPLES / request.param / mapping)


def test_a_recorded_history_comes_out_the_same(shop, tmp_path, capsys):
    """Brought in by the command, decided again: identical, and what-if with the same definitions changes nobody's way."""
    events, definitions, (file, journeys, mapping) = shop
    line = ["run", str(journeys), "--events", str(file), "--map", str(mapping), "--db", str(tmp_path / "shop.db"), "-q", "--json"]
    assert main(line) == 0
    brought = json.loads(capsys.readouterr().out)["journeys"].values()
    storage = SQLiteStorage(tmp_path / "shop.db")

    again, same = replay(definitions, storage), what_if(definitions, definitions, Recorded(storage))
    storage.close()

    assert again.differences == ()
    assert again.customers == same.customers == len({event.customer_id for event in events})
    assert same.changed == 0
    asked = sum(count for journey in brought for count in journey.get("actions", {}).values())
    assert sum(both[0] for both in same.messages.values()) + same.unsent[0] == asked > 30


def test_longer_waits_let_fewer_messages_go(shop):
    """With every wait of hours or days made longer nobody gets more, and the ways differ."""
    events, definitions, _ = shop
    slower = [loads(_slower(dumps(one))) if isinstance(one, Journey) else one for one in definitions]

    found = what_if(definitions, slower, events)

    old, new = (sum(both[side] for both in found.messages.values()) for side in (0, 1))
    assert new <= old
    assert found.changed > 5
    assert max(map(len, str(found).splitlines())) <= 80


def _slower(text):
    for short, long in (("wait: 2 hours", "wait: 30 hours"), ("wait: 30 days", "wait: 60 days"), ("wait: 90 days", "wait: 120 days")):
        text = text.replace(short, long)
    return text


def test_customers_like_those_of_a_history(shop):
    """As many events for each customer, give or take half of it: some of them do a hundred times as much as others; every journey that was entered then is entered."""
    events, definitions, _ = shop
    people = read_population(population_text(fit(events)))
    days = (events[-1].at - events[0].at) // 86_400_000_000 + 1

    found = simulate(definitions, people, customers=300, days=days)

    customers = len({event.customer_id for event in events})
    assert found.counts.events / 300 == pytest.approx(len(events) / customers, rel=0.5)
    assert json.dumps(found.figures())
    assert sum(found.counts.came.values()) > 100
