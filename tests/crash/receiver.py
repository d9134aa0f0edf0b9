"""The world outside: writes down every request that reaches it, and now and then has no time. `python receiver.py LOG` prints its port."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
import zlib
from pathlib import Path


class Receiver(socketserver.StreamRequestHandler):
    """Reads one JSON request a line, answers ``ok`` or ``busy``."""

    lock = threading.Lock()
    log = Path()
    turned_away: set[str] = set()  # noqa: RUF012

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(b"ok\n" if self.receive(line.decode()) else b"busy\n")

    def receive(self, line: str) -> bool:
        if not line.endswith("\n"):
            return False  # the sender died in the middle of it
        key = json.loads(line)["key"]
        with self.lock:
            if zlib.crc32(key.encode()) % 8 == 0 and key not in self.turned_away:
                self.turned_away.add(key)
                return False
            with self.log.open("a") as file:
                file.write(line)
        return True


class Server(socketserver.ThreadingTCPServer):
    """One thread for each sender; senders die without a word."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that broke is what this is about."""


if __name__ == "__main__":
    Receiver.log = Path(sys.argv[1])
    with Server(("127.0.0.1", 0), Receiver) as server:
        print(server.server_address[1], flush=True)  # noqa: T201  the test reads it
        server.serve_forever()
