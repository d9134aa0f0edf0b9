"""SQLite and DuckDB give the same numbers: every measure and every flow, of a real shop and of random ones."""

from __future__ import annotations

import gzip
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict

from journeykit import Catalog, Do, Engine, Event, Goal, Journey, MemoryStorage, On, Step, load
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.figures import Period, Slice
from journeykit.insight.settings.settings import Settings
from journeykit.insight.settings.vocabulary import EVENTS
from journeykit.insight.tables.reading import fill
from journeykit.model.messages import Done
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock

EXAMPLES = max(2, int(os.environ.get("JOURNEYKIT_EXAMPLES", "200")) // 100)
CDNOW = Path(__file__).parent.parent.parent / "examples" / "cdnow"
BEGIN = datetime(2026, 2, 20, tzinfo=UTC)

LIFE = Journey(
    "life", lifecycle=True, entry=["Page Viewed", "Product Viewed"], reentry="always",
    steps=[
        Step("visitor", stage="awareness", wait="4 days", when={"Product Added": "interested", "Order Completed": "customer"}, then="lost"),
        Step("interested", stage="consideration", wait="5 days", when={"Order Completed": "customer", "Product Added": "interested"}, then="lost"),
        Step("customer", stage="purchase", do=Do("email", template="thanks"), wait="9 days", when={"Order Completed": "customer"}, then="lost"),
        Step("lost", end="lost"),
    ],
)  # fmt: skip
CART = Journey(
    "cart", key="cart_id", entry="Product Added", reentry="always", goal=Goal("Order Completed", end="bought"),
    steps=[Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}), Step("reminded", do=Do("email", template="cart"), wait="3 days")],
)  # fmt: skip
LATER = Journey(
    "cart", key="cart_id", entry="Product Added", reentry="always", goal=Goal("Order Completed", end="bought"),
    steps=[Step("left", stage="consideration", wait="1 day"), Step("asked", do=Do("sms", template="cart"), wait="3 days")],
)  # fmt: skip
CLUB = Journey("club", entry=On(segment="good"), exits=On(segment="not good"), steps=[Step("in", stage="retention", wait="30 days")])
SHOP = Catalog(
    facts={"recent": "sum of Order Completed.total in 7 days"}, segments={"good": "customer.recent >= 5000"}
)  # fmt: skip
NAMES = [event.name for event in EVENTS]


def both(storage: Storage, settings: Settings) -> tuple[Insight, Insight]:
    """The numbers of one history on SQLite and on DuckDB."""
    lake = DuckLake(threads=2)
    fill(lake, storage)
    return Insight.of(storage, settings), Insight(lake, settings)


