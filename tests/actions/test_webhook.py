"""Webhooks, posted to real receivers on loopback: signed, never anywhere private, never waited for too long."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import socket
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from journeykit import ActionRequest, DefinitionError, Done, Failed, Journey, Retry, Step, Transition
from journeykit.actions import addresses
from journeykit.actions.addresses import may_be_reached, networks
from journeykit.actions.signing import message_id
from journeykit.actions.webhook import WebhookAction
from journeykit.model.messages import moment
from journeykit.testing.receivers import WebhookReceiver, talking
from receivers import SOON, certificate, dripping, silent
from shop import Shop

KEY = b"a key of twenty-four byte"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
HERE = ["127.0.0.1"]


def request(key: str = "ann/trial//1/2/0", **parameters: Any) -> ActionRequest:
    return ActionRequest("sms", "ann", parameters, key, 1, moment(0), moment(60_000_000), "trial")


def local(port: int, **options: Any) -> WebhookAction:
    return WebhookAction(f"http://127.0.0.1:{port}/hooks?shop=1", SECRET, allow=HERE, **options)


def answer(*answers: tuple[int, dict[str, str], bytes], **options: Any) -> object:
    with WebhookReceiver(*answers) as there:
        return local(there.port, **options)(request())


# -- what the receiver sees ------------------------------------------------------------------------------------------------


def test_the_receiver_sees_a_signed_request() -> None:
    """The body is what was decided; the three headers are those of the specification, and the signature is that of the body."""
    receiver = WebhookReceiver()
    with receiver:
        assert local(receiver.port, headers={"X-Shop": "coffee"})(request(text="Hello Zoë")) == Done()
    (seen,) = receiver.requests

    assert seen.path == "/hooks?shop=1"
    assert json.loads(seen.body) == {
        "type": "sms", "timestamp": "1970-01-01T00:00:00+00:00",
        "data": {"customer_id": "ann", "journey": "trial", "idempotency_key": "ann/trial//1/2/0",
                 "deadline": "1970-01-01T00:01:00+00:00", "parameters": {"text": "Hello Zoë"}},
    }  # fmt: skip
    assert (seen.headers["content-type"], seen.headers["x-shop"]) == ("application/json", "coffee")
    assert seen.headers["webhook-id"] == "ann/trial//1/2/0"
    assert abs(int(seen.headers["webhook-timestamp"]) - time.time()) < 60
    signed = f"{seen.headers['webhook-id']}.{seen.headers['webhook-timestamp']}.".encode() + seen.body
    assert seen.headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()


def test_the_signature_is_the_one_of_the_specification() -> None:
    """The example that the specification's own libraries are tested with."""
    action = WebhookAction("https://shop.example/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    assert action._sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}') == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_new_key_is_brought_in_beside_the_old_one() -> None:
    """Both sign, so that a receiver who knows either of them is content."""
    receiver = WebhookReceiver()
    with receiver:
        WebhookAction(f"http://127.0.0.1:{receiver.port}", [SECRET, "whsec_" + "b" * 32], allow=HERE)(request())

    assert [part[:3] for part in receiver.requests[0].headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]


def test_an_id_has_no_full_stop_and_begins_no_header() -> None:
    """A customer's id may hold anything; two keys never become one id."""
    receiver = WebhookReceiver()
    with receiver:
        local(receiver.port)(request("zoë@shop.example\r\nX-Evil: 1/trial//1/2/0"))

    assert receiver.requests[0].headers["webhook-id"] == "zo%C3%AB@shop%2Eexample%0D%0AX-Evil:%201/trial//1/2/0"
    assert "x-evil" not in receiver.requests[0].headers
    assert message_id("a.b") != message_id("a%2Eb")


def test_a_repeat_has_the_same_id_and_body() -> None:
    """So that a receiver recognises it; only the moment of the attempt and the signature differ."""
    receiver = WebhookReceiver((503, {}, b""), (200, {}, b""))
    hello = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do="sms")])
    with receiver:
        shop = Shop(hello, answers={"sms": local(receiver.port)})
        shop.event("Signed Up")
        assert shop.engine.dispatch() == (0, 1, 0, 0)
        shop.clock.advance(3600)
        assert shop.engine.dispatch() == (1, 0, 0, 0)
    first, second = receiver.requests

    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


