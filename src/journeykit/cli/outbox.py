"""``journeykit outbox``: requests for actions, and what a person does about dead ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from journeykit.cli import console, world
from journeykit.core.expressions.calendar import show
from journeykit.model.messages import moment
from journeykit.model.records import OutboxRow
from journeykit.runtime.engine import Engine

outbox = typer.Typer(help="Show what was asked for; retry or drop dead letters.", no_args_is_help=True, rich_markup_mode=None)

Database = Annotated[
    str,
    typer.Option(
        "--db",
        envvar="JOURNEYKIT_DB",
        metavar="DATABASE",
        help="A file of SQLite, or NAME://... of an installed storage.",
        show_default=False,
    ),
]
Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", help="Which dead letters, by the ids that list shows.", show_default=False)
]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]


class State(StrEnum):
    """What can become of a request."""

    open = "open"
    performed = "performed"
    dead = "dead"
    dropped = "dropped"
    imported = "imported"
    any = "any"


@outbox.command("list")
def listed(
    db: Database,
    state: Annotated[State, typer.Option(help="Which ones.")] = State.dead,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Only those for one customer.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines, one request in each line.")] = False,
) -> None:
    """Show requests for actions; dead letters where not said otherwise."""
    with world.database(db) as storage:
        rows = Engine([], storage).outbox(None if state is State.any else state.value, customer, limit)
    if as_json:
        for row in rows:
            console.say(json.dumps(_fields(row), ensure_ascii=False))
    elif not rows:
        console.say("none" if state is State.any else f"none is {state.value}")
    else:
        for line in console.columns(
            [("id", "asked for at", "state", "tries", "action", "customer and reason"), *map(_cells, rows)], frozenset({0, 3})
        ):
            console.say(line)


@outbox.command()
def retry(db: Database, numbers: Numbers = None, every: All = False) -> None:
    """Try dead letters again, with all their attempts; a worker performs them."""
    _settle(db, numbers or (), every, Engine.retry_outbox, "open again")


@outbox.command()
def drop(db: Database, numbers: Numbers = None, every: All = False) -> None:
    """Drop dead letters for good."""
    _settle(db, numbers or (), every, Engine.drop_outbox, "dropped")


def _settle(db: str, numbers: Sequence[int], every: bool, settle: Callable[[Engine, Sequence[int]], int], what: str) -> None:
    if bool(numbers) is every:
        raise console.Usage("say which dead letters: their ids, or --all")
    with world.database(db) as storage:
        engine = Engine([], storage)
        chosen = [row.id for row in engine.outbox("dead", limit=1 << 40)] if every else numbers
        done = settle(engine, chosen)
    console.say(f"{done} {what}")
    if done < len(chosen):
        console.note(f"no dead letters: {len(chosen) - done} of the ids; journeykit outbox list shows them")
        raise typer.Exit(console.PROBLEMS)


def _cells(row: OutboxRow) -> tuple[str, ...]:
    message = row.message
    reason = f": {row.reason}" if row.reason else ""
    return str(row.id), show(message.at, "UTC"), row.state, str(row.attempts), message.action, f"{message.customer_id}{reason}"


def _fields(row: OutboxRow) -> dict[str, Any]:
    message = row.message
    return {
        "id": row.id,
        "state": row.state,
        "action": message.action,
        "customer": message.customer_id,
        "journey": message.journey,
        "key": message.key,
        "at": moment(message.at).isoformat(),
        "attempts": row.attempts,
        "reason": row.reason,
        "parameters": message.parameters,
        "idempotency_key": message.idempotency_key,
    }
