"""``journeykit pause`` and ``journeykit resume``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from journeykit.cli import console, world
from journeykit.cli.outbox import Database
from journeykit.runtime.engine import Engine

Journeys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[JOURNEY]...", envvar="JOURNEYKIT_JOURNEYS", help="Needed for journeys that nobody has entered.", show_default=False
    ),
]
Name = Annotated[str | None, typer.Option("--journey", metavar="NAME", help="A journey.")]
Step = Annotated[str | None, typer.Option("--step", metavar="NAME", help="A step or scope of it: only who is in it stands still.")]
Action = Annotated[str | None, typer.Option("--action", metavar="NAME", help="An action, of all journeys or of that one.")]


class Clocks(StrEnum):
    """What becomes of running timers."""

    still = "stand-still"
    on = "run-on"


def pause(
    db: Database, journeys: Journeys = None, journey: Name = None, step: Step = None, action: Action = None,
    clocks: Annotated[Clocks, typer.Option("--clocks", help="What becomes of running timers.")] = Clocks.still,
) -> None:  # fmt: skip
    """Pause a journey, a step of it or an action, in all workers; what lasts is shown."""
    with world.database(db) as storage:
        engine = Engine(world.definitions(journeys) if journeys else [], storage)
        if journey is not None or step is not None or action is not None:
            engine.pause(journey, step=step, action=action, clocks="run on" if clocks is Clocks.on else "stand still")
        _show(engine)


def resume(db: Database, journey: Name = None, step: Step = None, action: Action = None) -> None:
    """End a pause, named as it was begun."""
    with world.database(db) as storage:
        engine = Engine([], storage)
        if not engine.resume(journey, step=step, action=action):
            console.note("there is no such pause; these last:")
            _show(engine)
            raise typer.Exit(console.PROBLEMS)
        _show(engine)


def _show(engine: Engine) -> None:
    for one in engine.pauses():
        console.say(f"{one.words}, clocks {'stand still' if one.still else 'run on'}")
    if not engine.pauses():
        console.say("nothing is paused")