# -- what becomes of it ----------------------------------------------------------------------------------------------------


def test_an_answer_is_an_event() -> None:
    """One that the host expects; it reaches the journey that waits for it."""
    said = json.dumps({"event": "Sms Sent", "properties": {"parts": 2}}).encode()

    assert answer((200, {}, said), events=["Sms Sent"]) == Done("Sms Sent", {"parts": 2})
    assert answer((202, {}, said), events=["Sms Sent", "Sms Failed"]) == Done("Sms Sent", {"parts": 2})


def test_a_receiver_can_answer_no_other_event(caplog: pytest.LogCaptureFixture) -> None:
    """It cannot say that somebody has paid; it is logged, and the request is performed."""
    with caplog.at_level(logging.WARNING, "journeykit.actions"):
        assert answer((200, {}, b'{"event": "Order Completed", "properties": {}}'), events=["Sms Sent"]) == Done()

    assert caplog.messages == ["a webhook answered an event that is not one of its events: 'Order Completed'"]


@pytest.mark.parametrize("body", [b"", b"ok", b"[1]", b'{"event": null}', b"{" * 60_000, b'{"event": "A", "properties": NaN}', b"\xff\xfe"])
def test_an_answer_without_an_event_is_done_too(body: bytes) -> None:
    """Whatever else a receiver says with its 200."""
    assert answer((200, {}, body), events=["A"]) == Done()


def test_the_answer_moves_the_customer_on() -> None:
    """From the step that waits for the provider to the next, in one worker's round."""
    journey = Journey(
        "code",
        stage="purchase",
        entry="Signed Up",
        steps=[
            Step("asked", do="coupon", wait="1 day", when=[Transition("got", on="Coupon Created")]),
            Step("none"),
            Step("got", wait="1 day"),
        ],
    )
    receiver = WebhookReceiver((200, {}, b'{"event": "Coupon Created", "properties": {"code": "X7"}}'))
    with receiver:
        shop = Shop(journey, answers={"coupon": local(receiver.port, events=["Coupon Created"])})
        shop.event("Signed Up")
        shop.engine.dispatch()
        shop.engine.run_due()

    assert shop.inside("code").step == "got"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
def test_a_refusal_is_final(status: int) -> None:
    """What the receiver holds to be wrong will not become right."""
    assert answer((status, {}, b"no  such\nthing")) == Failed(f"HTTP {status}: no such thing")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_not_now_is_tried_again(status: int) -> None:
    """When the backoff says."""
    assert answer((status, {}, b"")) == Retry(None, f"HTTP {status}")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("0", None), ("-5", None), ("soon", None), ("99999999", 86_400), ("Mon, 02 Mar 2020 09:00:00 GMT", None)],
)
def test_a_receiver_says_when_to_come_back(asked: str, seconds: float | None) -> None:
    """Up to a day; what is no time, or over, leaves it to the backoff."""
    assert answer((429, {"Retry-After": asked}, b"")) == Retry(seconds, "HTTP 429")


def test_a_receiver_names_the_moment_to_come_back() -> None:
    """As a date of HTTP."""
    later = datetime.fromtimestamp(time.time() + 600, UTC)
    given = answer((503, {"Retry-After": format_datetime(later, usegmt=True)}, b""))

    assert isinstance(given, Retry)
    assert given.after is not None
    assert 590 < given.after <= 601


def test_a_redirect_is_not_followed() -> None:
    """Wherever it leads, and least of all behind the own walls."""
    behind = WebhookReceiver()
    with behind:
        given = answer((307, {"Location": f"http://127.0.0.1:{behind.port}/admin"}, b""))

    assert behind.requests == []
    assert given == Failed(f"HTTP 307: redirects are not followed; it leads to 'http://127.0.0.1:{behind.port}/admin'")


