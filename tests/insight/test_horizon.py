"""After a shop has let go of the history of long ago, those who came before that stand where they stand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from journeykit import Engine, MemoryStorage
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Slice
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.reading import fill
from journeykit.runtime.clock import ManualClock
from mapped import BEGIN, care, happened

HORIZON = BEGIN.replace(hour=0) + timedelta(weeks=18)  # a monday, 6 July


def numbers(storage, make, **settings):
    """The numbers of *storage*."""
    lake = make()
    fill(lake, storage)
    return Insight(lake, Settings(**settings))


@pytest.fixture(params=[SmallLake, DuckLake])
def shop(request):
    """Half a year of a shop, its numbers before and after the history of its first eighteen weeks goes."""
    storage = MemoryStorage()
    happened(storage)
    whole = numbers(storage, request.param)
    engine = Engine([care(called=False)], storage, clock=ManualClock(BEGIN + timedelta(days=181)))
    assert engine.retain(before=HORIZON, history=True) > 30
    return whole, numbers(storage, request.param)


def test_weeks_after_the_horizon_are_what_they_were(shop):
    """Who stood where, who came, went on and left from then on, who was lost, and how long a step lasts: the same as before."""
    whole, left = shop
    seen = 0
    for period in whole.periods(whole.span, "week")[18:]:
        cut = Slice(period, journey="after-order")
        before, after = whole.flow(cut), left.flow(cut)
        assert after == before
        assert left.dropoffs(cut) == whole.dropoffs(cut)
        assert left.figures("entries", cut) == whole.figures("entries", cut)
        assert left.figures("goal rate", cut) == whole.figures("goal rate", cut)
        for step in before.steps:
            now, was = left.there(cut, step.step, 100), {one.customer: one for one in whole.there(cut, step.step, 100)}
            assert len(now) == len(was)
            assert all(one == (was[one.customer] if one.since else evolve(was[one.customer], since=None)) for one in now)
            seen += sum(one.since is None for one in now)

    assert seen > 5


def test_of_all_time_they_were_there_before(shop):
    """Nobody of them came in or entered: when they did is not known any more, and no number says that it was later."""
    whole, left = shop
    cut = Slice(left.span, journey="after-order")
    flow, was = left.flow(cut), whole.flow(Slice(whole.span, journey="after-order"))
    entered = [sum(link.count for link in one.links if link.source is None) for one in (was, flow)]

    assert {one.step: one.still for one in flow.steps} == {one.step: one.still for one in was.steps}
    assert sum(one.there_before for one in flow.steps) > 5
    assert all(one.there_before == 0 for one in was.steps)
    assert entered[1] == left.figures("entries", cut)[0].count < entered[0]
    for one in flow.steps:
        came = sum(link.count for link in flow.links if link.target == one.step)
        assert one.arrived == came
        assert one.there_before + one.arrived == one.moved + one.left + one.still


def test_versions_keep_the_day_of_their_first_use(shop):
    """It is that of the oldest enrollment which is still somewhere, and no day before all days."""
    whole, left = shop
    known, now = dict(whole.versions("after-order")), dict(left.versions("after-order"))

    assert set(now) <= set(known)
    assert all(known[version] <= first <= left.span.end for version, first in now.items())
    assert left.span.begin == whole.span.begin  # events stay, only what they told has gone


@pytest.mark.parametrize("make", [SmallLake, DuckLake])
def test_test_customers_are_not_among_them(make):
    """Who counts is looked at for those, too, of whom nothing but their place is left."""
    storage = MemoryStorage()
    happened(storage)
    engine = Engine([care(called=False)], storage, clock=ManualClock(BEGIN + timedelta(days=181)))
    for number in range(0, 60, 2):
        engine.identify(f"c{number:03}", id=f"known-{number}", traits={"staff": True})
    engine.run_due(BEGIN + timedelta(days=181))
    engine.retain(before=HORIZON, history=True)
    everybody, shoppers = numbers(storage, make), numbers(storage, make, test="staff")
    there = [
        {one.customer for step in ("quiet", "reminded") for one in all_.there(Slice(all_.span, journey="after-order"), step, 100)}
        for all_ in (everybody, shoppers)
    ]

    assert len(there[0]) > len(there[1]) > 2
    assert {customer for customer in there[0] if int(customer[1:]) % 2} == there[1]
