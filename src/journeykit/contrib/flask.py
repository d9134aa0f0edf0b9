"""
For hosts on Flask: an engine for the views, and the command ``flask journeykit worker``.

::

    app = Flask(__name__)
    use_engine(app, engine)

    @app.post("/orders")
    def complete():
        current_engine().handle(Event("Order Completed", ...))
"""

from __future__ import annotations

from typing import cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from journeykit.runtime.engine import Engine
from journeykit.runtime.worker import Worker

__all__ = ["current_engine", "use_engine"]


def use_engine(app: Flask, engine: Engine) -> None:
    """
    Give *app* its engine, and the commands ``flask journeykit worker`` and ``flask journeykit explain CUSTOMER``.

    Args:
        app: the app.
        engine: the engine of this process; its storage is migrated by the host, before.
    """
    app.extensions["journeykit"] = engine
    app.cli.add_command(_commands())


def current_engine() -> Engine:
    """
    Return the engine of the current app.

    Raises:
        RuntimeError: it has none, or there is no current app.
    """
    engine = current_app.extensions.get("journeykit")
    if engine is None:
        raise RuntimeError("this app has no engine; call use_engine(app, engine) where the app is made")
    return cast(Engine, engine)


def _commands() -> AppGroup:
    group = AppGroup("journeykit", help="Customer journeys.")

    @group.command()
    @click.option("--once", is_flag=True, help="Do what is due now, and end.")
    def worker(once: bool) -> None:
        """Decide, fire timers and perform actions until told to stop."""
        working = Worker(current_engine())
        if not once:
            working.run()
        while once and working.step():
            pass

    @group.command()
    @click.argument("customer")
    def explain(customer: str) -> None:
        """Tell what happened to a customer, and why."""
        click.echo(current_engine().explain(customer).text)

    return group
