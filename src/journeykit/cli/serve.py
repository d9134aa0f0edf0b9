"""``journeykit serve``: the page as of now, for the eyes of this machine only."""

from __future__ import annotations

import signal
from typing import Annotated, Any

import typer

from journeykit.cli import console
from journeykit.cli.insight import Journeys, SettingsFile, Told, catalog_of, opened, settings_of
from journeykit.cli.map import Names, page_of, picture_of
from journeykit.cli.serving import ADDRESS, Answer, Server


def serve_page(
    db: Told,
    journeys: Journeys = None,
    settings: SettingsFile = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where it is shown; 0 takes one that is free.")] = 8137,
    names: Names = False,
) -> None:
    """
    Show the journey map with figures as of now, until Ctrl-C.

    Only this machine can ask for it, and nothing can be changed by it. The page is at /, the picture of the first journey at /map.svg.
    """
    said, catalog = settings_of(settings), catalog_of(journeys)

    def page() -> str:
        with opened(db, said, catalog) as (insight, storage):
            return page_of(insight, storage, names)

    def picture() -> str:
        with opened(db, said) as (insight, _):
            return picture_of(insight)

    with opened(db, said):
        pass  # what is wrong with the database is told at once, not to the first who asks
    answers = {"/": Answer("text/html; charset=utf-8", page), "/map.svg": Answer("image/svg+xml; charset=utf-8", picture)}
    with _server(port, answers) as server:
        console.note(f"http://{ADDRESS}:{server.server_port}/  (Ctrl-C ends)")
        _until_stopped(server)


def _server(port: int, answers: dict[str, Answer]) -> Server:
    try:
        return Server(port, answers)
    except OSError as error:
        raise console.Usage(f"port {port}: {error.strerror}; name another with --port, 0 for any that is free") from None


def _until_stopped(server: Server) -> None:
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        console.note("stopped")
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt
