"""What ``manage.py check`` says about journeykit: wrong settings and definitions, and a database on which writers get in each other's way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from journeykit.contrib.django.configuration import Configuration
from journeykit.contrib.django.connections import connections_on
from journeykit.errors import DefinitionError
from journeykit.model.journey import Journey
from journeykit.runtime.definitions import asked
from journeykit.runtime.engine import Engine
from journeykit.storage.memory import MemoryStorage

_AT_ONCE = ("IMMEDIATE", "EXCLUSIVE")


def messages(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Everything that is wrong, and everything that will be a nuisance, for Django's checks."""
    try:
        wanted = Configuration.read()
        connections_on(wanted.database)
        Engine(wanted.definitions, MemoryStorage(), **wanted.options)
    except ImproperlyConfigured as error:
        return [Error(line, id="journeykit.E001") for line in str(error).splitlines()]
    except TypeError as error:  # an argument that no engine takes
        return [Error(f"settings.JOURNEYKIT: OPTIONS: {error}", id="journeykit.E001")]
    except DefinitionError as error:
        return [Error(problem, id="journeykit.E002") for problem in error.problems]
    return [*_without_actions(wanted), *_waiting_for_a_lock(wanted.database)]


def _without_actions(wanted: Configuration) -> Iterable[CheckMessage]:
    """A process may decide and leave actions to others; a worker of this project cannot."""
    names = {name for value in wanted.definitions if isinstance(value, Journey) for name in asked(value)}
    if names and "actions" not in wanted.options:
        yield checks.Warning(
            f"settings.JOURNEYKIT has no ACTIONS, and journeys ask for {', '.join(sorted(names))}",
            hint='Name them, for example "ACTIONS": {"email": "shop.actions.send_email"}; without them, manage.py journeykit worker performs nothing.',
            id="journeykit.W001",
        )


def _waiting_for_a_lock(alias: str) -> Iterable[CheckMessage]:
    """On SQLite a transaction that has read cannot wait for its turn to write: it fails, whatever the timeout."""
    wrapper = connections[alias]
    mode = str(wrapper.settings_dict.get("OPTIONS", {}).get("transaction_mode", ""))
    if wrapper.vendor == "sqlite" and mode.upper() not in _AT_ONCE:
        yield checks.Warning(
            f'the database "{alias}" is SQLite, where a view that reads and then writes while a worker writes fails: "database is locked"',
            hint=f'Set DATABASES["{alias}"]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE"}}, so that it waits for its turn.',
            id="journeykit.W002",
        )
