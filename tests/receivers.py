"""What servers of tests may show and say, beside the receivers that `journeykit.testing` brings."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from pathlib import Path

from journeykit.testing.receivers import Talk

SOON = 60.0  #: seconds within which whoever gives up has done so; nothing below ends before by itself


def silent(sock: socket.socket) -> None:
    """Listens, and says nothing for as long as the other side is there."""
    while sock.recv(65_536):
        pass


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
