"""Telling an action that calls for the end of the process from a process that is told to end."""

from __future__ import annotations

import signal
import traceback
from types import CodeType


def told_to_end(error: BaseException) -> bool:
    """
    Whether *error* came from outside: raised by the handler of a signal, which runs in the middle of whatever was going on.

    A library that gives up with ``sys.exit`` means its own command, not the worker that called it; a handler that does so on
    SIGTERM means the worker.
    """
    frames = {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}
    return not frames.isdisjoint(code for number in signal.valid_signals() if (code := _code(signal.getsignal(number))) is not None)


def _code(handler: object) -> CodeType | None:
    """What runs when a handler written in Python is called: a function, a method, or an object that can be called."""
    function = handler if hasattr(handler, "__code__") else getattr(type(handler), "__call__", None)  # noqa: B004  wanted is what runs
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None
