"""Real receivers on loopback: an SMTP server, an HTTP server and a socket that does what it likes."""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

Talk = Callable[[socket.socket], None]


class _Sockets(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who cut the connection are part of the test."""


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    """The port of *server*, which answers until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """A port at which *talk* answers each connection as it likes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                talk(self.request)

    with serving(_Sockets(("127.0.0.1", 0), Handler)) as port:
        yield port


def dripping(text: bytes, pause: float = 0.05) -> Talk:
    """Says *text* one byte at a time, and its last byte again and again."""

    def talk(sock: socket.socket) -> None:
        for place in range(10_000):
            sock.sendall(text[place : place + 1] or text[-1:])
            time.sleep(pause)

    return talk


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server called localhost shows, and what its clients trust."""
    key, paper = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", paper,
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(paper, key)
    return server, ssl.create_default_context(cafile=str(paper))


# -- HTTP ----------------------------------------------------------------------------------------------------------------


class Posted(NamedTuple):
    """A request as the receiver saw it."""

    path: str
    headers: dict[str, str]
    body: bytes


class WebReceiver:
    """Keeps what was posted and gives the answers it was given, the last of them again and again."""

    def __init__(self, *answers: tuple[int, dict[str, str], bytes], tls: ssl.SSLContext | None = None) -> None:
        self.posted: list[Posted] = []
        self._answers = list(answers) or [(200, {}, b"")]
        self._tls = tls

    @contextmanager
    def open(self) -> Iterator[int]:
        """Its port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        server.block_on_close = False
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        with serving(server) as port:
            yield port

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posted.append(Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                answers = receiver._answers
                status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """In silence."""

        return Handler


# -- SMTP ----------------------------------------------------------------------------------------------------------------


class MailReceiver:
    """
    An SMTP server that keeps what it takes.

    Args:
        replies: what it says to a command instead of its usual answer: ``{"RCPT": "550 no such user"}``. ``None`` cuts the line.
        features: what it tells in answer to EHLO.
        tls: what it shows when asked for encryption.
    """

    def __init__(
        self,
        replies: dict[str, str | None] | None = None,
        features: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        *,
        first: bool = False,
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.logins: list[str] = []
        self.encrypted: list[bool] = []
        self.replies = replies or {}
        self.features = features
        self.tls = tls
        self.first = first

    @contextmanager
    def open(self) -> Iterator[int]:
        """Its port."""
        receiver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError), closing(_Dialogue(receiver, self.request)) as dialogue:
                    dialogue.run()

        with serving(_Sockets(("127.0.0.1", 0), Handler)) as port:
            yield port


class _Dialogue:
    """One client's connection."""

    def __init__(self, server: MailReceiver, sock: socket.socket) -> None:
        self.server = server
        self.secure = False
        self.sender, self.recipients = "", []
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
                getattr(self, f"on_{verb.lower()}")(line)

    def answer(self, verb: str, usual: str | None) -> bool:
        """Say what was declared for *verb*, or the usual; whether anything was said."""
        text = self.server.replies.get(verb, usual)
        if verb in self.server.replies and text is None:
            self.sock.shutdown(socket.SHUT_RDWR)
            return True
        if text is not None:
            self.say(text)
        return text is not None

    def on_ehlo(self, line: str) -> None:
        lines = ["here", *(() if self.secure else (("STARTTLS",) if self.server.tls else ())), *self.server.features]
        for place, text in enumerate(lines):
            self.say(f"250{'-' if place < len(lines) - 1 else ' '}{text}")

    def on_starttls(self, line: str) -> None:
        self.say("220 go")
        assert self.server.tls is not None
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

    def on_data(self, line: str) -> None:
        self.say("354 go")
        taken = b""
        while (part := self.file.readline()) not in (b".\r\n", b""):
            taken += part.removeprefix(b".")
        if self.answer("END", None):
            return
        self.server.raw.append(taken)
        self.server.mails.append(message_from_bytes(taken, policy=policy.default))  # type: ignore[arg-type]
        self.server.envelopes.append((self.sender, self.recipients))
        self.server.encrypted.append(self.secure)
        self.say("250 taken")

    def on_rset(self, line: str) -> None:
        self.say("250 ok")

    def on_quit(self, line: str) -> None:
        self.say("221 bye")
