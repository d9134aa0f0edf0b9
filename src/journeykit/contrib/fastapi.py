"""
For hosts on FastAPI (and Starlette): an engine for the routes, and a worker that comes and goes with the app.

::

    app = FastAPI(lifespan=lifespan(engine))

    @app.post("/orders")
    def complete(order: Order, journeys: Journeys) -> None:
        journeys.handle(Event("Order Completed", ...))

The engine is synchronous: FastAPI runs plain ``def`` routes in threads, which suits it. From an ``async def`` route call it with
``await run_in_threadpool(journeys.handle, event)``.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from journeykit.runtime.engine import Engine
from journeykit.runtime.worker import Worker

__all__ = ["Journeys", "lifespan"]


def lifespan(engine: Engine, *, worker: bool = True, idle: float = 1.0) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """
    Return what FastAPI calls when the app comes and goes.

    Args:
        engine: the engine of this process; its storage is migrated by the host, before.
        worker: whether a worker runs in a thread of this process; where workers are processes of their own (``journeykit worker``, or a
            script of the host's), say no.
        idle: seconds after which the worker looks again although nothing is known to be due.
    """

    @asynccontextmanager
    async def around(app: FastAPI) -> AsyncIterator[None]:
        app.state.journeykit = engine
        if not worker:
            yield
            return
        working = Worker(engine, idle=idle)
        thread = threading.Thread(target=working.run, name="journeykit worker")
        thread.start()
        try:
            yield
        finally:
            working.stop()
            await run_in_threadpool(thread.join)  # what it is doing it finishes

    return around


def _engine(request: Request) -> Engine:
    engine = getattr(request.app.state, "journeykit", None)
    if engine is None:
        raise RuntimeError("this app has no engine; write FastAPI(lifespan=lifespan(engine)), or call it in a lifespan of your own")
    return cast(Engine, engine)


Journeys = Annotated[Engine, Depends(_engine)]  #: the engine, for a route's signature
