"""What the setting ``JOURNEYKIT`` says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from journeykit.codec import load
from journeykit.model.phrases import suggestion

_NAMED = {"ACTIONS": "actions", "POLICIES": "policies", "TRIGGERS": "triggers", "TIMERS": "timers"}
_KEYS = ("DEFINITIONS", "DATABASE", "HOOKS", "INSIGHT", "OPTIONS", *_NAMED)


@frozen
class Configuration:
    """
    The setting, read.

    Attributes:
        definitions: journeys and catalogs.
        database: the alias of the database that the tables are in.
        options: further arguments of `journeykit.Engine`.
    """

    definitions: list[Any]
    database: str
    options: dict[str, Any]

    @classmethod
    def read(cls) -> Configuration:
        """
        Read the project's setting.

        Raises:
            ImproperlyConfigured: it is missing or wrong; with every problem, a line each.
            DefinitionError: with every problem found in the definitions.
        """
        setting = _setting()
        problems = [
            f'settings.JOURNEYKIT has no "{key}"; there are {", ".join(_KEYS)}{suggestion(key, _KEYS)}'
            for key in setting
            if key not in _KEYS
        ]
        options = dict(setting.get("OPTIONS", {}))
        for key, argument in _NAMED.items():
            if key in setting:
                options[argument] = {name: _found(f'{key}["{name}"]', value, problems) for name, value in setting[key].items()}
        options["hooks"] = [_found("HOOKS", value, problems) for value in setting.get("HOOKS", ())]
        if problems:
            raise ImproperlyConfigured("\n".join(problems))
        definitions = [definition for place in places() for definition in load(place)]
        return cls(definitions, alias(), options)


def places() -> list[Path]:
    """
    Return the files and folders that definitions are read from.

    Raises:
        ImproperlyConfigured: the setting is missing.
    """
    named = _setting()["DEFINITIONS"]
    return [Path(one) for one in ([named] if isinstance(named, (str, Path)) else named)]


def insight() -> Path | None:
    """Return the file that says what the shop says about its numbers, where the setting names one."""
    named = _setting().get("INSIGHT")
    return None if named is None else Path(named)


def alias() -> str:
    """
    Return the name in ``settings.DATABASES`` of the database that the tables are in; the journeys may be as wrong as they like.

    Raises:
        ImproperlyConfigured: the setting is missing.
    """
    return str(_setting().get("DATABASE", "default"))


def _setting() -> Mapping[str, Any]:
    setting = getattr(settings, "JOURNEYKIT", None)
    if not isinstance(setting, Mapping) or "DEFINITIONS" not in setting:
        raise ImproperlyConfigured('settings.JOURNEYKIT is missing; write JOURNEYKIT = {"DEFINITIONS": BASE_DIR / "journeys"}')
    return setting


def _found(place: str, value: Any, problems: list[str]) -> Any:
    """What a dotted path names, or one problem more; anything else is itself."""
    if not isinstance(value, str):
        return value
    try:
        return import_string(value)
    except ImportError as error:
        problems.append(f'settings.JOURNEYKIT: {place}: "{value}" cannot be imported: {error}')
        return None
