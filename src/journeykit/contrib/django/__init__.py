"""
journeykit in a Django project: its tables in the project's database, its decisions in the project's transactions.

::

    INSTALLED_APPS = [..., "journeykit.contrib.django"]
    JOURNEYKIT = {"DEFINITIONS": BASE_DIR / "journeys", "ACTIONS": {"email": "shop.actions.send_email"}}

    from journeykit.contrib.django import engine

    with transaction.atomic():
        order.save()
        engine().handle(Event("Order Completed", id=f"order-{order.pk}", ...))
"""

from __future__ import annotations

from typing import cast

from django.apps import apps as installed

from journeykit.contrib.django.apps import JourneykitConfig
from journeykit.runtime.engine import Engine
from journeykit.runtime.worker import Worker

__all__ = ["engine", "worker"]


def engine() -> Engine:
    """
    Return the engine of this process, on Django's own connection.

    Inside ``transaction.atomic`` all it writes is part of that transaction; outside, each call is one. It performs no actions: a
    worker does, ``manage.py journeykit worker``. Hooks are told after the commit.

    Raises:
        ImproperlyConfigured: the setting ``JOURNEYKIT`` is missing or wrong.
        DefinitionError: with every problem found in the definitions.
    """
    return _config().inside


def worker() -> Worker:
    """
    Return a worker on the same engine: it fires timers and performs actions; in tests, `Worker.step` does one round.

    Raises:
        ImproperlyConfigured: the setting ``JOURNEYKIT`` is missing or wrong.
        DefinitionError: with every problem found in the definitions.
    """
    return Worker(_config().engine)


def _config() -> JourneykitConfig:
    return cast(JourneykitConfig, installed.get_app_config("journeykit"))
