"""What was decided, in words, for two pasts to be laid beside each other."""

from __future__ import annotations

from journeykit.core.expressions.calendar import show
from journeykit.model.records import HistoryEntry, OutboxMessage
from journeykit.runtime.why import by


def place(entry: HistoryEntry | OutboxMessage) -> str:
    """The journey and the key that something is about."""
    return f"{entry.journey} {entry.key}".strip()


def told_entry(entry: HistoryEntry) -> str:
    """A line of the history without its moment."""
    reason = f" ({entry.reason})" if entry.reason and entry.kind in ("exited", "refused", "parked", "held") else ""
    steps = f"{entry.source} to {entry.target}" if entry.kind == "moved" else entry.target or entry.source or ""
    what = steps if entry.kind == "moved" else f"{entry.kind} {steps}".strip()
    timers = "".join(f", timer until {show(int(due), 'UTC')}" for due in _armed(entry))
    return f"{place(entry)}: {what}{by(entry.cause)}{reason}{timers}".removeprefix(": ")


def told_message(message: OutboxMessage) -> str:
    """What was asked for."""
    return f"{place(message)}: asks for {message.action} {_listed(message)}".rstrip()


def called(message: OutboxMessage) -> str:
    """An action by its name, with its template where it has one."""
    template = message.parameters.get("template")
    return f"{message.action} {template}" if isinstance(template, str) else message.action


def _armed(entry: HistoryEntry) -> list[str]:
    return [due for mark in entry.timers.split() if mark[0] == "+" and (due := mark.partition("@")[2])]


def _listed(message: OutboxMessage) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in message.parameters.items())
