"""
What the logger ``journeykit`` is told.

Words that everybody may read name no customer, no key and nothing that an error or a plugin said, which may be personal: that is written at
DEBUG. Whom a record is about it carries besides, as `customer`, `journey`, `key` and `action`, for handlers that show or sort by it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from journeykit.core.compiling.index import Compiled
from journeykit.model.records import Claimed, Commit, LoggedEvent, OutboxMessage
from journeykit.runtime.keyless import keyless

logger = logging.getLogger("journeykit")


def log_failure(text: str, name: str, error: BaseException, fields: Mapping[str, str] | None = None) -> None:
    """
    Log that a plugin failed: the kind of error for everybody, its words, which may be personal, for DEBUG alone.

    Args:
        text: a sentence with two gaps.
        name: what stands in the first.
        error: what stands in the second.
        fields: what the record carries besides.
    """
    logger.warning(text, name, type(error).__name__, extra=fields)
    logger.debug(text, name, error, exc_info=error, extra=fields)


def fields_of(message: OutboxMessage) -> dict[str, str]:
    """Whom a record about a message is about."""
    return {"customer": message.customer_id, "journey": message.journey, "key": message.key, "action": message.action}


def action_failed(claimed: Claimed, error: BaseException) -> None:
    """Log that an action raised an error."""
    name = f"{claimed.message.action} of journey {claimed.message.journey}, attempt {claimed.attempts + 1},"
    log_failure("action %s failed: %s", name, error, fields_of(claimed.message))


def tried_again(claimed: Claimed, reason: str | None, seconds: float) -> None:
    """Log when an action is tried again that did not work."""
    message, fields = claimed.message, fields_of(claimed.message)
    again = "action %s of journey %s did not work at attempt %d and is tried again in %.0f seconds"
    logger.info(again, message.action, message.journey, claimed.attempts + 1, seconds, extra=fields)
    logger.debug("%s of %s did not work: %s", message.action, message.customer_id, reason or "no reason given", extra=fields)


def dead(claimed: Claimed, reason: str | None) -> None:
    """Log that an action is not tried again."""
    message, fields = claimed.message, fields_of(claimed.message)
    letter = "action %s of journey %s is a dead letter at attempt %d"
    logger.error(letter, message.action, message.journey, claimed.attempts + 1, extra=fields)
    logger.debug("%s of %s is a dead letter: %s", message.action, message.customer_id, reason or "no reason given", extra=fields)


def became(claimed: Claimed, what: str, reason: str | None) -> None:
    """Log at DEBUG that a message was performed, held or dropped."""
    if logger.isEnabledFor(logging.DEBUG):
        message, why = claimed.message, f": {reason}" if reason else ""
        logger.debug("%s of %s %s%s", message.action, message.customer_id, what, why, extra=fields_of(message))


def committed(compiled: Compiled, commits: Iterable[Commit]) -> None:
    """Log at DEBUG what was written, and what passed by."""
    for commit in commits:
        fields = {"customer": commit.customer_id}
        for event, customer_id, journey, why in keyless(compiled, commit):
            logger.debug('%s of %s passed by "%s": %s', event, customer_id, journey, why, extra={**fields, "journey": journey})
        names = [one.event.name for one in commit.events if one.state == "decided" and one.event.name[:1] != "$"]
        heard = (
            ", ".join([*names, *([f"{commit.fired} timer{'s' if commit.fired > 1 else ''}"] if commit.fired else [])]) or "its own signals"
        )
        lines, actions = len(commit.history), len(commit.outbox)
        logger.debug(
            "committed %s at revision %d: %s, %d history, %d actions", commit.customer_id, commit.revision, heard, lines, actions, extra=fields
        )  # fmt: skip


def noticing(commits: Iterable[Commit], parked: list[Commit]) -> Iterator[Commit]:
    """*commits* as they are taken; those that set a part of a signal aside are put into *parked* as well."""
    for commit in commits:
        events = commit.events
        if events and (len(events) > 1 or events[0].state == "parked"):
            parked.append(commit)
        yield commit


def parked(commits: Sequence[Commit]) -> None:
    """Log which parts of signals were set aside with an error."""
    for row in [row for commit in commits for row in commit.events if row.state == "parked"]:
        _parked(row)


def _parked(row: LoggedEvent) -> None:
    given = row.event.properties
    fields = {"customer": row.event.customer_id, "journey": given.get("journey") or "", "key": given.get("key") or ""}
    where = f"journey {fields['journey']}" if fields["journey"] else "no journey"
    logger.warning("a part of a signal is parked with an error in %s, to be tried again after a fix", where, extra=fields)
    logger.debug("parked for %s: %s", row.event.customer_id, given.get("error"), extra=fields)
