"""How a difference of each field of a definition is said. One table; a test demands a line for every field of every class."""

from __future__ import annotations

from typing import Any, NamedTuple

from journeykit.core.compiling.planner import cause
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split


class Said(NamedTuple):
    """What is said where a value is another one, where there was none, and where there is none any more."""

    changed: str
    added: str = ""
    removed: str = ""


def _of(what: str, *, changed: str = "") -> Said:
    """``waits {new}`` in its three forms."""
    verb, _, rest = what.partition(" ")
    plain = {"waits": "wait", "asks": "ask", "is": "be", "has": "have", "goes": "go"}.get(verb, verb.removesuffix("s"))
    return Said(changed or f"{what} instead of {{old}}", what, f"does not {plain} {rest.replace('{new}', '{old}')} any more")


_SET = Said("sets {name} to {new} instead of {old}", "sets {name} to {new}", "does not set {name} to {old} any more")
_DO = _of("asks for {new}")
_LEAVING = _of("asks for {new} on leaving")
_END = Said("ends as {new} instead of {old}", "ends as {new}", "does not end as {old} any more")
_STAGE = Said('is in stage "{new}" instead of "{old}"', 'is in stage "{new}"', 'is in the stage of what is before it instead of "{old}"')
_THEN = Said(
    "goes on to {new} instead of {old}", "goes on to {new} instead of what follows it", "goes on to what follows it instead of {old}"
)

#: By class and field. What is called "" is said of an item of a list: that it is new, and that it is gone.
WORDS: dict[tuple[type[Any], str], Said] = {
    (Journey, "name"): Said("is called {new} instead of {old}"),
    (Journey, "steps"): Said("has its steps in another order: {new} instead of {old}", "is new", "is gone"),
    (Journey, "key"): _of("keeps enrollments apart by {new}"),
    (Journey, "each"): _of("holds an enrollment for each of {new}"),
    (Journey, "entry"): Said("looks at its entries in another order: {new} instead of {old}", "is new", "is gone"),
    (Journey, "exits"): Said("looks at its exits in another order: {new} instead of {old}", "is new", "is gone"),
    (Journey, "goal"): Said("", "is new", "is gone"),
    (Journey, "reentry"): Said("lets in again {new} instead of {old}"),
    (Journey, "when"): Said("looks at its transitions in another order: {new} instead of {old}", "is new", "is gone"),
    (Journey, "stage"): Said('begins in stage "{new}" instead of "{old}"', 'begins in stage "{new}"', 'does not begin in stage "{old}" any more'),
    (Journey, "stages"): Said("has the stages {new} instead of {old}"),
    (Journey, "lifecycle"): Said("is the lifecycle: {new} instead of {old}", "is the lifecycle now", "is not the lifecycle any more"),
    (Journey, "zone"): Said("keeps the time of {new} instead of {old}", "keeps the time of {new}", "does not keep the time of {old} any more"),
    (Journey, "open"): Said("is open {new} instead of {old}", "is open {new} only", "is always open, not only {old}"),
    (Step, "name"): Said('is called "{new}" instead of "{old}"'),
    (Step, "stage"): _STAGE,
    (Step, "set"): _SET,
    (Step, "do"): _DO,
    (Step, "wait"): Said("waits {new} instead of {old}", "waits {new}", "does not wait {old} any more"),
    (Step, "when"): Said("looks at its transitions in another order: {new} instead of {old}", "is new", "is gone"),
    (Step, "then"): _THEN,
    (Step, "leaving"): _LEAVING,
    (Step, "end"): _END,
    (Scope, "name"): Said('is called "{new}" instead of "{old}"'),
    (Scope, "steps"): Said("has its steps in another order: {new} instead of {old}", "is new", "is gone"),
    (Scope, "stage"): _STAGE,
    (Scope, "do"): _DO,
    (Scope, "wait"): Said("is left after {new} instead of {old}", "is left after {new}", "is not left after {old} any more"),
    (Scope, "when"): Said("looks at its transitions in another order: {new} instead of {old}", "is new", "is gone"),
    (Scope, "exits"): Said("looks at its exits in another order: {new} instead of {old}", "is new", "is gone"),
    (Scope, "then"): _THEN,
    (Scope, "leaving"): _LEAVING,
    (Transition, "to"): Said('leads to "{new}" instead of "{old}"', 'leads to "{new}"', 'stays where it is instead of leading to "{old}"'),
    (Transition, "on"): Said("", "waits for {new}", "does not wait for {old} any more"),
    (Transition, "do"): _DO,
    (Transition, "set"): _SET,
    (Transition, "take"): _of("takes one of {new}"),
    (Transition, "back"): Said("", "may lead to an earlier stage", "may not lead to an earlier stage any more"),
    (On, "event"): _of("waits for {new}"),
    (On, "changed"): _of("waits for another {new}"),
    (On, "segment"): _of("waits for segment {new}"),
    (On, "settled"): _of("waits for the outcome {new}"),
    (On, "every"): _of("waits for every {new}"),
    (On, "after"): _of("waits {new}"),
    (On, "where"): _of("asks that {new}"),
    (On, "key"): _of("asks for its key in {new}"),
    (On, "late"): Said('meets events that are late with "{new}" instead of "{old}"'),
    (Entry, "on"): Said(""),
    (Entry, "wait"): _of("lets {new} pass first"),
    (Entry, "set"): _SET,
    (Exit, "on"): Said(""),
    (Exit, "end"): _END,
    (Exit, "at"): Said("takes out at {new} instead of at {old}"),
    (Goal, "on"): Said(""),
    (Goal, "end"): _END,
    (Do, "action"): Said("asks for {new} instead of {old}"),
    (Do, "parameters"): Said("says {name}: {new} instead of {old}", "says {name}: {new}", "does not say {name}: {old} any more"),
    (Do, "expires"): Said("expires {new} instead of {old}", "expires {new}", "does not expire {old} any more"),
    (Do, "message"): Said("is {new} instead of {old}", "is {new}", "is not said to be {old} any more"),
    (Start, "journey"): Said("starts {new} instead of {old}"),
    (Start, "customer"): Said("is for {new} instead of {old}", "is for {new}", "is for the customer instead of {old}"),
    (Start, "key"): _of("has the key {new}"),
    (Start, "set"): _SET,
    (Catalog, "events"): Said("event {name} has {new} instead of {old}", "event {name} is declared: {new}", "event {name} is not declared any more"),
    (Catalog, "traits"): Said("trait {name} is {new} instead of {old}", "trait {name} is declared: {new}", "trait {name} is not declared any more"),
    (Catalog, "facts"): Said("fact {name} is the {new} instead of the {old}", "fact {name} is declared: {new}", "fact {name} is not declared any more"),
    (Catalog, "segments"): Said("segment {name} is where {new} instead of where {old}", "segment {name} is declared: {new}", "segment {name} is not declared any more"),
    (Catalog, "holidays"): Said("has the holidays {new} instead of {old}", "has the holidays {new}", "has no holidays any more: {old}"),
    (Catalog, "actions"): Said("action {name} is {new} instead of {old}", "action {name} is declared: {new}", "action {name} is not declared any more"),
    (Catalog, "policies"): Said("asks its policies in another order: {new} instead of {old}", "is new", "is gone"),
}  # fmt: skip


