"""``journeykit replay``: a recorded past decided again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from journeykit.cli import console, world
from journeykit.cli.outbox import Database
from journeykit.model.messages import moment
from journeykit.rehearsal.replay import Difference, Replayed, replay

SHOWN = 3  #: customers whose first difference people are shown


def replay_past(
    journeys: Annotated[
        list[str],
        typer.Argument(
            metavar="JOURNEY...", envvar="JOURNEYKIT_JOURNEYS", help="Files or folders of journeys and catalogs.", show_default=False
        ),
    ],
    db: Database,
    customers: Annotated[
        list[str] | None, typer.Option("--customer", metavar="ID", help="Only this customer; may be given several times.")
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Decide with the journeys given, whatever version customers were on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """
    Decide a recorded past again, and look whether it comes out the same.

    Answers 1 where it does not, with the first difference of whoever comes out otherwise. Nothing is written.
    """
    with world.database(db) as storage, console.progress("deciding", "customers", quiet) as bar:
        found = replay(world.definitions(journeys), storage, customers, as_given=as_given, progress=lambda done: bar.advance(done, None))
    if as_json:
        console.say_json(_figures(found))
    else:
        _tell(found)
    raise typer.Exit(console.OK if found.identical else console.PROBLEMS)


def _tell(found: Replayed) -> None:
    other = len(found.differences)
    same = found.customers - other - found.left_out
    how = "the same as recorded" if not other else f"{same:,} the same as recorded, {other:,} not"
    console.say(f"{found.customers:,} customer{'' if found.customers == 1 else 's'} decided again: {how}")
    if found.left_out:
        console.say(console.wrapped(f"{found.left_out:,} left out: facts were filled in for them later, see journeykit backfill"))
    for broken in found.broken:
        console.say(console.wrapped(broken))
    for name in found.others:
        told = f"{name}: nobody was on the version given, and all were decided with the one they were on; --as-given decides with this one"
        console.say(console.wrapped(told))
    for one in found.differences[:SHOWN]:
        console.say(f"\n{one.customer_id}")
        for line in str(one).splitlines():
            console.say(console.wrapped(f"  {line}", 34))
    if other > SHOWN:
        console.say(f"\nand {other - SHOWN:,} more; --json tells all of them")


def _figures(found: Replayed) -> dict[str, Any]:
    return {
        "customers": found.customers,
        "identical": found.identical,
        "left out": found.left_out,
        "broken": list(found.broken),
        "on other versions": list(found.others),
        "differences": [_fields(one) for one in found.differences],
    }


def _fields(one: Difference) -> dict[str, Any]:
    return {"customer": one.customer_id, "at": moment(one.at).isoformat(), "recorded": one.recorded, "now": one.now}
