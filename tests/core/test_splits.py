"""Which arm the hash of a customer falls to, to the very percent."""

from __future__ import annotations

import pytest

from journeykit import Do, Entry, Journey, On, Step, Transition
from journeykit.core.compiling.splits import percentile, set_arms
from journeykit.core.turns.tallies import better
from journeykit.model.records import Facts
from shop import Shop


def sent(split: str, customer: str = "ann", times: int = 1) -> str:
    """The mails of a customer who signs up so many times, by the arm that each comes from: one letter for each."""
    steps = [
        Step("drawn", stage="retention", then=split),
        *(Step(name, do=Do("email", length=name), end="completed") for name in "abc" if f"% {name}" in split),
    ]
    shop = Shop(Journey("mail", entry="Signed Up", steps=steps, reentry="always"))
    for _ in range(times):
        shop.event("Signed Up", customer)
        shop.wait("1 day")
    return "".join(line[-1] for line in shop.sent)


def test_where_a_customer_stands() -> None:
    """The first eight bytes of SHA-256, as a number, modulo 100: anybody can work it out again, in whatever language."""
    assert [percentile("mail/drawn", unit) for unit in ("ann", "ben", "cleo", "dan", "eve")] == [71, 33, 75, 37, 26]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("71% a, 29% b", "b"),
        ("72% a, 28% b", "a"),
        ("10% a, 61% b, 29% c", "c"),
        ("10% a, 62% b, 28% c", "b"),
        ("71% a, 1% b, 28% c", "b"),
    ],
)
def test_a_share_ends_where_it_says(split: str, expected: str) -> None:
    """Ann stands at 71: the shares before her sum up to 71 at most, hers to 72 at least."""
    assert sent(split) == expected


def test_an_arm_of_a_customer_is_drawn_once() -> None:
    """Ann stays with her arm however often she comes."""
    assert sent("50% a, 50% b", times=6) == "bbbbbb"


def test_an_arm_of_an_enrollment_is_drawn_each_time() -> None:
    """Each time that she comes her place is that of ``ann/mail//1``, ``ann/mail//2`` and so on: 17, 14, 70, 61, 33, 77."""
    assert sent("50% a, 50% b per enrollment", times=6) == "aabbab"
    assert sent("70% a, 30% b per enrollment", times=6) == "aabaab"
    assert sent("71% a, 29% b per enrollment", times=6) == "aaaaab"
    assert sent("50% a, 50% b per enrollment", "ben", times=6) == "bbbbaa"


def test_arms_given_out_go_before_those_drawn() -> None:
    """What a test gives out replaces what was drawn, beside what belongs to other experiments; the facts before it stay as they were."""
    before = Facts(arms={"mail/drawn": "a", "other/drawn": "x"})

    assert set_arms(before, {"mail/drawn": "b", "new/drawn": "n"}).arms == {"mail/drawn": "b", "other/drawn": "x", "new/drawn": "n"}
    assert before.arms == {"mail/drawn": "a", "other/drawn": "x"}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "a"),
        ({"x/a": 10, "x/b": 10}, "a"),
        ({"x/a": 10, "x/b": 10, "x/b/reached": 1}, "b"),
        ({"x/a": 10, "x/b": 10, "x/a/reached": 2, "x/b/reached": 1}, "a"),
        ({"x/a": 100, "x/b": 10, "x/a/reached": 9, "x/b/reached": 1}, "b"),  # nine of a hundred are less than one of ten
        ({"x/a": 100, "x/b": 10, "x/a/reached": 10, "x/b/reached": 1}, "a"),  # of equals the first
        ({"x/a": 0, "x/b": 5, "x/b/reached": 5}, "b"),
    ],
)
def test_the_better_arm_has_the_greater_share(counts: dict[str, int], expected: str) -> None:
    """Not the greater number; of whom nobody was drawn for, nobody did anything."""
    assert better("x better", ["a", "b"], lambda name: counts.get(name, 0)) == expected


def test_whatever_arm_is_drawn_what_follows_by_itself_follows() -> None:
    """An hour later Ann is in one of both, from which she goes on at once; Cem is not ready and stays there."""
    on = Transition("over", on=On(where="data.ready"))
    steps = [
        Step("in", stage="retention", wait="1 hour", then="50% a, 50% b"),
        Step("a", when=on, wait="9 days"),
        Step("b", when=on, wait="9 days"),
        Step("over", wait="9 days"),
    ]
    shop = Shop(Journey("ask", entry=Entry("Came", set={"data.ready": "event.ready"}), steps=steps))
    for customer, ready in (("ann", True), ("bob", True), ("cem", False)):
        shop.event("Came", customer, ready=ready)
    shop.wait("2 hours")

    assert [shop.inside("ask", customer=customer).step for customer in ("ann", "bob")] == ["over", "over"]
    assert shop.inside("ask", customer="cem").step in ("a", "b")
    assert [line.split()[2] for line in shop.told()] == ["entered", "moved", "moved"]