def shown(value: Any) -> str:
    """A value in its author's words."""
    match value:
        case None:
            return "nothing"
        case Do():
            return value.action
        case Start():
            return f"start of {value.journey}"
        case Transition():
            return _branch(value)
        case On():
            return cause(value)
        case Split() | str():
            return value if isinstance(value, str) else value.text
        case bool():
            return "yes" if value else "no"
        case tuple() | list():
            return ", ".join(shown(one) for one in value) or "nothing"
        case dict():
            return ", ".join(f"{name}: {shown(one)}" for name, one in value.items()) or "nothing"
    return str(getattr(value, "text", value))


def _branch(move: Transition) -> str:
    to = f'"{move.to}"' if move.to is not None else "where it is"
    return f"{to} where {move.on.where.text}" if move.on is not None and move.on.where is not None and move.on.signal is None else to


def subject(value: Any) -> str:
    """How an item of a list is called."""
    match value:
        case Step():
            return f'step "{value.name}"'
        case Scope():
            return f'scope "{value.name}"'
        case Transition():
            return "going on" if value.on is None else f"on {cause(value.on)}" if value.on.signal else cause(value.on)
        case Entry():
            return f"entry {_on(value.on)}"
        case Exit():
            return f"exit {_on(value.on)}"
        case Goal():
            return "goal"
        case Do():
            return f"{value.action}"
        case Start():
            return f"start of {value.journey}"
    return f'policy "{shown(value)}"'


def _on(on: On) -> str:
    return f"on {cause(on)}" if on.signal else cause(on)
