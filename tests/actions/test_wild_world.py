"""Whatever customers call themselves, and whatever servers say: an answer, and never a word to anybody else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from journeykit import ActionRequest, Done, Failed, Retry
from journeykit.actions.email import EmailAction
from journeykit.actions.templates import Template
from journeykit.actions.webhook import WebhookAction
from journeykit.model.messages import moment
from journeykit.testing.receivers import SMTPReceiver, WebhookReceiver, talking

SECRET = "whsec_" + "a" * 32
TLS = ssl.create_default_context()  # made once: it reads every certificate that this machine trusts
#: Signs that mean something in headers, addresses, HTML, SMTP or HTTP.
ODD = st.text(st.sampled_from("a@.é<>,;:\"'\\()[]{}\r\n\t\0 \u2028\u0085\x0b%&=?/#.") | st.characters(), max_size=20)
VALUES = ODD | st.none() | st.integers() | st.lists(ODD, max_size=2)
TEMPLATES = {
    "welcome": Template(
        subject="Welcome {name or 'friend'}", text="Hello {name or 'there'}\n{more or ''}", html="<p title='{name or ''}'>{more or ''}</p>"
    )
}

calm = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def request(customer: str = "ann", **parameters: Any) -> ActionRequest:
    return ActionRequest("email", customer, {"template": "welcome", **parameters}, f"{customer}/trial//1/2/0", 1, moment(0), None, "trial")


@pytest.fixture(name="mail", scope="module")
def _mail() -> Iterator[tuple[SMTPReceiver, EmailAction]]:
    """A server, and an action that writes to it."""
    server = SMTPReceiver()
    with server:
        yield (
            server,
            EmailAction(
                "127.0.0.1", server.port, sender="Shop <hello@shop.example>", templates=TEMPLATES, security="none",
                unsubscribe="https://shop.example/off?who={customer_id}&name={name or 'x'}",
            ),
        )  # fmt: skip


@calm
@given(ODD, VALUES, VALUES)
@example("ann", "Ann\r\nBcc: ben@shop.example\r\n\r\n", "\r\n.\r\nMAIL FROM:<ben@shop.example>\r\n")
def test_an_email_reaches_whom_it_is_for_and_begins_no_header(
    mail: tuple[SMTPReceiver, EmailAction], customer: str, name: Any, more: Any
) -> None:
    """Names and texts of any signs: refused with a reason, or one e-mail to Ann with the headers it should have."""
    server, action = mail
    del server.messages[:], server.envelopes[:]
    answer = action(request(customer or "ann", to="ann@shop.example", name=name, more=more))

    if isinstance(answer, Failed):
        assert server.messages == []
        return
    assert answer == Done()
    assert server.envelopes == [("hello@shop.example", ["ann@shop.example"])]
    assert sorted(server.messages[0].keys()) == [
        "Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert server.messages[0]["To"] == "ann@shop.example"


@calm
@given(ODD | ODD.map(lambda text: f"ann@{text}.example") | ODD.map(lambda text: f"{text}@shop.example"))
@example("ann@shop.example>\r\nRCPT TO:<ben@shop.example")
def test_an_address_is_one_address_or_refused(mail: tuple[SMTPReceiver, EmailAction], to: str) -> None:
    """Whoever may write an address into the shop cannot make it two."""
    server, action = mail
    del server.messages[:], server.envelopes[:]
    answer = action(request(to=to))

    assert isinstance(answer, (Done, Failed))
    assert [len(recipients) for _, recipients in server.envelopes] == ([1] if answer == Done() else [])


@calm
@given(ODD.filter(bool), st.dictionaries(ODD, VALUES, max_size=3))
def test_a_webhook_carries_any_customer(customer: str, parameters: dict[str, Any]) -> None:
    """Whatever is in their id and in the parameters; it is posted once, with the three headers."""
    receiver = WebhookReceiver()
    with receiver:
        one = ActionRequest("sms", customer, parameters, f"{customer}/trial//1/2/0", 1, moment(0), None, "trial")
        assert WebhookAction(f"http://127.0.0.1:{receiver.port}/", SECRET, allow=["127.0.0.1"], tls=TLS)(one) == Done()
    (seen,) = receiver.requests

    assert sorted(name for name in seen.headers if name.startswith("webhook-")) == ["webhook-id", "webhook-signature", "webhook-timestamp"]
    assert set(seen.headers) - {"webhook-id", "webhook-signature", "webhook-timestamp"} == {
        "host", "accept-encoding", "content-length", "content-type", "connection", "user-agent",
    }  # fmt: skip


SAID = st.binary(max_size=80) | st.tuples(
    st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 503 Busy\r\n", b"HTTP/1.0 999 ?\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]),
    st.sampled_from([b"", b"Content-Length: -5\r\n", b"Content-Length: 7\r\n", b"Transfer-Encoding: chunked\r\n", b"Retry-After: 9e99\r\n", b": \r\n"]),
    st.binary(max_size=40),
).map(b"\r\n".join) | st.tuples(
    st.sampled_from([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
    st.sampled_from([b"-1\r\n", b"ffffffffffffffffffffff\r\n", b"3\r\nabc", b"\r\n"]),
).map(b"".join)  # fmt: skip


@calm
@given(SAID)
def test_whatever_a_receiver_says_is_an_answer(said: bytes) -> None:
    """Nonsense, half of something, numbers that cannot be: tried again or given up, never an error of ours."""

    def talk(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(said)

    with talking(talk) as port:
        answer = WebhookAction(f"http://127.0.0.1:{port}/", SECRET, allow=["127.0.0.1"], tls=TLS, timeout=5)(request())

    assert isinstance(answer, (Done, Retry, Failed))


@calm
@given(
    st.lists(
        st.binary(max_size=30) | st.sampled_from([b"220 hi", b"250-a", b"250 ok", b"354 go", b"250-\xff\xfe", b"99", b"5000 x"]), max_size=8
    )
)
def test_whatever_a_mail_server_says_is_an_answer(said: list[bytes]) -> None:
    """The same for the lines of a server that follows no rule."""

    def talk(sock: socket.socket) -> None:
        for line in said:
            sock.sendall(line + b"\r\n")
        sock.recv(65_536)

    with talking(talk) as port:
        action = EmailAction("127.0.0.1", port, sender="hello@shop.example", templates=TEMPLATES, security="none", tls=TLS, timeout=5)
        vars(action)["_name"] = "here"  # asking for it takes longer than all the rest
        answer = action(request(to="ann@shop.example"))

    assert isinstance(answer, (Done, Retry, Failed))
