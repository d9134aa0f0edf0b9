"""P23: segments."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from journeykit import Catalog, DefinitionError, Do, Journey, MemoryStorage, On, SQLiteStorage, Step, Transition
from journeykit.model.messages import moment
from journeykit.model.records import Commit, Moment, Want
from shop import Shop

CATALOG = Catalog(
    facts={
        "spent": "sum of Order Completed.total in 30 days",
        "last_order": "last of Order Completed",
        "orders": "count of Order Completed",
    },
    segments={
        "vip": "customer.spent >= 500",
        "asleep": "customer.last_order <= now - days(90)",
        "sleeping beauty": "segment.asleep and customer.tier == 'gold'",
        "once": "customer.orders == 1",
        "unsold": "customer.orders == 0",
    },
)


def greets(*edges: str) -> list[Journey]:
    """For each edge a journey that writes when it happens, every time."""
    return [
        Journey(edge, entry=On(segment=edge), reentry="always", steps=[Step("in", stage="retention", do=Do("email", edge=edge))])
        for edge in edges
    ]


def test_entering_and_leaving_are_signals() -> None:
    """Two orders make a VIP; thirty days after the first, to the second, what is spent no longer suffices."""
    shop = Shop(*greets("vip", "not vip"), CATALOG)
    shop.event("Order Completed", total=300)
    shop.wait("10 days")
    shop.event("Order Completed", total=250)
    shop.wait("60 days")

    assert shop.sent == ["2026-03-12 09:00 ann email vip", "2026-04-01 09:00 ann email not vip"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_time_alone_moves_a_customer_in(kind: str, tmp_path: Path) -> None:
    """Ninety days without an order, and the customer is asleep, to the second; an order wakes them, and nobody has to look."""
    storage = MemoryStorage() if kind == "memory" else SQLiteStorage(tmp_path / "shop.db")
    shop = Shop(*greets("asleep", "not asleep"), CATALOG, storage=storage)
    shop.event("Order Completed", total=1)
    shop.wait("80 days")
    shop.event("Order Completed", total=1)
    shop.wait("100 days")
    shop.event("Order Completed", total=1)
    shop.work()

    storage.close()
    assert shop.sent == ["2026-08-19 09:00 ann email asleep", "2026-08-29 09:00 ann email not asleep"]


def test_a_late_worker_finds_the_same_edges() -> None:
    """A year later, in one go: in and out at the moments at which it was so."""
    shop = Shop(*greets("vip", "not vip", "asleep"), CATALOG)
    shop.event("Order Completed", total=600)
    shop.clock.set("2027-03-02T09:00:00+00:00")
    shop.engine.run_due()

    assert [line for line in shop.told() if "entered in" in line] == [
        "03-02 09:00 entered in",
        "04-01 09:00 entered in",
        "05-31 09:00 entered in",
    ]


def test_one_segment_may_build_on_another() -> None:
    """Asleep and gold: it takes effect with the last of the two, whichever that is."""
    shop = Shop(*greets("sleeping beauty", "not sleeping beauty"), CATALOG)
    shop.event("Order Completed", total=1)
    shop.wait("91 days")
    shop.identify(traits={"tier": "gold"})
    shop.wait("1 day")
    shop.identify(traits={"tier": "none"})
    shop.identify(traits={"tier": "gold"})
    shop.wait("1 day")
    shop.event("Order Completed", total=1)
    shop.wait("90 days 1 hour")

    assert shop.sent == [
        "2026-06-01 09:00 ann email sleeping beauty",
        "2026-06-02 09:00 ann email not sleeping beauty",
        "2026-06-02 09:00 ann email sleeping beauty",
        "2026-06-03 09:00 ann email not sleeping beauty",
        "2026-09-01 09:00 ann email sleeping beauty",
    ]


def test_the_first_look_is_no_edge() -> None:
    """Nobody has ordered before they have; what is told of a new customer was so before; the first order is an edge."""
    shop = Shop(*greets("once", "unsold", "not unsold", "vip"), CATALOG)
    shop.event("Page Viewed")
    shop.identify("bob", traits={"tier": "gold"})
    shop.work()
    assert shop.sent == []

    shop.event("Order Completed", total=10)
    shop.event("Order Completed", "cem", total=10)
    shop.work()
    assert shop.sent == [
        "2026-03-02 09:00 ann email once",
        "2026-03-02 09:00 ann email not unsold",
        "2026-03-02 09:00 cem email once",
        "2026-03-02 09:00 cem email not unsold",
    ]


def test_a_segment_can_be_read_wherever_a_condition_stands() -> None:
    """A filter, a branch and a text; also where nobody waits for its edges."""
    steps = [
        Step("in", stage="purchase", then=[Transition("dear", on=On(where="segment.vip")), "cheap"]),
        Step("dear", do=Do("email", vip="{segment.vip}"), then="end"),
        Step("cheap", do=Do("email", vip="{segment.vip}")),
        Step("end", end="completed"),
    ]
    shop = Shop(Journey("tell", entry=On("Order Completed", where="not segment.asleep"), reentry="always", steps=steps), CATALOG)
    shop.event("Order Completed", total=300)
    shop.event("Order Completed", total=300)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email False", "2026-03-02 09:00 ann email True"]


def test_who_leaves_a_segment_leaves_the_journey() -> None:
    """A rule without a signal takes effect in the middle of a wait, at the instant at which only time has passed."""
    journey = Journey(
        "care", entry=On(segment="vip"), exits=On(where="not segment.vip"), steps=[Step("in", stage="retention", wait="60 days")]
    )
    shop = Shop(journey, CATALOG)
    shop.event("Order Completed", total=600)
    shop.wait("60 days")

    assert shop.told() == [
        "03-02 09:00 segment entered",
        "03-02 09:00 entered in",
        "04-01 09:00 segment left",
        "04-01 09:00 exited where not segment.vip",
    ]
    assert [line.text for line in shop.engine.explain("ann").entries if line.kind == "segment"] == [
        "entered the segment vip",
        "left the segment vip",
    ]


def test_a_deadline_loses_its_tie_here_too() -> None:
    """Who orders in the very instant at which they would have fallen asleep has not slept."""
    shop = Shop(*greets("asleep"), CATALOG)
    shop.event("Order Completed", total=1)
    shop.clock.set("2026-05-31T09:00:00+00:00")
    shop.event("Order Completed", total=1)
    shop.wait("89 days")

    assert shop.sent == []


def test_what_nobody_can_foresee_is_refused() -> None:
    """Circles, what a segment cannot know, and a now of which nobody can say when it changes anything."""
    problems = []
    for segments in (
        {"a": "segment.b", "b": "not segment.a"},
        {"a": "event.total > 5"},
        {"a": "round(now - customer.born) > 5"},
        {"a": "segment.c"},
        {"a": "customer.plam == 'gold'"},
    ):
        try:
            Shop(Catalog(segments=segments, traits={"plan": "text", "born": "moment"}))
        except DefinitionError as error:
            problems += error.problems

    assert problems == [
        "catalog: segments.a: goes round in a circle: a reads b reads a; take one of them apart",
        "catalog: segments.a: a segment knows no event; it reads customer, consent, segment, now",
        (
            'catalog: segments: "round(now - customer.born) > 5": nobody can say when this changes; "now" may be added to, taken from, '
            "multiplied by a number and compared by < <= > >= == !=, such as customer.last_order <= now - days(90)"
        ),
        'catalog: segments.a: no segment "c"',
        'catalog: segments.a: no trait or fact "plam"; did you mean "plan"?',
    ]


def test_what_is_declared_later_is_filled_in_and_fires_nothing() -> None:
    """Two good customers of a year, and a segment that is declared now: they are in it, which is no edge; leaving it is one."""
    plain = Journey("plain", entry="Joined", steps=[Step("in", stage="retention", wait="1 day")])
    before = Shop(plain)
    for customer in ("ann", "bob"):
        before.event("Order Completed", customer, total=600)
        before.wait("1 day")
    before.event("Page Viewed", "cem")

    after = Shop(plain, *greets("vip", "not vip", "asleep"), CATALOG, at="2026-03-20T09:00:00+00:00", storage=before.storage)
    after.event("Page Viewed", "bob")
    assert after.engine.backfill() == 3
    assert after.engine.backfill() == 0
    after.work()
    assert after.sent == []
    after.wait("20 days")
    after.event("Order Completed", "cem", total=600)
    after.wait("52 days 1 hour")

    assert after.sent == [
        "2026-04-01 09:00 ann email not vip",
        "2026-04-02 09:00 bob email not vip",
        "2026-04-09 09:00 cem email vip",
        "2026-05-09 09:00 cem email not vip",
        "2026-05-31 09:00 ann email asleep",
    ]


def test_a_fact_that_is_declared_differently_begins_anew_until_it_is_filled() -> None:
    """Thirty days become sixty: what was kept for thirty is no answer to sixty; the log is."""
    tell = Transition(do=Do("email", spent="{customer.spent}"), on=On("Asked"))
    journey = Journey("tell", entry="Order Completed", steps=[Step("in", stage="purchase", wait="900 days", when=[tell])])
    shop = Shop(journey, CATALOG)
    shop.event("Order Completed", total=200)
    shop.wait("50 days")
    longer = Shop(
        journey, Catalog(facts={"spent": "sum of Order Completed.total in 60 days"}), at="2026-04-21T09:00:00+00:00", storage=shop.storage
    )
    longer.event("Asked", id="before")
    longer.engine.backfill(["spent"])
    longer.event("Asked", id="after")
    longer.work()

    assert longer.sent == ["2026-04-21 09:00 ann email 0", "2026-04-21 09:00 ann email 200"]


def test_an_event_that_concerns_no_segment_writes_nothing_about_them() -> None:
    """What is kept of segments is written when it changes, and not with every event."""
    written = []

    class Watching(MemoryStorage):
        """Notes which commits bring moments."""

        def commit_many(self, commits: Iterable[Commit]) -> None:
            commits = list(commits)
            written.extend(commit.moments is not None for commit in commits)
            super().commit_many(commits)

    shop = Shop(*greets("vip", "asleep"), CATALOG, storage=Watching())
    for name in ("Order Completed", "Page Viewed", "Order Completed", "Page Viewed", "Order Completed"):
        shop.event(name, total=10)
        shop.wait("1 day")

    assert written == [True, False, False, False, False]


def test_who_leaves_has_been_inside_since_the_first_look() -> None:
    """Gold from the first word about her on: that is no edge, and to be gold no more is one."""
    catalog = Catalog(segments={"golden": "customer.tier == 'gold'"})
    shop = Shop(*greets("golden", "not golden"), catalog)
    shop.identify(traits={"tier": "gold"})
    shop.event("Page Viewed")
    shop.identify(traits={"tier": "none"})
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email not golden"]


def test_of_a_customer_is_kept_only_what_is_not_blank() -> None:
    """Nothing is known of Bob, so nothing is kept but that he was looked at; Ann has ordered, and keeps what can still happen to her."""
    shop = Shop(*greets("vip", "asleep", "once", "unsold"), CATALOG)
    shop.event("Page Viewed", "bob")
    shop.event("Order Completed", total=10)

    assert kept(shop, "bob") == [("looked", None)]
    assert kept(shop, "ann") == [
        ("looked", None),
        ("segment vip", "2026-04-01T09:00:00+00:00"),
        ("segment asleep", "2026-05-31T09:00:00+00:00"),
        ("segment once", None),
        ("segment unsold", None),
    ]


def test_a_customer_of_a_release_that_kept_everything_misses_no_edge() -> None:
    """What was written of them then stands for the same: the first order is the edge that it would have been."""
    shop = Shop(*greets("once", "not unsold", "asleep"), CATALOG)
    shop.event("Page Viewed")
    (known,) = shop.storage.load_many([Want("ann", None)])
    names = shop.engine.definitions.compiled.watch.watchers
    everything = [Moment("", None, "of an earlier release"), *(Moment(name, None, " unsold " in name) for name in names)]
    shop.storage.commit_many([Commit("ann", known.revision, known.revision + 1, known.accepted_at, moments=everything)])
    shop.event("Order Completed", total=10)
    shop.wait("91 days")

    assert shop.sent == ["2026-03-02 09:00 ann email once", "2026-03-02 09:00 ann email not unsold", "2026-05-31 09:00 ann email asleep"]


def kept(shop: Shop, customer: str) -> list[tuple[str, str | None]]:
    """What is kept of a customer's own moments, without the marks of what they are moments of."""
    (loaded,) = shop.storage.load_many([Want(customer, None)])
    moments = (Moment(*one[:3]) for one in loaded.moments)
    return [(one.name.rpartition(" ")[0] or "looked", one.due_at and moment(one.due_at).isoformat()) for one in moments]
