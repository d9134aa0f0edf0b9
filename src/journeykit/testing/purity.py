"""What a call reaches beyond its arguments: clocks, chance, files, the network, the environment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

#: modules of C whose functions read or change the world; of Python's own only those that hide one
_WORLDS = {"time", "_random", "_socket", "socket", "posix", "nt", "_io", "io", "_sqlite3", "_ssl", "ssl", "_winapi"}
_CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
_HARMLESS = {"fspath", "stat", "lstat", "getpid", "open_code", "text_encoding", "StringIO", "BytesIO"}


def impurities(call: Callable[[], object]) -> list[str]:
    """
    What *call* reaches beyond its arguments, by the names of the functions, sorted: ``["datetime.now"]``.

    It is called once before, so that what is only loaded (a module, a time zone) is none. What it raises is left to others.
    """
    with suppress(Exception):
        call()
    found: set[str] = set()

    def watch(frame: FrameType, what: str, called: Any) -> None:
        if what == "call" and frame.f_code.co_qualname.startswith("_Environ."):
            found.add("os.environ")
        elif what == "c_call" and (name := _reached(called)) is not None:
            found.add(name)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        with suppress(Exception):
            call()
    finally:
        sys.setprofile(before)
    return sorted(found)


def _reached(called: Any) -> str | None:
    """The name of a function of C that is no function of its arguments, None for others."""
    name, module = getattr(called, "__qualname__", ""), getattr(called, "__module__", None)
    bound = type(getattr(called, "__self__", None))
    world = module or bound.__module__
    if name in _CLOCKS:
        return str(name)
    if bound.__module__ in ("_random", "random") or name.startswith("Random."):
        return f"random.{called.__name__}"
    if world in _WORLDS and called.__name__ not in _HARMLESS and not name.startswith(("StringIO.", "BytesIO.")):
        return f"{world.strip('_')}.{called.__name__}"
    return None
