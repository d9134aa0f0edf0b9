"""A plugin as a definition names it: ``payday(25)``, its name and what it is given."""

from __future__ import annotations

import re

from attrs import frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.grammar import FUNCTIONS

_CALL = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\((.*)\)", re.DOTALL)


@frozen
class Call:
    """
    The name of a plugin, and its arguments.

    Attributes:
        name: the name; it may hold full stops, so that two packages do not collide: ``shop.payday``.
        arguments: what it is given, as an expression that is a list.
    """

    name: str
    arguments: Expression


def read_call(text: str) -> Call | None:
    """Read ``payday(25)``; None where *text* is something else: an event's name, or one of the language's own functions."""
    match = _CALL.fullmatch(text)
    if match is None or match[1] in FUNCTIONS:
        return None
    try:
        return Call(match[1], Expression(f"[{match[2]}]"))
    except DefinitionError:
        return None
