"""What is stored outlives the release that wrote it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.errors import EventError, SchemaError
from journeykit.model.pauses import Hold
from journeykit.model.records import Enrollment, Facts, Timer
from journeykit.storage import rows
from journeykit.testing import storage_samples as shop

IDLE = Enrollment("cart", "c1", 1, "0a1b", 0, "active", "left", 1, 10, 20, {"total": 5}, (Timer(0, 99, 1),))
IDLE_FIELDS = ("cart", "c1", 1, "0a1b", 0, "active", "left", 1, 10)
FULL = Enrollment(
    "cart", "c1", 2, "0a1b", 0, "exited", "left", 7, 10, 20, {}, (), {"inner": (5, 6)}, 0, "next action", 1, 0, 30, "bought", 2,
    held=Hold(25, "lane offers"), stood=((1, 2), (3, 4)),
)  # fmt: skip


def back(row: rows.Row) -> Enrollment:
    """The enrollment of a whole row, which is loaded without the moment when it is due."""
    return rows.enrollment((None, *row[1:11], row[12]))


def test_an_idle_enrollment_is_short():
    """What is empty is left out at the end of a body."""
    assert rows.enrollment_row("ann", IDLE) == (
        "ann", "cart", "c1", 1, "0a1b", 0, "active", "left", 1, 10, None, 99, '[1,20,{"total":5},[[0,99,1,null]]]',
    )  # fmt: skip
    assert rows.enrollment_row("ann", Enrollment("j", "", 1, "h", 0, "active", "s", 1, 1, 5, {}))[12] == "[1,5]"
    assert rows.facts_text(Facts()) == "[1]"
    assert rows.facts_text(Facts(zone="UTC", consent={"email": True})) == '[1,"UTC",null,{"email":true}]'


def test_nought_is_not_nothing():
    """A moment of 0 is a moment."""
    assert back(rows.enrollment_row("ann", FULL)) == FULL


@given(shop.enrollments())
def test_enrollments_come_back(enrollment):
    """Any enrollment is read as it was written."""
    assert back(rows.enrollment_row("ann", enrollment)) == enrollment


def test_what_is_read_is_written_in_the_same_words():
    """What a release reads and writes again unchanged stays byte for byte, whichever way its text was made; data of their own are encoded."""
    kept = []

    @given(shop.enrollments(), st.booleans(), st.none() | st.integers(0, 99))
    def check(enrollment, plain, performed_at):
        if plain:  # as most are
            data = {**enrollment.data, "quote": ',[["]'}
            enrollment = Enrollment(*IDLE_FIELDS, 20, data, IDLE.timers, {}, None, None, 0 if performed_at is None else 3, performed_at)
        row = rows.enrollment_row("ann", enrollment)
        read = back(row)
        kept.append(type(read.data) is rows.StoredData)
        changed = read.copy()
        changed.data = {**read.data, "new": 1}

        assert rows.enrollment_row("ann", read) == row
        assert row[12] == json.dumps(rows.loads(row[12]), separators=(",", ":"))
        assert rows.loads(row[12])[2:3] in ([enrollment.data], [])
        assert back(rows.enrollment_row("ann", changed)).data == {**enrollment.data, "new": 1}

    check()
    assert 20 < sum(kept) < len(kept)


@given(shop.facts())
def test_facts_come_back(facts):
    """Any facts are read as they were written."""
    assert rows.facts(rows.facts_text(facts)) == facts


def test_fields_of_a_later_release_are_ignored():
    """While a deployment rolls, the older process reads the newer one's rows."""
    *columns, _, body = rows.enrollment_row("ann", FULL)
    longer = f'{body[:-1]}{",null" * (15 - len(rows.loads(body)))},"new",{{"x":1}}]'
    timer = '[1,20,{},[[0,99,1,null,"new"]]]'

    assert rows.enrollment((*columns, longer)) == FULL
    assert rows.enrollment((*columns, timer)).timers == (Timer(0, 99, 1),)
    assert rows.facts('[1,"UTC","loyal",{},{},{},{},"new"]') == Facts(zone="UTC", stage="loyal")


def test_missing_fields_get_defaults():
    """A shorter body of an older release is read too."""
    *columns, _, _ = rows.enrollment_row("ann", IDLE)

    assert rows.enrollment((*columns, "[1,20]")) == Enrollment("cart", "c1", 1, "0a1b", 0, "active", "left", 1, 10, 20, {})
    assert rows.facts('[1,"UTC"]') == Facts(zone="UTC")


def test_defaults_are_not_shared():
    """Two rows without data have two empty dictionaries."""
    *columns, _, _ = rows.enrollment_row("ann", IDLE)
    one, two = (rows.enrollment((*columns, "[1,20]")) for _ in range(2))

    assert one.data is not two.data
    assert one.scopes is not two.scopes


def test_an_older_body_is_brought_up_to_date(monkeypatch):
    """A body of an older version goes through its upcaster."""
    monkeypatch.setitem(rows.UPCASTERS, 0, lambda body: [1, *body[1:]])

    assert rows.facts('[0,"UTC"]') == Facts(zone="UTC")


def test_a_body_nobody_can_read():
    """A version that this release does not know is refused in words."""
    with pytest.raises(SchemaError, match="version 9, this release knows 1"):
        rows.facts('[9,"UTC"]')


def test_properties_that_are_no_json():
    """An event that cannot be written is refused by its id."""
    with pytest.raises(EventError, match='event "one"'):
        rows.mail_row(shop.event("one", when=object()), 10)


def test_what_nobody_told_is_seen_without_reading_it():
    """Of facts as text none is read to see that no birthday is known; the zone is at hand. A value that is called alike is looked at."""
    known = Facts("Europe/Berlin", None, {"email": True}, {"plan": "gold", "größe": 3}, {"spent": 5, "seen 1a2b": 2})
    stored = rows.facts(rows.facts_text(known))
    assert stored.lack(frozenset({"birthday", "emails", "een", "1a2b"}))
    assert stored.lack(frozenset())
    assert (stored.zone, stored) == ("Europe/Berlin", known)
    for name in ("email", "plan", "gold", "größe", "spent", "seen"):
        assert not rows.facts(rows.facts_text(known)).lack(frozenset({"birthday", name})), name
    assert rows.facts("[1]").lack(frozenset({"plan"}))
    assert rows.facts("[1]").zone is None


def test_no_fact_is_overlooked():
    """Whatever is known of somebody: what is not in the text is not known, and what was looked for comes back as it was written."""
    seen = {True: 0, False: 0}

    name = st.sampled_from(["plan", "email", "orders", "orders 1a2b", "spent", 'a\\"b'])

    @given(shop.facts(), st.dictionaries(name, st.integers(), max_size=3), st.sets(name, max_size=2))
    def check(known, values, names):
        known.values = {**known.values, **values}
        stored = rows.facts(rows.facts_text(known))
        told = {*known.traits, *known.consent, *known.values, *(key.partition(" ")[0] for key in known.values)}
        for kind in (known.traits, known.consent, known.values):
            for name in kind:
                assert not rows.facts(rows.facts_text(known)).lack(frozenset({name}))
        lacking = stored.lack(frozenset(names))
        assert not (lacking and told & names)
        assert stored == known
        seen[lacking] += 1

    check()
    assert min(seen.values()) >= 3
