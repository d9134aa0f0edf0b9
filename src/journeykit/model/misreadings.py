"""What looks like a part of a sentence and would be read as a part of a name: nobody calls an event ``Order in -5 days``."""

from __future__ import annotations

import difflib
import re

from journeykit.errors import DefinitionError

_UNIT = r"(?:second|minute|hour|day|week|month|year)s?"
_NUMBER = "an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty"
_PERIODS = ("day", "week", "month", "year", "quarter", "hour", "minute", "fortnight")
_WINDOW = 'write "in 5 days" for what lies less than that back, "this month" for the calendar\'s, or "since entry"'

#: what an event is never called, and the way out
_FACTS = (
    (r"['\"]", "names stand without quotes; leave them out"),
    (r".* in [-+]?\d", f"no duration; {_WINDOW}"),
    (rf".* in (?:(?:{_NUMBER}) )?{_UNIT}$", f"no duration; {_WINDOW}"),
    (rf".* (?:in|within|over|during)(?: the)? (?:last|past) .*{_UNIT[:-2]}", f"no window; {_WINDOW}"),
    (rf".* (?:within|over|last|past) [-+]?\d+ ?{_UNIT}$", f"no window; {_WINDOW}"),
    (r".* since (?:the )?(?:start|begin|beginning|enter\w*|entry|entrance|journey.*)$", f"no window; {_WINDOW}"),
    (rf".* per (?:{_UNIT}|customer)$", f"no window; a fact is each customer's own anyway; {_WINDOW}"),
    (r".* in (?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/", 'a zone has no place here; it follows a period: "this day in Europe/Berlin"'),
    (r".* from customer$", "what begins with a trait is counted over all time; leave one of the two out"),
    (r".* (?:if|when|with|unless|and|or|wher|whre|where) (?:event|customer|data|signal|consent|segment)$", 'no condition; it begins with "where", as in "where event.total > 100"'),
    (r".* today$", 'no period; write "this day"'),
    (r".* where$", "the condition is missing; write it behind where, or leave that out"),
    (r".*(?:[=!<>]=| [<>] ?[-\d'\"])", 'a fact is a value; compare it where it is read: "customer.orders >= 3"'),
    (r".*[;,]$", "it ends too early; leave the sign at its end out"),
)  # fmt: skip


def refuse_misread_event(text: str, event: str) -> None:
    """
    Refuse a fact whose *event* has swallowed a window or a condition.

    Raises:
        DefinitionError: it has; the message says what to write.
    """
    problem = next((way for pattern, way in _FACTS if re.match(pattern, event)), None)
    word = event.rpartition(" this ")[2]
    if problem is None and " this " in event and difflib.get_close_matches(word, _PERIODS, 1, 0.75):
        problem = 'no period; write "this day", "this week", "this month" or "this year"'
    if problem is not None:
        raise DefinitionError(f'"{text}": "{event}" would be the name of an event: {problem}')


def refuse_misread_name(text: str, name: str | None, behind: str, way: str) -> None:
    """
    Refuse a *name* that has swallowed a part of the sentence.

    Args:
        text: the sentence.
        name: what it gives itself, where it does.
        behind: a pattern of what may not stand at the end of the name.
        way: how it is written.

    Raises:
        DefinitionError: it has; the message says what to write.
    """
    match = re.search(rf" ({behind})$", name or "")
    if match is not None:
        raise DefinitionError(f'"{text}": "{name}" would be its name, with "{match[1]}"; {way}')
