"""Events that pass a journey by because they name no key: told to the log, since nothing else comes of them."""

from __future__ import annotations

from collections.abc import Iterator

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import Compiled, key_of
from journeykit.core.compiling.plans import Value, as_key, without_key
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import MISSING
from journeykit.errors import ConditionError
from journeykit.model.messages import Event
from journeykit.model.records import Commit, Facts


def keyless(compiled: Compiled, commit: Commit) -> Iterator[tuple[str, str, str, str]]:
    """The name of each event of *commit* that names no key where one is asked for, its customer, the journey, and what was missing."""
    for logged in commit.events:
        event = logged.event
        if logged.state == "decided" and not event.name.startswith("$"):
            for name in sorted(compiled.concern(event.name).needs & compiled.journeys.keys()):
                for why in dict.fromkeys(_missing(compiled.journeys[name], event)):
                    yield event.name, event.customer_id, name, why


def _missing(journey: CompiledJourney, event: Event) -> Iterator[str]:
    """What *event* ought to have had, for the entries and the rules that wait for it."""
    context, keyed = Context(event.customer_id, Facts(), event.at, event), journey.journey.keyed or ""
    for entry in journey.entries:
        if keyed and entry.signal == event.name and key_of(journey, entry, context) is MISSING:
            named = journey.journey.entry[entry.number].on.key or keyed
            yield without_key(named, named, event.properties)
    for row in (row for table in journey.rules.rows.values() for row in table.get(event.name, ())):
        if row.key is not None and _names_none(row.key, context):
            yield without_key(row.named, keyed, event.properties)


def _names_none(key: Value, context: Context) -> bool:
    try:
        return as_key(key(context)) is MISSING
    except ConditionError:
        return False  # that is an error, and told as one
