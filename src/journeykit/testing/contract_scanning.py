"""The part of the storage contract about whole tables: what numbers are worked out of."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from journeykit.errors import StorageError
from journeykit.model.leaving import Moved
from journeykit.model.records import Facts, LoggedEvent
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop

TABLES = ("events", "history", "enrollments", "messages", "customers", "definitions")


def whole(storage: Storage, table: str, limit: int = 2) -> list[tuple[Any, ...]]:
    """All rows of a table, read in small pages, sorted."""
    rows, after = storage.scan(table, None, limit)
    while after is not None:
        page, after = storage.scan(table, after, limit)
        rows += page
    return sorted(rows, key=repr)


class ScanContract:
    """Reading whole tables, page by page."""

    def test_of_nobody_there_is_nothing_to_scan(self, storage: Storage) -> None:
        """An empty storage has no row in any table, and no place to go on from."""
        assert [storage.scan(table) for table in TABLES] == [([], None)] * 6

    def test_no_other_table_is_scanned(self, storage: Storage) -> None:
        """What is kept besides is the storage's own."""
        with pytest.raises(StorageError, match=r'there is no table "secrets" to scan; there are events, history'):
            storage.scan("secrets")

    def test_each_row_comes_once_in_pages(self, storage: Storage) -> None:
        """Decided, parked and waiting events of several customers; each page has at most the rows that were asked for."""
        names = ["zoe", "ann", "Zoë 漢字", "bob"]
        for number, name in enumerate(names, 1):
            event = shop.event(f"order-{number}", name)
            logged = [LoggedEvent(event, 10, 1, "decided"), LoggedEvent(shop.event("bad", name), 11, None, "parked")]
            storage.commit_many([shop.commit(name, events=logged, history=[shop.entry(name)])])
        storage.accept([(shop.event("late", "ann"), 12), (shop.event("first", "eve"), 13)])

        for limit in (1, 3, 10, 100):
            told = [row[:3] + row[4:6] for row in whole(storage, "events", limit)]
            assert told == sorted(
                [
                    *[(name, f"order-{number}", 1, 10, "decided") for number, name in enumerate(names, 1)],
                    *[(name, "bad", None, 11, "parked") for name in names],
                    ("ann", "late", None, 12, "pending"),
                    ("eve", "first", None, 13, "pending"),
                ],
                key=repr,
            )
            assert [row[0] for row in whole(storage, "history", limit)] == sorted(names, key=repr)
        assert len(storage.scan("events", None, 3)[0]) == 3

    def test_what_a_row_says(self, storage: Storage) -> None:
        """Every column of every table, as it was committed; who waits to be let in is in no journey yet."""
        ann = shop.commit(
            "ann", facts=Facts("Europe/Berlin", "purchase", {"email": True}, {"name": "Ann"}),
            enrollments=[
                attrs.evolve(shop.enrollment("welcome", ended_at=30), status="exited", reason="bought", goal_at=20),
                attrs.evolve(shop.enrollment("cart", "c1", due=50), status="pending"),
            ],
            events=[LoggedEvent(shop.event("order-1", "ann", total=4250), 10, 1, "decided")], history=[shop.entry("ann")], outbox=[shop.message("ann")],
            definitions=[("0a1b", "welcome", '{"journey":"welcome"}')],
        )  # fmt: skip
        storage.commit_many([ann])

        (event,) = whole(storage, "events")
        new_year = 1_767_225_600_000_000
        assert event == ("ann", "order-1", 1, new_year, 10, "decided", "Order Completed", "", '{"total":4250}')
        assert whole(storage, "history") == [("ann", 1, 0, 10, "entered", "welcome", "", 1, None, "first", "Order Completed", None)]
        assert whole(storage, "enrollments") == [("ann", "welcome", "", 1, "0a1b", "exited", "first", 10, 10, 20, 30, "bought")]
        (message,) = whole(storage, "messages")
        assert message[1:] == ("ann", "welcome", "", 1, 1, 0, "email", "marketing", 10, "open", 10, 0, None)
        assert whole(storage, "customers") == [("ann", "Europe/Berlin", "purchase", '{"email":true}', '{"name":"Ann"}')]
        assert whole(storage, "definitions") == [("0a1b", "welcome", '{"journey":"welcome"}')]

    def test_ids_that_have_become_one_are_one(self, storage: Storage) -> None:
        """After a merge everything is the survivor's, and the old id is in no table."""
        for name in ("ann", "visitor"):
            event = LoggedEvent(shop.event(f"of {name}", name), 10, 1, "decided")
            storage.commit_many([shop.commit(name, events=[event], history=[shop.entry(name)], outbox=[shop.message(name)])])
        storage.merge([shop.commit("ann", 1)], Moved("visitor", "ann", 1, (), (), "", 20))

        assert {table: {row[1 if table == "messages" else 0] for row in whole(storage, table)} for table in TABLES[:5]} == {
            "events": {"ann"}, "history": {"ann"}, "enrollments": set(), "messages": {"ann"}, "customers": {"ann"},
        }  # fmt: skip
        assert [len(whole(storage, table)) for table in ("events", "history", "messages")] == [2, 2, 2]
