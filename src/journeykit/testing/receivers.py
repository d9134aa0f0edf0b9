"""Receivers on this machine: an SMTP server and an HTTP server that keep what they get, and a socket that answers as it likes."""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

Talk = Callable[[socket.socket], None]

_HOST = "127.0.0.1"


class _Sockets(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who cut the connection are part of a test."""


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    """The port of *server*, which answers until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield cast("tuple[str, int]", server.server_address)[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """A port of this machine at which *talk* is given the socket of each connection: to say nonsense, or nothing."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                talk(self.request)

    with _serving(_Sockets((_HOST, 0), Handler)) as port:
        yield port


class _Receiver:
    """What listens while its block lasts."""

    def __init__(self) -> None:
        self.host = _HOST
        self.port = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.port = self._open.enter_context(_serving(self._server()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def _server(self) -> socketserver.BaseServer:
        raise NotImplementedError


# -- HTTP ----------------------------------------------------------------------------------------------------------------


class Posted(NamedTuple):
    """A request as it came: *path*, *headers* by their names in small letters, *body*."""

    path: str
    headers: dict[str, str]
    body: bytes


Reply = int | tuple[int, Mapping[str, str], bytes]  #: a status, or status, headers and body


class WebhookReceiver(_Receiver):
    """
    An HTTP server that keeps what is posted to it, for the time of a block.

    ::

        with WebhookReceiver(503, 200) as receiver:
            action = WebhookAction(receiver.url, allow=["127.0.0.0/8"], secret=...)

    Args:
        replies: what it answers, each once and the last from then on: a status, or status, headers and body; 200 where not said.
        tls: what it shows to clients that want encryption; then it speaks nothing else.

    Attributes:
        requests: what was posted, in order, as `Posted`.
        host: where it listens.
        port: the same.
        url: the same, as an address.
    """

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.requests: list[Posted] = []
        self._replies = list(replies) or [200]
        self._tls = tls

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._tls else ''}://{self.host}:{self.port}/"

    def take(self, request: Posted) -> tuple[int, Mapping[str, str], bytes]:
        """Keep a *request* and say what is answered."""
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return (reply, {}, b"") if isinstance(reply, int) else reply

    def _server(self) -> socketserver.BaseServer:
        server = ThreadingHTTPServer((_HOST, 0), _handler(self))
        server.daemon_threads = True
        server.block_on_close = False
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        return server


def _handler(receiver: WebhookReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said, text = receiver.take(Posted(self.path, headers, body))
            self.send_response(status)
            for name, value in said.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """In silence."""

    return Handler


# -- SMTP ----------------------------------------------------------------------------------------------------------------


class SMTPReceiver(_Receiver):
    """
    An SMTP server that keeps what it takes, for the time of a block.

    ::

        with SMTPReceiver() as post:
            send = EmailAction(post.host, post.port, security="none", sender=..., templates=...)

    Args:
        replies: what it says to a command instead of its usual answer: ``{"RCPT": "550 no such user"}``; ``HELLO`` is the greeting, ``END``
            the end of an e-mail. None cuts the line.
        features: what it tells in answer to EHLO.
        tls: what it shows when asked for encryption.
        first: that encryption begins with the first byte.

    Attributes:
        messages: the e-mails taken, in order, as `email.message.EmailMessage`.
        raw: the same, as they came.
        envelopes: for each the sender and the recipients that the server was told.
        encrypted: for each whether it came encrypted.
        logins: what clients have shown to be let in.
        host: where it listens.
        port: the same.
    """

    def __init__(
        self,
        replies: Mapping[str, str | None] | None = None,
        features: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        *,
        first: bool = False,
    ) -> None:
        super().__init__()
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.logins: list[str] = []
        self.encrypted: list[bool] = []
        self.replies = dict(replies or {})
        self.features = features
        self.tls = tls
        self.first = first

    def _server(self) -> socketserver.BaseServer:
        receiver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError), closing(_Dialogue(receiver, self.request)) as dialogue:
                    dialogue.run()

        return _Sockets((_HOST, 0), Handler)


class _Dialogue:
    """One client's connection."""

    def __init__(self, server: SMTPReceiver, sock: socket.socket) -> None:
        self.server = server
        self.sender, self.recipients = "", list[str]()
        self.use(server.tls.wrap_socket(sock, server_side=True) if server.first and server.tls else sock)
        self.secure = server.first

    def use(self, sock: socket.socket) -> None:
        self.sock, self.file = sock, sock.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.sock.close()

    def say(self, text: str) -> None:
        self.sock.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self.answer("HELLO", "220 ready")
        while line := self.file.readline().decode().rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            if not self.answer(verb, None):
                getattr(self, f"on_{verb.lower()}", self.on_anything)(line)

    def answer(self, verb: str, usual: str | None) -> bool:
        """Say what was declared for *verb*, or the usual; whether anything was said."""
        text = self.server.replies.get(verb, usual)
        if verb in self.server.replies and text is None:
            self.sock.shutdown(socket.SHUT_RDWR)
            return True
        if text is not None:
            self.say(text)
        return text is not None

    def on_anything(self, _line: str) -> None:
        self.say("502 not here")

    def on_ehlo(self, _line: str) -> None:
        lines = ["here", *(("STARTTLS",) if self.server.tls and not self.secure else ()), *self.server.features]
        for place, text in enumerate(lines):
            self.say(f"250{'-' if place < len(lines) - 1 else ' '}{text}")

    def on_starttls(self, _line: str) -> None:
        if self.server.tls is None:
            self.say("454 not here")
            return
        self.say("220 go")
        self.use(self.server.tls.wrap_socket(self.sock, server_side=True))
        self.secure = True

    def on_auth(self, line: str) -> None:
        self.server.logins.append(base64.b64decode(line.split(" ")[2]).decode())
        self.say("235 welcome")

    def on_mail(self, line: str) -> None:
        self.sender, self.recipients = line.split("<")[1].split(">", maxsplit=1)[0], []
        self.say("250 ok")

    def on_rcpt(self, line: str) -> None:
        self.recipients.append(line.split("<")[1].split(">", maxsplit=1)[0])
        self.say("250 ok")

    def on_data(self, _line: str) -> None:
        self.say("354 go")
        taken = b""
        while (part := self.file.readline()) not in (b".\r\n", b""):
            taken += part.removeprefix(b".")
        if self.answer("END", None):
            return
        self.server.raw.append(taken)
        self.server.messages.append(message_from_bytes(taken, policy=policy.default))
        self.server.envelopes.append((self.sender, self.recipients))
        self.server.encrypted.append(self.secure)
        self.say("250 taken")

    def on_rset(self, _line: str) -> None:
        self.say("250 ok")

    def on_quit(self, _line: str) -> None:
        self.say("221 bye")
