"""The app, which holds the engine of the process."""

from __future__ import annotations

from functools import cached_property, partial

from django.apps import AppConfig
from django.core.checks import register
from django.core.signals import setting_changed
from django.db import transaction

from journeykit.contrib.django.checks import messages
from journeykit.contrib.django.configuration import Configuration
from journeykit.contrib.django.connections import connections_on, storage_on
from journeykit.runtime.engine import Engine


class JourneykitConfig(AppConfig):
    """``journeykit.contrib.django``, under the label ``journeykit``."""

    name = "journeykit.contrib.django"
    label = "journeykit"
    verbose_name = "Customer journeys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add to Django's checks, and forget the engine when a test changes its setting."""
        register(messages)
        setting_changed.connect(self._forget, dispatch_uid=self.name)

    @cached_property
    def engine(self) -> Engine:
        """The engine that workers use; made when it is first asked for, since definitions are read then."""
        wanted = Configuration.read()
        return Engine(wanted.definitions, storage_on(wanted.database), **wanted.options)

    @cached_property
    def inside(self) -> Engine:
        """The engine that requests use: within whatever transaction Django has open."""
        alias = Configuration.read().database
        return self.engine.within(connections_on(alias), partial(transaction.on_commit, using=alias))

    def _forget(self, *, setting: str, **_: object) -> None:
        if setting == "JOURNEYKIT":
            self.__dict__.pop("engine", None)
            self.__dict__.pop("inside", None)
