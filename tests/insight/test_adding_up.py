"""
What holds of numbers whatever happened: a period is its two halves, a customer stands in one place, and nothing changes when events come
in another order or twice.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insight_facts import SHOP, STORIES, ZONE, periods, told
from insight_lives import ENGINES, EXAMPLES, Life, cuts, everybody, lives, numbers_of, raw
from insight_told import insight
from journeykit import Event
from journeykit.insight import Insight
from journeykit.insight.figures import Figure, Period, Slice
from journeykit.insight.measures import MEASURES
from journeykit.insight.tables.days import begin_of, day_of
from journeykit.model.messages import moment
from shop import Shop

#: counted thing by thing, each at its own moment: numerators and denominators of two halves are those of the whole
ADD_UP = {
    "product page views", "newsletter sign-ups", "cart abandonment rate", "average order value", "checkout completion rate",
    "time between purchases", "reviews", "referrals sent", "referral acceptance rate", "referral purchase rate", "time to resolution",
    "first contact resolution", "ticket volume", "open rate", "click rate", "session duration", "entries", "goal rate",
}  # fmt: skip
#: counted by the day: they add up where the halves meet at midnight
BY_DAY = {"traffic by source"}
#: counted customer by customer, or by the last answer of each: who comes in both halves counts once in the whole
OVERLAP = {
    "reach", "social engagement rate", "conversion rate", "repeat purchase rate", "cohort retention", "NPS", "review score", "CSAT",
    "unsubscribe rate",
}  # fmt: skip
#: of what is known when the period ends, and of who was there when it began
AT_THE_END, AT_THE_BEGIN = {"customer lifetime value"}, {"churn rate", "cancellation rate"}


def test_every_number_is_said_to_add_up_or_not() -> None:
    """A new number has to say which it is."""
    several = (ADD_UP, BY_DAY, OVERLAP, AT_THE_END, AT_THE_BEGIN)
    assert sorted(name for names in several for name in names) == sorted(measure.name for measure in MEASURES)


def test_two_halves_are_the_whole() -> None:
    """Numbers of a period and of its two halves, which meet anywhere or at midnight; rates are worked out anew from their parts."""
    seen: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 2 // len(STORIES), 5))
    @given(st.data(), st.sampled_from(ENGINES))
    def add_up(kinds: tuple[str, ...], data: Any, make: Any) -> None:
        shop = data.draw(told(kinds))
        whole = data.draw(periods(shop))
        cut = data.draw(st.sampled_from([one.at for one in shop.facts if whole.begin <= one.at < whole.end] or [whole.end]))
        midnight = begin_of(day_of(cut, ZONE), ZONE)
        middle = max(whole.begin, data.draw(st.sampled_from([cut, midnight])))
        numbers = shop.insight(make, SHOP)
        _halves(numbers, whole, middle, middle == midnight, seen)
        numbers.lake.close()

    for kinds in STORIES:
        add_up(kinds)
    assert sum(seen[measure.name] > 0 for measure in MEASURES) >= 12


def _halves(numbers: Insight, whole: Period, middle: int, midnight: bool, seen: Counter[str]) -> None:
    """Each measure of *whole* against those of what is before and from *middle* on."""
    for measure in MEASURES:
        name = measure.name
        all_of_it, first, second = (
            {one.by: one for one in numbers.figures(name, Slice(when))}
            for when in (whole, Period(whole.begin, middle), Period(middle, whole.end))
        )
        assert set(first) | set(second) == set(all_of_it), name
        for by, figure in all_of_it.items():
            one, other = (half.get(by) or Figure(name, 0, figure.unit, 0, 0, by) for half in (first, second))
            _adds(figure, one, other, midnight)
            seen[name] += bool(one.count or other.count)
            assert figure.value == (figure.count if measure.counts else measure.scale * figure.count / figure.of if figure.of else None)


def _adds(whole: Figure, one: Figure, other: Figure, midnight: bool) -> None:
    counts, outs = [one.count, other.count], [one.of or 0, other.of or 0]
    if whole.name in ADD_UP or (whole.name in BY_DAY and midnight):
        assert (sum(counts), sum(outs)) == (whole.count, whole.of or 0), whole.name
    elif whole.name in AT_THE_END:
        assert (other.count, other.of) == (whole.count, whole.of)
    elif whole.name in AT_THE_BEGIN:
        assert one.of == whole.of
    elif whole.of is None:
        assert max(counts) <= whole.count <= sum(counts), whole.name
    else:
        assert max(outs) <= whole.of <= sum(outs), whole.name


def test_two_halves_of_ways_are_the_whole() -> None:
    """Ways, touchpoints, entries and what became of them; customers who come in both halves are met once in the whole."""
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // 4)
    @given(lives(), st.data(), st.sampled_from(ENGINES))
    def add_up(life: Life, data: Any, make: Any) -> None:
        shop = life.shop()
        numbers = numbers_of(shop, make)
        for journey in numbers.journeys():
            these = [Slice(when, journey=journey) for when in data.draw(cuts(shop, numbers))]
            _parts_add_up([_ways(numbers, one) for one in these], seen)
            entered = [numbers.figures("entries", one)[0].count for one in these]
            reached = [numbers.figures("goal rate", one)[0].count for one in these]
            assert (entered[0], reached[0]) == (entered[1] + entered[2], reached[1] + reached[2])
            months = [figure.count for _, figure in numbers.series("entries", Slice(numbers.span, journey=journey), "month")]
            assert sum(months) == numbers.figures("entries", Slice(numbers.span, journey=journey))[0].count
        numbers.lake.close()

    add_up()
    few = {"ways": 6, "touchpoints": 6, "in both": 1}
    assert {what: seen[what] for what, floor in few.items() if seen[what] < floor * min(EXAMPLES, 200) // 200} == {}


def _ways(numbers: Insight, cut: Slice) -> dict[Any, tuple[int, int]]:
    """How often, and by how many customers: each way, touchpoint, and what entries led to."""
    links = {(one.source, one.target, one.cause, one.reason): (one.count, one.customers) for one in numbers.flow(cut).links}
    touched = {("touchpoints", one.name, one.channel, one.stage): (one.count, one.reach) for one in numbers.touchpoints(cut) if one.count}
    return {**links, **touched}


def _parts_add_up(parts: list[dict[Any, tuple[int, int]]], seen: Counter[str]) -> None:
    whole, first, second = parts
    assert set(whole) == set(first) | set(second)
    for what, (count, customers) in whole.items():
        one, other = first.get(what, (0, 0)), second.get(what, (0, 0))
        assert one[0] + other[0] == count, what
        assert max(one[1], other[1]) <= customers <= min(count, one[1] + other[1]), what
        seen["touchpoints" if what[0] == "touchpoints" else "ways"] += count
        seen["in both"] += bool(one[1] and other[1])


def test_customers_stand_in_one_place() -> None:
    """
    Enrollments that are open stand in one step and one stage each, those that are not have ended: together they are all that were entered.

    In a journey that has no key a customer is enrolled once at a time, so its stages count customers.
    """
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // 4)
    @given(lives(), st.sampled_from(ENGINES))
    def stand(life: Life, make: Any) -> None:
        shop = life.shop()
        numbers = numbers_of(shop, make)
        tables = raw(shop)
        for journey in numbers.journeys():
            cut = Slice(numbers.span, journey=journey)
            enrollments = [row for row in tables["history"] if row[4] == "entered" and row[5] == journey]
            open_ones = [row for row in tables["enrollments"] if row[1] == journey and row[5] == "active"]
            stages, flow = numbers.funnel(cut), numbers.flow(cut)
            ended = sum(one.count for one in flow.links if one.target is None)
            still = sum(one.still for one in stages)
            assert still == sum(one.still for one in flow.steps) == len(open_ones)
            assert still + ended == len(enrollments) == numbers.figures("entries", cut)[0].count
            assert sum(len(numbers.there(cut, one.step, most=100)) for one in flow.steps) == still
            if all(row[2] == "" for row in open_ones):
                assert still == len({row[0] for row in open_ones}) <= len(everybody(shop))
                seen["customers"] += still
            seen["ended"] += ended
            seen["again"] += len(enrollments) - len({row[0] for row in enrollments})
        numbers.lake.close()

    stand()
    few = {"customers": 4, "ended": 2, "again": 1}
    assert {what: seen[what] for what, floor in few.items() if seen[what] < floor * min(EXAMPLES, 200) // 200} == {}


def test_nothing_changes_when_events_come_in_another_order_or_twice() -> None:
    """What customers did, told to an engine as it happened, in any order, and each of it twice: every number is the same."""
    seen: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 4 // len(STORIES), 5))
    @given(st.data(), st.sampled_from(ENGINES))
    def same(kinds: tuple[str, ...], data: Any, make: Any) -> None:
        shop = data.draw(told(kinds, most=24))
        facts = sorted(
            {(one.customer, one.at): one for one in shop.facts}.values(), key=lambda one: one.at
        )  # of one moment the order says which
        events = [
            Event(one.name, id=one.id, customer_id=one.customer, occurred_at=moment(one.at), properties=one.properties) for one in facts
        ]
        in_order, shuffled = (_answers(numbers_of(_told_to_engine(order), make)) for order in (events, data.draw(st.permutations(events))))
        twice = _answers(numbers_of(_told_to_engine([*events, *data.draw(st.permutations(events))]), make))
        for one, other, third in zip(in_order, shuffled, twice, strict=True):
            assert one == other == third
        seen.update(figure.name for figures in in_order for figure in figures if figure.count)

    for kinds in STORIES:
        same(kinds)
    assert sum(seen[measure.name] > 0 for measure in MEASURES) >= 8


def _told_to_engine(events: list[Event]) -> Shop:
    shop = Shop(at="2026-06-01T00:00:00+00:00")
    for event in events:
        shop.engine.handle(event)
    return shop


def _answers(numbers: Insight) -> list[Any]:
    """Every number over all that happened, and every touchpoint."""
    cut = Slice(numbers.span)
    found = [*(numbers.figures(measure.name, cut) for measure in MEASURES), numbers.touchpoints(cut)]
    numbers.lake.close()
    return found


def test_journeys_count_the_same_when_events_come_twice_and_rows_anyhow() -> None:
    """Each event is told twice at once, or all of them once more in the end; and rows come to the engine in no order."""
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // 8)
    @given(lives(), st.randoms(use_true_random=False), st.sampled_from(ENGINES))
    def same(life: Life, chance: Any, make: Any) -> None:
        shop, impatient = life.shop(), life.shop(_twice)
        again = raw(impatient)
        for table in again.values():
            chance.shuffle(table)
        once, twice = (_pictures(one) for one in (numbers_of(shop, make), insight(make, again)))
        assert once == twice
        seen["journeys"] += len(once) - 1
        seen["dropoffs"] += sum(len(one["dropoffs"]) for one in once.values() if "dropoffs" in one)

    same()
    assert seen["journeys"] >= 5
    assert seen["dropoffs"] >= 1


def _twice(shop: Shop, event: Event) -> None:
    shop.engine.handle(event)
    shop.engine.handle(event)


def _pictures(numbers: Insight) -> dict[str, Any]:
    """Everything that is told of each journey."""
    found: dict[str, Any] = {"touchpoints": numbers.touchpoints(Slice(numbers.span))}
    for journey in numbers.journeys():
        cut = Slice(numbers.span, journey=journey)
        found[journey] = {
            "flow": numbers.flow(cut), "funnel": numbers.funnel(cut), "paths": numbers.paths(cut), "dropoffs": numbers.dropoffs(cut),
            "touchpoints": numbers.touchpoints(cut), "entries": numbers.conversions(cut, "entry"),
            "there": {one.step: numbers.there(cut, one.step) for one in numbers.flow(cut).steps},
        }  # fmt: skip
    numbers.lake.close()
    return found