def close(one: Any, other: Any) -> bool:
    """Whether two answers are the same; of sums of real numbers, in whatever order they were added, the last digits do not count."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return isinstance(other, (list, tuple)) and len(one) == len(other) and all(map(close, one, other))
    return one == pytest.approx(other, rel=1e-9) if isinstance(one, float) or isinstance(other, float) else one == other


def answers(insight: Insight, cut: Slice) -> dict[str, Any]:
    """Everything that can be asked of a slice."""
    told: dict[str, Any] = {}
    for measure in insight.measures():
        told[measure.name] = [asdict(one) for one in insight.figures(measure.name, cut)]
        told[f"{measure.name} by week"] = [asdict(one) for _, one in insight.series(measure.name, cut, "week")]
    told["funnel"] = [asdict(one) for one in insight.funnel(cut)]
    told["touchpoints"] = [asdict(one) for one in insight.touchpoints(cut)]
    if cut.journey is not None:
        flow = insight.flow(cut)
        told["flow"] = asdict(flow)
        told["paths"] = [asdict(one) for one in insight.paths(cut)]
        told["drop-offs"] = [asdict(one) for one in insight.dropoffs(cut)]
        for by in ("segment", "channel", "entry", "version"):
            told[f"by {by}"] = [asdict(one) for one in insight.conversions(cut, by)]  # type: ignore[arg-type]
        for step in flow.steps:
            told[f"survival in {step.step}"] = [asdict(one) for one in insight.survival(cut, step.step)]
            told[f"there in {step.step}"] = [asdict(one) for one in insight.there(cut, step.step)]
    return told


def slices(insight: Insight) -> list[Slice]:
    """All time and the middle of it, everybody and everything that can be chosen."""
    whole = insight.span
    middle = Period(whole.begin + (whole.end - whole.begin) // 3, whole.end - (whole.end - whole.begin) // 3)
    found = [Slice(period) for period in (whole, middle)]
    found += [Slice(whole, segment=f"{no}{segment}") for segment in insight.segments() for no in ("", "not ")]
    for journey in insight.journeys():
        found += [Slice(middle, journey=journey, segment=segment) for segment in insight.segments()]
        found += [Slice(whole, journey=journey, version=version) for version, _ in insight.versions(journey)]
    return found


def compare(small: Insight, large: Insight) -> Counter[str]:
    """Let both answer everything; return how many answers of each kind told something."""
    assert (small.span, small.journeys(), small.segments()) == (large.span, large.journeys(), large.segments())
    told: Counter[str] = Counter()
    for cut in slices(small):
        one, other = answers(small, cut), answers(large, cut)
        for name in one:
            assert close(one[name], other[name]), f"{name} of {cut}: {one[name]} and {other[name]}"
            told[name.split(" in ")[0]] += any(figure.get("count", 1) for figure in one[name]) if isinstance(one[name], list) else 1
    return told


def test_cdnow() -> None:
    """A hundredth of the customers of a real shop, eighteen months long, through its lifecycle."""
    clock, storage = ManualClock(0), MemoryStorage()
    engine = Engine(load(CDNOW / "lifecycle.yaml") + load(CDNOW / "catalog.yaml"), storage, clock=clock, history=True)
    with gzip.open(CDNOW / "CDNOW_master.txt.gz", "rt") as file:
        lines = [(number, *line.split()) for number, line in enumerate(file) if number and int(line.split()[0]) % 100 == 0]
    for number, customer, day, cds, dollars in sorted(lines, key=lambda line: line[2]):
        at = datetime(int(day[:4]), int(day[4:6]), int(day[6:]), 12, tzinfo=UTC)
        properties = {"cds": int(cds), "total": int(Decimal(dollars) * 100), "currency": "USD"}
        clock.set(at)
        engine.handle(Event("Order Completed", id=f"line {number}", customer_id=customer, occurred_at=at, properties=properties))
    clock.set(datetime(1998, 7, 1, tzinfo=UTC))
    while engine.run_due():
        pass

    small, large = both(storage, Settings(zone="America/New_York", currency="USD"))
    told = compare(small, large)
    assert told["repeat purchase rate"]
    assert told["flow"]
    assert told["survival"]
    assert told["touchpoints"]


def shop(seed: int) -> MemoryStorage:
    """A month of a random shop: every event of the vocabulary, a journey that is changed half way, customers who merge and are erased."""
    chance, clock, storage = random.Random(seed), ManualClock(BEGIN), MemoryStorage()
    engine = Engine([LIFE, CART, CLUB, SHOP], storage, {"email": _sent, "sms": _sent}, clock=clock)
    for number in range(260):
        clock.advance(timedelta(minutes=chance.randint(1, 300)))
        if number == 130:
            engine = Engine([LIFE, LATER, CLUB, SHOP], storage, {"email": _sent, "sms": _sent}, clock=clock)
        engine.run_due()
        engine.dispatch()
        late = timedelta(hours=chance.choice([0, 0, 0, 30]))
        at = datetime.fromtimestamp(clock.now() / 1e6, UTC) - late
        engine.handle(
            Event(_name(chance), id=f"e{number}", customer_id=f"c{chance.randint(1, 12)}", occurred_at=at, properties=_properties(chance))
        )
    engine.merge("c1", "c2", id="merge")
    engine.erase("c3")
    return storage


def _sent(request: Any) -> Done:
    return Done()


def _name(chance: random.Random) -> str:
    return chance.choice([*NAMES, *["Product Added", "Order Completed", "Product Viewed", "Page Viewed"] * 10])


def _properties(chance: random.Random) -> dict[str, Any]:
    """Any of what numbers read, also of the wrong kind."""
    every: dict[str, list[Any]] = {
        "order_id": ["o1", "o2", 3], "cart_id": ["k1", "k2", "k3"], "product_id": ["p1", "p2"], "total": [0, 1_250, 9_999],
        "currency": ["EUR", "usd"], "source": ["google", True, "näher"], "channel": ["app"], "campaign_name": ["spring"], "email_id": ["m1", "m2"],
        "ticket_id": ["t1", "t2"], "session_id": ["s1", "s2", "s3"], "score": [1, 3, 4.5, 10, "9", "nine"], "rating": [5, "2"],
        "name": ["Thank you", "home"], "reason": ["too late"], "results": [0, 7],
    }  # fmt: skip
    return {name: chance.choice(values) for name, values in every.items() if name == "cart_id" or chance.random() < 0.6}


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_random_shops(seed: int) -> None:
    """Everything that can be asked, and nearly everything has something to tell."""
    small, large = both(shop(seed), Settings(zone="Europe/Berlin", currency="EUR", churn=5.0))
    told = compare(small, large)

    assert len(small.journeys()) == 3
    assert len(small.versions("cart")) == 2
    assert small.segments() == ["good"]
    silent = {measure.name for measure in small.measures() if not told[measure.name]}
    assert len(silent) <= 6, silent
    assert all(
        told[name] for name in ("flow", "funnel", "paths", "drop-offs", "touchpoints", "survival", "there", "by segment", "by version")
    )
