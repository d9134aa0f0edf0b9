"""A server of a few pages that only this machine can ask, and that nobody can change anything with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Lock
from urllib.parse import urlsplit

from journeykit.cli import console
from journeykit.errors import JourneykitError

ADDRESS = "127.0.0.1"
KEPT = 10.0  #: seconds for which an answer counts as that of now
PATIENCE = 30.0  #: seconds after which whoever says nothing is left

_ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PLAIN = "text/plain; charset=utf-8"


class Answer:
    """
    What is answered: made when it is asked for, and kept for a few seconds, so that who asks twice does not wait twice.

    Args:
        kind: its media type.
        make: makes it.
        kept: seconds for which it is not made anew.
        clock: seconds that only go up.
    """

    def __init__(self, kind: str, make: Callable[[], str], kept: float = KEPT, clock: Callable[[], float] = time.monotonic) -> None:
        self.kind = kind
        self._make = make
        self._kept = kept
        self._clock = clock
        self._lock = Lock()
        self._body = b""
        self._until: float | None = None

    def body(self) -> bytes:
        """The answer as of now. Who asks while it is being made waits for it; it is not made twice."""
        with self._lock:
            if self._until is None or self._clock() >= self._until:
                self._body = self._make().encode()
                self._until = self._clock() + self._kept
            return self._body


class Server(ThreadingHTTPServer):
    """
    Answers GET and HEAD on the loopback address.

    A page elsewhere that has its name point to this machine (DNS rebinding) is refused: it asks by another name.

    Args:
        port: where; 0 takes one that is free, and *server_port* tells which.
        answers: by path.
    """

    daemon_threads = True

    def __init__(self, port: int, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        super().__init__((ADDRESS, port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}

    def server_bind(self) -> None:
        """Bind without asking any name server who this machine is."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = PATIENCE
    server_version = "journeykit"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self._answer(*self._found())

    do_HEAD = do_GET  # noqa: N815  http.server's name

    def _refuse(self) -> None:
        self.close_connection = True  # what follows of the request is not read
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, _PLAIN, b"nothing can be changed here\n", Allow="GET, HEAD")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_CONNECT = do_TRACE = _refuse  # noqa: N815

    def _found(self) -> tuple[HTTPStatus, str, bytes]:
        if self.headers.get_all("Host") is None or self.headers.get_all("Host") != [self.headers["Host"]]:
            return HTTPStatus.BAD_REQUEST, _PLAIN, b"one Host is needed\n"
        if self.headers["Host"].lower() not in self.server.hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, _PLAIN, b"this is only for those who ask this machine by its own address\n"
        path = urlsplit(self.path).path
        if path == "/favicon.ico":
            return HTTPStatus.NO_CONTENT, _PLAIN, b""
        if (answer := self.server.answers.get(path)) is None:
            return HTTPStatus.NOT_FOUND, _PLAIN, f"there are {' and '.join(self.server.answers)}\n".encode()
        try:
            return HTTPStatus.OK, answer.kind, answer.body()
        except JourneykitError as error:
            console.note(console.wrapped(f"journeykit: {error}"))
            return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, b"the numbers could not be worked out; the terminal says why\n"

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, **more: str) -> None:
        self.send_response(status)
        headers = {**_ALWAYS, "Content-Type": kind, "Content-Length": str(len(body)), **more}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is for what goes wrong."""
