"""``journeykit customer`` and ``journeykit retain``: what is kept of a customer, and what is no longer."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from journeykit.cli import console, world
from journeykit.cli.outbox import Database
from journeykit.errors import DefinitionError
from journeykit.model.messages import moment
from journeykit.model.phrases import MICROSECONDS, seconds
from journeykit.runtime.clock import instant
from journeykit.runtime.engine import Engine

customer = typer.Typer(
    help="Show all that is kept of a customer, erase it, or make two customers one.", no_args_is_help=True, rich_markup_mode=None
)

Who = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The id of a customer, any that they have had.", show_default=False)]
Journeys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[JOURNEY]...", envvar="JOURNEYKIT_JOURNEYS", help="Files or folders of journeys and catalogs.", show_default=False
    ),
]

YEAR = 365 * 24 * 3_600  #: seconds


@customer.command()
def export(name: Who, db: Database, journeys: Journeys = None) -> None:
    """Show all that is kept of a customer, as JSON; with the catalog, facts as rules read them."""
    with world.database(db) as storage:
        console.say_json(Engine(world.definitions(journeys) if journeys else [], storage).export(name))


@customer.command()
def erase(
    name: Who,
    db: Database,
    purge: Annotated[bool, typer.Option("--purge/--no-purge", help="Write the database anew, so that no trace is left in it.")] = True,
) -> None:
    """
    Take out all that is kept of a customer, for good.

    Writing the database anew takes as long as copying it, and lets no worker write meanwhile; of several customers say it at the last.
    """
    with world.database(db) as storage:
        known = Engine([], storage).erase(name)
        if purge:
            storage.purge()
    console.say("erased" if known else "nothing was known; if they come, they are treated as erased")


@customer.command()
def merge(
    survivor: Annotated[str, typer.Argument(metavar="SURVIVOR", help="The id that counts from now on.", show_default=False)],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The id that stands for it from now on.", show_default=False)],
    journeys: Annotated[
        list[str], typer.Argument(metavar="JOURNEY...", envvar="JOURNEYKIT_JOURNEYS", help="Needed, for it is decided.", show_default=False)
    ],
    db: Database,
    event: Annotated[str | None, typer.Option("--id", metavar="ID", help="The id of this fact; made of both where not said.")] = None,
) -> None:
    """Make two customers one: the first counts, the second stands for it from now on."""
    with world.database(db) as storage:
        outcome = Engine(world.definitions(journeys), storage).merge(survivor, other, id=event or f"merge/{survivor}/{other}")
    console.say("they are one" if outcome.status == "decided" else "they are one already")


def retain(
    db: Database,
    before: Annotated[str, typer.Option("--before", metavar="WHEN", help="What is older goes: 1 year, 90 days, or a moment.")],
    journeys: Annotated[
        list[str],
        typer.Argument(
            metavar="JOURNEY...", envvar="JOURNEYKIT_JOURNEYS", help="Files or folders of journeys and catalogs.", show_default=False
        ),
    ],
    history: Annotated[bool, typer.Option("--history", help="Let the history of before go, too.")] = False,
) -> None:
    """
    Let go of what is too old: what events said and messages held.

    Ids stay, so what is told again is still known, and facts stay what they are. Stopped, it goes on when it is started again.
    """
    end = _moment(before)
    with world.database(db) as storage:
        done = Engine(world.definitions(journeys), storage).retain(before=end, history=history)
    console.say(f"{done} customer{'' if done == 1 else 's'}, before {moment(instant(end, 'before')):%Y-%m-%d %H:%M} UTC")


def _moment(text: str) -> str | int:
    """A moment, or the one so long ago."""
    count, _, unit = text.strip().partition(" ")
    if count.isdigit() and unit.rstrip("s") == "year":
        return time.time_ns() // 1_000 - int(count) * YEAR * MICROSECONDS
    try:
        return time.time_ns() // 1_000 - seconds(text) * MICROSECONDS
    except DefinitionError:
        return text
