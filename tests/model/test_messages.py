"""Names and ids that every storage can keep, and what an event has to say of itself."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Event, EventError
from journeykit.model.messages import derived_id, storable_text, text


@pytest.mark.parametrize(
    ("value", "storable"),
    [
        ("a", True), ("", False), ("a" * 500, True), ("a" * 501, False), ("ü" * 500, True), ("ü" * 501, False), ("\x00", False), ("a\x00b", False),
        ("ü\x00", False), ("\x01", True), (" ", True), ("\ud800", False), ("a\udfffb", False), ("\U0001f600", True), ("\ud7ff\ue000", True),
    ],
)  # fmt: skip
def test_what_a_name_may_be(value: str, storable: bool) -> None:
    """One to 500 characters, whole ones and no null character."""
    assert storable_text(value) is storable
    if storable:
        assert text(value, "id") == value


ID, PLAIN = "is no id or name; give a text of 1 to 500 characters", "holds characters that cannot be stored; give plain text"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", f"'' {ID}"), (5, f"5 {ID}"), (None, f"None {ID}"), ("a" * 501, f"'{'a' * 59} {ID}"), ("a\x00b", f"'a\\x00b' {PLAIN}"),
        ("\ud800", f"'\\ud800' {PLAIN}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["name", "id", "customer_id"])
def test_an_event_says_which_of_its_names_is_none(field: str, value: Any, words: str) -> None:
    """The place and the value, the beginning of it where it is long."""
    known: dict[str, Any] = {"name": "Order", "id": "o1", "customer_id": "ann", "occurred_at": "2026-03-02T09:00:00Z", field: value}

    with pytest.raises(EventError) as refused:
        Event(known.pop("name"), **known)
    assert str(refused.value) == f"{field}: {words}"


def test_properties_are_a_mapping() -> None:
    """A list of them, or another kind of mapping, is none."""
    for wrong in ([], None, "x", {"a": 1}.items()):
        with pytest.raises(EventError, match=r"^properties: .* is no mapping of names to JSON values; give a dict$"):
            Event("Order", id="o1", customer_id="ann", occurred_at="2026-03-02T09:00:00Z", properties=wrong)  # type: ignore[arg-type]


def test_a_derived_id_is_never_too_long() -> None:
    """As it is up to 400 characters, a hash beyond; parts that hold slashes stay apart."""
    assert derived_id("a", 1, "b/c", "50%") == "a/1/b%2Fc/50%25"
    assert derived_id("a" * 400) == "a" * 400
    assert derived_id("a" * 401) == "15284784611353b6efe63673dceed62633e84e51cfcd65b0c0bcff9794d9c09f"
    assert derived_id("a", "b") != derived_id("a/b")