def test_a_huge_answer_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    """It was performed; what the megabytes say stays unread."""
    with caplog.at_level(logging.WARNING, "journeykit.actions"):
        given = answer((200, {}, b'{"event": "A", "x": "' + b"x" * 5_000_000 + b'"}'), events=["A"])

    assert given == Done()
    assert caplog.messages == ["a webhook was answered with more than 65536 bytes; what they say is not read"]


def test_headers_without_an_end_are_not_read() -> None:
    """A receiver that goes on and on is left."""

    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        while True:
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)

    with talking(talk) as port:
        given = local(port, timeout=SOON)(request())

    assert isinstance(given, Retry)
    assert "without an end" in given.reason


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{",
        b"SSH-2.0\r\n",
    ],
)
def test_a_cut_connection_is_tried_again(said: bytes) -> None:
    """Whether anything was said before or not: the receiver knows the id."""

    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(said)

    with talking(talk) as port:
        given = local(port)(request())

    assert isinstance(given, Retry)


@pytest.mark.parametrize("text", [b"H", b"HTTP/1.1 200 OK\r\nX: y", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nx"])
def test_a_slow_receiver_is_not_waited_for(text: bytes) -> None:
    """One byte after the other, each in time: the limit is for the whole."""
    begun = time.monotonic()
    with talking(dripping(text)) as port:
        given = local(port, timeout=0.4)(request())

    assert given == Retry(None, "TimeoutError: not done within 0.4 seconds")
    assert time.monotonic() - begun < SOON


def test_a_receiver_that_says_nothing_is_not_waited_for() -> None:
    """Nor one that takes no connection any more."""
    begun = time.monotonic()
    with talking(silent) as port:
        given = local(port, timeout=0.2)(request())

    assert isinstance(given, Retry)
    assert "TimeoutError" in given.reason
    assert time.monotonic() - begun < SOON


def test_an_encryption_that_never_comes_about_is_not_waited_for() -> None:
    """One byte of it after the other."""
    begun = time.monotonic()
    with talking(dripping(b"\x16\x03\x03\x7f\xff" + b"\x02" * 100)) as port:
        given = WebhookAction(f"https://localhost:{port}/", SECRET, allow=HERE, timeout=0.4)(request())

    assert isinstance(given, Retry)
    assert time.monotonic() - begun < SOON


def test_nobody_there_is_tried_again() -> None:
    """A refused connection, and a name that nobody knows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and listens to nobody
        refused = local(free.getsockname()[1])(request())

    assert isinstance(refused, Retry)
    assert refused.reason.startswith("ConnectionRefusedError")
    assert isinstance(WebhookAction("https://nobody.invalid/", SECRET)(request()), Retry)


# -- where it goes ---------------------------------------------------------------------------------------------------------


PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "100::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_may_be_reached(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast; also where another address wraps it."""
    assert not may_be_reached(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_may_be_reached(address: str) -> None:
    """The internet, also as networks with IPv6 alone see it."""
    assert may_be_reached(ip_address(address))


def test_an_allowed_network_may_be_reached() -> None:
    """That one and no other."""
    allowed = networks(["10.1.0.0/16", "::1"])

    assert [may_be_reached(ip_address(a), allowed) for a in ("10.1.2.3", "10.2.0.1", "::1", "::ffff:10.1.2.3", "127.0.0.1")] == [
        True, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_no_name_leads_behind_the_walls(host: str) -> None:
    """However the address is written; nothing is sent, and the reason says what to do."""
    receiver = WebhookReceiver()
    with receiver:
        given = WebhookAction(f"http://{host}:{receiver.port}/", SECRET)(request())

    assert isinstance(given, Failed)
    assert "which is no public address; allow its network where it is yours" in given.reason
    assert receiver.requests == []


@pytest.fixture(name="rebound")
def _rebound(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name that is public when first asked for, and private ever after; the list of what it was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **options: Any) -> Any:
        if host != "shop.example":
            return real(host, port, *args, **options)
        asked.append(host)
        at = "192.0.0.9" if len(asked) == 1 else "127.0.0.1"  # public, and nobody answers there
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (at, port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolve)
    return asked


def test_a_name_that_changes_its_mind_gains_nothing(rebound: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was looked at is the one that is connected to; the name is asked for once."""
    tried: list[Any] = []

    def connect(self: socket.socket, place: Any) -> None:
        tried.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(addresses.socket.socket, "connect", connect)
    first, second = (WebhookAction("https://shop.example/", SECRET)(request()) for _ in range(2))

    assert isinstance(first, Retry)
    assert isinstance(second, Failed)
    assert (tried, len(rebound)) == ([("192.0.0.9", 443)], 2)


def test_plain_http_stays_within_the_own_walls() -> None:
    """What is personal crosses the internet encrypted or not at all."""
    with WebhookReceiver() as there, pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "may_be_reached", lambda address, allowed: True)  # as if it were public
        given = WebhookAction(f"http://127.0.0.1:{there.port}/", SECRET, allow=["10.0.0.0/8"])(request())

    assert given == Failed('url: "http://127.0.0.1/" is not encrypted; write https://, or allow the network of 127.0.0.1 where it is yours')


def test_a_certificate_is_looked_at(tmp_path: Path) -> None:
    """Of the name that was asked for, and signed by somebody who is trusted."""
    shown, trusted = certificate(tmp_path)
    receiver = WebhookReceiver(tls=shown)
    with receiver:
        good = WebhookAction(f"https://localhost:{receiver.port}/", SECRET, allow=HERE, tls=trusted)(request())
        stranger = WebhookAction(f"https://localhost:{receiver.port}/", SECRET, allow=HERE)(request())
        misnamed = WebhookAction(f"https://127.0.0.1:{receiver.port}/", SECRET, allow=HERE, tls=trusted)(request())

    assert good == Done()
    assert isinstance(stranger, Retry)
    assert isinstance(misnamed, Retry)
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.reason
    assert len(receiver.requests) == 1


def test_where_to_may_depend_on_the_request() -> None:
    """An address of each account; one that is none is a dead letter with a reason."""
    receiver = WebhookReceiver()
    with receiver:
        action = WebhookAction(lambda one: one.parameters["url"], SECRET, allow=HERE)
        assert action(request(url=f"http://127.0.0.1:{receiver.port}/a")) == Done()
        assert action(request(url="file:///etc/passwd")) == Failed(
            'url: "file:///etc/passwd" is no address to post to; write for example "https://shop.example/hooks"'
        )

    assert [seen.path for seen in receiver.requests] == ["/a"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "ftp://shop.example"}, 'url: "ftp://shop.example" is no address to post to'),
        ({"url": "https:///hooks"}, "is no address to post to"),
        ({"url": "https://shop.example:99999/"}, "is no address to post to"),
        ({"url": "https://shop.example/\r\nX: 1"}, "is no address; write for example"),
        ({"url": "https://me:secret@shop.example/x"}, 'url: "https://shop.example/x" holds a password'),
        ({"secret": "password"}, 'secret: it is no "whsec_" with 24 to 64 bytes in base64 behind it; make one anew'),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"secret": []}, "secret: there is none"),
        ({"allow": ["10.0.0.1/8"]}, 'allow: "10.0.0.1/8" is no network'),
        ({"allow": "10.0.0.0/8"}, 'give a list, for example ["10.0.0.0/8"]'),
        ({"headers": {"Webhook-Id": "1"}}, 'headers: "Webhook-Id" cannot be set'),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, 'headers: the value of "X-A" is no plain text in one line'),
    ],
)
def test_what_cannot_work_is_refused_at_once(options: dict[str, Any], words: str) -> None:
    """When the action is made, not when the first customer is due; a secret is never repeated."""
    with pytest.raises(DefinitionError) as caught:
        WebhookAction(**{"url": "https://shop.example/", "secret": SECRET, **options})

    assert words in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)
    assert "me:secret" not in str(caught.value)
