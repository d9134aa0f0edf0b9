"""What `journeykit serve` answers: to this machine only, and nothing can be changed by asking."""

from __future__ import annotations

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest

from journeykit.cli.serving import Answer, Server
from journeykit.errors import StorageError


@contextmanager
def shown(answers):
    """A server of *answers*, running."""
    with Server(0, answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(server, path="/", method="GET", **headers):
    """What a browser on this machine gets."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.fixture(name="server")
def _server():
    with shown({"/": Answer("text/html; charset=utf-8", lambda: "<p>the map, für alle")}) as server:
        yield server


def test_the_page_is_shown(server):
    """A browser gets it whole, keeps no copy of it, and shows it in no other page."""
    answer, body = asked(server)

    assert (answer.status, body.decode()) == (200, "<p>the map, für alle")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Python" not in answer.headers["Server"]


def test_head_says_the_same_without_the_page(server):
    """HEAD answers as GET does, without a body."""
    answer, body = asked(server, method="HEAD")

    assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", "21")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(server, method):
    """Any other method is refused, and what is allowed is named."""
    answer, _ = asked(server, method=method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", ""])
def test_a_page_elsewhere_gets_nothing(server, host):
    """A name that was made to point to this machine (DNS rebinding) is not one that it answers to."""
    answer, body = asked(server, Host=host.format(port=server.server_port))

    assert answer.status == 421
    assert b"map" not in body


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}"])
def test_this_machine_by_its_own_names(server, host):
    """Its address and localhost are answered."""
    assert asked(server, Host=host.format(port=server.server_port))[0].status == 200


def test_two_hosts_are_one_too_many(server):
    """A request that names two hosts, or none, is refused."""
    for lines in ((), (f"Host: 127.0.0.1:{server.server_port}", "Host: evil.example")):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as raw:
            raw.sendall("\r\n".join(("GET / HTTP/1.1", *lines, "Connection: close", "", "")).encode())
            assert raw.makefile("rb").readline().split()[1] == b"400"


def test_other_pages_are_not_there(server):
    """Neither files nor folders can be asked for; a query changes nothing."""
    assert asked(server, "/../../etc/passwd")[0].status == 404
    assert asked(server, "/index.html")[0].status == 404
    assert asked(server, "/?a=b")[0].status == 200
    assert asked(server, "/favicon.ico")[0].status == 204


def test_only_this_machine_is_listened_to(server):
    """It is bound to the loopback address and to no other."""
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_who_asks_twice_waits_once():
    """Eight who ask at the same moment get one and the same answer, worked out once; later it is worked out anew."""
    made, now, together = [], [0.0], Barrier(8)

    def make():
        made.append(now[0])
        return f"figures of {now[0]:.0f}"

    def ask(_):
        together.wait()
        return asked(server)[1]

    with shown({"/": Answer("text/plain", make, kept=10, clock=lambda: now[0])}) as server, ThreadPoolExecutor(8) as browsers:
        first = set(browsers.map(ask, range(8)))
        now[0] = 9.9
        kept = asked(server)[1]
        now[0] = 10.0
        anew = asked(server)[1]

    assert (first, kept, anew) == ({b"figures of 0"}, b"figures of 0", b"figures of 10")
    assert made == [0.0, 10.0]


def test_what_goes_wrong_is_told_to_the_terminal(capsys):
    """The browser reads that it failed, the terminal why; the next who asks may have more luck."""
    answers = iter((StorageError("shop.db: the disk is full"), "the map"))

    def make():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with shown({"/": Answer("text/plain", make)}) as server:
        failed, said = asked(server)
        assert (failed.status, said) == (503, b"the numbers could not be worked out; the terminal says why\n")
        assert asked(server)[1] == b"the map"
    assert "the disk is full" in capsys.readouterr().err
