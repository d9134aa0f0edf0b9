"""Migrations as values: what one may say, and two of them behind each other."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import DefinitionError
from journeykit.model.migrations import Migration, chains

A, B, C, D = "aaaa", "bbbb", "cccc", "dddd"


def way(origin: str = A, target: str = B, journey: str = "cart", **more: Any) -> Migration:
    """From one version to another."""
    return Migration(journey=journey, origin=origin, target=target, **more)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"origin": "aaa"}, ["changed: 'aaa' is no version; write its first 4 digits or more"]),
        ({"origin": "a" * 65}, ["changed: '" + "a" * 39 + " is no version; write its first 4 digits or more"]),
        ({"target": "xyzw"}, ["changed: 'xyzw' is no version; write its first 4 digits or more"]),
        ({"origin": 5, "target": "AAAA"}, ["changed: 5 is no version; write its first 4 digits or more", "changed: 'AAAA' is no version; write its first 4 digits or more"]),
        ({"target": A}, ["changed: aaaa leads to itself; name two versions"]),
        ({"wait": {"left": "stop"}}, ["wait.left: 'stop' is not known; write keep, rearm, drop"]),
        ({"waits": "stay", "wait": {"left": "keep"}}, ["wait: 'stay' is not known; write keep, rearm, drop"]),
        ({"origin": "a" * 64, "target": "0123456789abcdef"}, []),
    ],
)  # fmt: skip
def test_what_a_migration_says(given: dict[str, Any], problems: list[str]) -> None:
    """Two versions, and what becomes of timers; everything that is wrong is told at once."""
    if not problems:
        assert way(**given).waits == "keep"
        return
    with pytest.raises(DefinitionError) as refused:
        way(**given)
    assert list(refused.value.problems) == problems


def test_where_somebody_goes_and_what_becomes_of_timers() -> None:
    """By the old name; what is not named keeps its name, and the general word."""
    one = way(steps={"left": "waiting", "gone": None}, wait={"left": "drop"}, waits="rearm")

    assert [one.step(name) for name in ("left", "gone", "other")] == ["waiting", None, "other"]
    assert [one.running(name) for name in ("left", "gone")] == ["drop", "rearm"]


def test_two_behind_each_other_are_one() -> None:
    """Names are followed through both; a timer that the first keeps has what the second says of it, by the name that it had in between."""
    first = way(
        A,
        B,
        steps={"left": "waiting", "gone": None, "third": "fourth"},
        wait={"left": "rearm", "third": "keep", "kept": "drop"},
        set=("one",),
    )
    second = way(
        B,
        C,
        steps={"waiting": "sitting", "new": "newer"},
        wait={"waiting": "keep", "fourth": "drop", "kept": "rearm", "more": "rearm"},
        set=("two",),
    )
    both = first.then(second)

    assert (both.journey, both.origin, both.target, both.set, both.waits) == ("cart", A, C, ("one", "two"), "keep")
    assert both.steps == {"left": "sitting", "gone": None, "third": "fourth", "waiting": "sitting", "new": "newer"}
    assert both.wait == {
        "left": "rearm",
        "third": "drop",
        "kept": "rearm",
        "gone": "keep",
        "waiting": "keep",
        "fourth": "drop",
        "more": "rearm",
    }
    assert [way(A, B, waits=one).then(way(B, C, waits=other)).waits for one, other in (("drop", "keep"), ("drop", "rearm"), ("keep", "drop"))] == [
        "drop", "rearm", "drop",
    ]  # fmt: skip


def test_whoever_is_on_one_version_is_led_to_the_last() -> None:
    """Three in a row, each journey for itself; said twice alike is said once."""
    found = chains(
        [way(B, C, set=("two",)), way(A, B, set=("one",)), way(C, D, set=("three",)), way(A, B, set=("one",)), way(C, A, "other")]
    )

    assert {place: (one.target, one.set) for place, one in found.items()} == {
        ("cart", B): (D, ("two", "three")),
        ("cart", A): (D, ("one", "two", "three")),
        ("cart", C): (D, ("three",)),
        ("other", C): (A, ()),
    }


@pytest.mark.parametrize(
    ("several", "problem"),
    [
        ([way(A, B), way(A, C)], "cart: two migrations begin at version aaaa; keep one"),
        ([way(A, B), way(B, A)], "cart: the migrations lead from version aaaa back to it; take one of them out"),
        ([way(A, B), way(B, C), way(C, B)], "cart: the migrations lead from version bbbb back to it; take one of them out"),
    ],
)
def test_they_lead_one_way_and_to_an_end(several: list[Migration], problem: str) -> None:
    """Not two, and not in a circle."""
    with pytest.raises(DefinitionError) as refused:
        chains(several)
    assert list(refused.value.problems) == [problem]
