"""``journeykit versions``, ``diff`` and ``migrate``: who stands on which version, what changed, and bringing them over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import asdict

from journeykit.cli import console, world
from journeykit.cli.outbox import Database
from journeykit.codec import definition_hash, journey_from_text, load, load_migrations, migration_text
from journeykit.codec.migrations import is_migration
from journeykit.core.expressions.calendar import read_moment
from journeykit.errors import ConditionError, DefinitionError, UnknownError
from journeykit.insight.definitions.differences import Change, counted, differences, renamed
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.migrations import SHORTEST, Migration
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.definitions import merged
from journeykit.runtime.engine import Engine
from journeykit.runtime.migrations import Moved, Rehearsal

AsJson = Annotated[bool, typer.Option("--json", help="Answer for machines.")]
SHOWN = 8  #: digits of a version that people are shown


def versions(db: Database, as_json: AsJson = False) -> None:
    """Show the versions that customers are on, and how many stand in each step."""
    with world.database(db) as storage:
        occupied = storage.occupied()
    if as_json:
        console.say_json([dict(zip(("journey", "version", "step", "enrollments"), row, strict=True)) for row in occupied])
    elif not occupied:
        console.say("nobody is inside")
    else:
        rows = [(journey, digest, f"{number:,}", step) for journey, digest, step, number in occupied]
        for line in console.columns([("journey", "version", "enrollments", "step"), *rows], frozenset({2})):
            console.say(line)


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A file, a folder, or a version in the database.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another one.")],
    db: Annotated[
        str | None, typer.Option("--db", envvar="JOURNEYKIT_DB", metavar="FILE", help="Count those who stand there.", show_default=False)
    ] = None,
    migration: Annotated[bool, typer.Option("--migration", help="Write the draft of a migration instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two versions of journeys, in the words of their author."""
    with ExitStack() as stack:
        storage = stack.enter_context(world.database(db)) if db is not None else None
        found = list(_compared(_definitions(old, storage), _definitions(new, storage), storage))
    if migration:
        console.say(
            "---\n".join(_draft(one) for one in found if isinstance(one.old, Journey) and isinstance(one.new, Journey)).rstrip("\n")
        )
    elif as_json:
        console.say_json([one.fields() for one in found])
    else:
        _tell(found)


def migrate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", envvar="JOURNEYKIT_JOURNEYS", help="Files or folders of journeys and migrations.", show_default=False
        ),
    ],
    db: Database,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Say who would move, and change nothing.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put back those who have not moved on since.")] = False,
    at: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="As if it were then: for a history that was brought in; nothing is performed.")
    ] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """
    Bring customers to another version of their journey.

    In batches, each a transaction of its own: interrupted or killed, it goes on when it is started again.
    """
    if rehearse and undo:
        raise console.Usage("--rehearse and --undo together; undoing looks at each customer, and leaves those who have moved on")
    values, migrations = _given(files)
    with world.database(db) as storage:
        engine = Engine(values, storage) if at is None else world.importer(values, storage, ManualClock(_at(at)), None)
        if rehearse:
            raise typer.Exit(_rehearsed(engine.versions.rehearse(*migrations), as_json))
        total = sum(number for _, _, _, number in engine.versions.occupied())
        with console.progress("moving", "enrollments", quiet) as bar:
            run = engine.versions.undo if undo else engine.versions.migrate
            moved = run(*migrations, progress=lambda done: bar.advance(done, done / max(total, 1)))
    raise typer.Exit(_moved(moved, undo, as_json))


def _at(given: str) -> int:
    try:
        return read_moment(given, "UTC") or 0
    except ConditionError as error:
        raise console.Usage(f"--at: {error}") from None


def _given(files: Sequence[str]) -> tuple[list[world.Definition], list[Migration]]:
    """The definitions and the migrations of files and folders."""
    values: list[world.Definition] = []
    migrations: list[Migration] = []
    problems: list[str] = []
    for name in files:
        try:
            if is_migration(Path(name)) or Path(name).is_dir():
                migrations += load_migrations(name)
            if not is_migration(Path(name)):
                values += load(name)
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return values, migrations


