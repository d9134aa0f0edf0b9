"""Whole tables, page by page: what a row says to those who count. The same columns in every storage, see `journeykit.ports.Storage.scan`."""

from __future__ import annotations

from journeykit.errors import StorageError
from journeykit.storage.rows import Row, dumps, enrollment, facts

TABLES = ("events", "history", "enrollments", "messages", "customers", "definitions")


def unknown(table: str) -> StorageError:
    """What is raised for a table that nobody keeps."""
    return StorageError(f'there is no table "{table}" to scan; there are {", ".join(TABLES)}')


def scanned_enrollment(row: Row) -> Row:
    """Of (customer, journey, key, number, definition, position, status, step, visit, entered_at, ended_at, body) what is counted."""
    e = enrollment(row)
    return (
        row[0], e.journey, e.key, e.number, e.definition, e.status, e.step, e.entered_at, e.step_at, e.goal_at, e.ended_at, e.reason
    )  # fmt: skip


def scanned_customer(customer_id: str, text: str) -> Row:
    """A customer and the text of what is known about them."""
    known = facts(text)
    return customer_id, known.zone, known.stage, dumps(known.consent), dumps(known.traits)
