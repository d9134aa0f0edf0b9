"""
Customer journeys as values: define them, run them durably inside your own application, and prove what happened.

Everything public stands here by name. What brings an adapter, a codec or an engine along is imported when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from journeykit.errors import (
    ConditionError,
    ConflictError,
    DefinitionError,
    EventError,
    HistoryError,
    JourneykitError,
    LoopError,
    QuotaError,
    SchemaError,
    StorageError,
    UnknownError,
)
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.messages import ActionRequest, Done, Event, Failed, Retry
from journeykit.model.phrases import Aggregate, Expiry, Reentry, Split
from journeykit.model.policies import Defer, Drop, Permit, Policy
from journeykit.model.wait import Wait

if TYPE_CHECKING:
    from journeykit.actions.email import EmailAction
    from journeykit.actions.file import FileAction
    from journeykit.actions.log import LogAction
    from journeykit.actions.webhook import WebhookAction
    from journeykit.codec import dumps, load, loads
    from journeykit.core.compiling.index import machine
    from journeykit.insight.definitions.diagram import mermaid
    from journeykit.runtime.clock import ManualClock
    from journeykit.runtime.definitions import check
    from journeykit.runtime.engine import Engine
    from journeykit.runtime.worker import Worker
    from journeykit.storage.memory import MemoryStorage
    from journeykit.storage.postgres.storage import PostgresStorage as PostgresStorage
    from journeykit.storage.sqlite import SQLiteStorage

__version__ = "0.1.0"

#: What only an extra brings along; ``from journeykit import *`` leaves it out, so that it works without.
_EXTRAS = {"PostgresStorage": ("psycopg", "PostgreSQL needs its driver; pip install 'journeykit[postgres]'")}

__all__ = [
    "ActionRequest",
    "Aggregate",
    "Catalog",
    "ConditionError",
    "ConflictError",
    "Defer",
    "DefinitionError",
    "Do",
    "Done",
    "Drop",
    "EmailAction",
    "Engine",
    "Entry",
    "Event",
    "EventError",
    "Exit",
    "Expiry",
    "Expression",
    "Failed",
    "FileAction",
    "Goal",
    "HistoryError",
    "Journey",
    "JourneykitError",
    "LogAction",
    "LoopError",
    "ManualClock",
    "MemoryStorage",
    "On",
    "Permit",
    "Policy",
    "QuotaError",
    "Reentry",
    "Retry",
    "SQLiteStorage",
    "SchemaError",
    "Scope",
    "Split",
    "Start",
    "Step",
    "StorageError",
    "Transition",
    "UnknownError",
    "Wait",
    "WebhookAction",
    "Worker",
    "check",
    "dumps",
    "load",
    "loads",
    "machine",
    "mermaid",
]

_WHERE = {
    "EmailAction": "journeykit.actions.email",
    "Engine": "journeykit.runtime.engine",
    "FileAction": "journeykit.actions.file",
    "LogAction": "journeykit.actions.log",
    "ManualClock": "journeykit.runtime.clock",
    "MemoryStorage": "journeykit.storage.memory",
    "PostgresStorage": "journeykit.storage.postgres.storage",
    "SQLiteStorage": "journeykit.storage.sqlite",
    "WebhookAction": "journeykit.actions.webhook",
    "Worker": "journeykit.runtime.worker",
    "check": "journeykit.runtime.definitions",
    "dumps": "journeykit.codec",
    "load": "journeykit.codec",
    "loads": "journeykit.codec",
    "machine": "journeykit.core.compiling.index",
    "mermaid": "journeykit.insight.definitions.diagram",
}


def __getattr__(name: str) -> Any:
    """Import what is public and heavy when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_WHERE[name]), name)
    except ModuleNotFoundError as missing:
        needed, way_out = _EXTRAS.get(name, (None, ""))
        if missing.name != needed:
            raise
        raise ImportError(way_out, name=missing.name) from missing


def __dir__() -> list[str]:
    return sorted([*__all__, *_EXTRAS, "__version__"])