def _rehearsed(rehearsal: Rehearsal, as_json: bool) -> int:
    code = console.PROBLEMS if rehearsal.refusals or rehearsal.broken else console.OK
    numbers = {what: rehearsal.count(what) for what in ("moves", "stays", "nowhere")}
    if as_json:
        console.say_json(
            numbers | {"broken": rehearsal.broken, "why": rehearsal.why, "steps": [fate._asdict() for fate in rehearsal.fates]}
        )
        return code
    rows = [(one.journey, one.definition[:SHOWN], f"{one.number:,}", one.step, _becomes(one)) for one in rehearsal.fates]
    if rows:
        for line in console.columns([("journey", "version", "enrollments", "step", "becomes"), *rows], frozenset({2})):
            console.say(line)
    console.say(f"{numbers['moves']:,} would move, {numbers['stays']:,} stay, {numbers['nowhere']:,} have nowhere to go")
    for refusal in rehearsal.refusals:
        console.say(console.wrapped(refusal))
    if rehearsal.broken:
        console.say(
            console.wrapped(
                f"the data of {rehearsal.broken:,} of them cannot be changed, and they would be left; the first: {rehearsal.why}"
            )
        )
    return code


def _becomes(fate: Any) -> str:
    return f"{fate.to} of {fate.target[:SHOWN]}" if fate.becomes == "moves" else "stays" if fate.becomes == "stays" else "nowhere to go"


def _moved(moved: Moved, undo: bool, as_json: bool) -> int:
    if as_json:
        console.say_json(asdict(moved))
    elif undo:
        console.say(f"{moved.moved:,} put back, {moved.on:,} have moved on since and were left")
    else:
        console.say(f"{moved.moved:,} moved, {moved.left:,} left on the old version")
    if moved.broken:
        console.note(console.wrapped(f"the data of {moved.broken:,} of them cannot be changed; the first: {moved.why}"))
    return console.PROBLEMS if moved.broken else console.OK


# -- differences ---------------------------------------------------------------------------------------------------------


class _Compared:
    """Two versions of one journey or of the catalog, and what is different."""

    def __init__(self, name: str, old: world.Definition | None, new: world.Definition | None, changes: Sequence[Change]) -> None:
        self.name = name
        self.old = old
        self.new = new
        self.changes = changes

    def versions(self) -> list[str | None]:
        """The hashes of both, where they are journeys."""
        return [definition_hash(one) if isinstance(one, Journey) else None for one in (self.old, self.new)]

    def fields(self) -> dict[str, Any]:
        """It for machines."""
        old, new = self.versions()
        return {"name": self.name, "old": old, "new": new, "changes": [asdict(change) for change in self.changes]}


def _definitions(given: str, storage: Storage | None) -> list[world.Definition]:
    """What a file, a folder or a version of the database says."""
    if Path(given).exists():
        return load(given)
    found = [text for digest, _, text in storage.definitions() if digest.startswith(given)] if storage and len(given) >= SHORTEST else []
    if len(found) > 1:
        raise UnknownError(f"{len(found)} versions begin with {given}; write more digits")
    if not found:
        where = "no file, and no version in the database" if storage else "no file; a version is looked for in the database that --db names"
        raise UnknownError(f"{given}: {where}")
    return [journey_from_text(found[0])]


def _compared(old: Sequence[world.Definition], new: Sequence[world.Definition], storage: Storage | None) -> Iterator[_Compared]:
    before, after = ({one.name: one for one in values if isinstance(one, Journey)} for values in (old, new))
    if len(before) == len(after) == 1:  # one of each is one journey, whatever it is called
        before = dict(zip(after, before.values(), strict=True))
    occupied = storage.occupied() if storage is not None else []
    for name in dict.fromkeys((*after, *before)):
        was, now = before.get(name), after.get(name)
        if was is None:
            yield _Compared(name, was, now, [Change("added", "", "the journey is new", None, name)])
        elif now is None:
            yield _Compared(name, was, now, [Change("removed", "", "the journey is gone", name, None)])
        else:
            digest = definition_hash(was)
            standing = {step: number for _, version, step, number in occupied if version == digest}
            yield _Compared(name, was, now, counted(differences(was, now), was, standing))
    catalogs = [[one for one in values if isinstance(one, Catalog)] for values in (old, new)]
    if all(catalogs):
        one, other = (merged(catalog) for catalog in catalogs)
        yield _Compared("catalog", one, other, differences(one, other))


def _tell(found: Sequence[_Compared]) -> None:
    told = [one for one in found if one.changes]
    for one in told:
        old, new = one.versions()
        console.say(one.name if old is None or new is None else f"{one.name}, {old} to {new}")
        for change in one.changes:
            console.say(console.wrapped(f"  {change.text}", 4))
    if not told:
        console.say("nothing changed")


def _draft(one: _Compared) -> str:
    old, new = one.versions()
    if old == new or old is None or new is None:
        return ""
    return migration_text(Migration(journey=one.name, origin=old, target=new, steps=renamed(one.changes)))
