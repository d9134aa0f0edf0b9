"""E-mails, sent to a real SMTP server on loopback: once recognisable, never to two, never waited for too long."""

from __future__ import annotations

import socket
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from journeykit import ActionRequest, DefinitionError, Do, Done, Failed, Journey, Retry, Step
from journeykit.actions.email import EmailAction
from journeykit.actions.templates import Template
from journeykit.model.messages import moment
from journeykit.testing.receivers import SMTPReceiver, talking
from receivers import SOON, certificate, dripping, silent
from shop import Shop

TEMPLATES = {
    "welcome": Template(
        subject="Welcome, {name or 'dear customer'}",
        text="Hello {name or 'there'}, you have {points or '0'} points.",
        html="<style>p { color: red }</style><p>Hello {name or 'there'}</p>",
    ),
    "welcome.de": Template(subject="Willkommen, {name or 'lieber Gast'}", text="Guten Tag {name or 'und willkommen'}."),
    "receipt": Template(subject="Your order {order}", text="Thank you."),
}


def request(key: str = "ann/trial//1/2/0", **parameters: Any) -> ActionRequest:
    given = {"template": "welcome", "to": "ann@shop.example", **parameters}
    return ActionRequest("email", "ann", given, key, 1, moment(0), None, "trial")


def sender(port: int, **options: Any) -> EmailAction:
    plain = {"sender": "The Shop <hello@shop.example>", "templates": TEMPLATES, "security": "none", "timeout": SOON}
    return EmailAction("127.0.0.1", port, **(plain | options))


def sent(one: ActionRequest, **options: Any) -> EmailMessage:
    """The e-mail that arrived."""
    server = SMTPReceiver()
    with server:
        assert sender(server.port, **options)(one) == Done()
    (mail,) = server.messages
    return mail


def answered(replies: dict[str, str | None], one: ActionRequest | None = None, **options: Any) -> object:
    """What the action answers where the server answers so."""
    with SMTPReceiver(replies) as there:
        return sender(there.port, **options)(one or request())


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return body.get_content().strip()


# -- what the customer sees ----------------------------------------------------------------------------------------------


def test_the_customer_gets_text_and_html() -> None:
    """From the shop, to them, with their name in both parts, escaped where it is HTML; a style sheet is no gap."""
    mail = sent(request(name="Zoë <b>"))

    assert (mail["From"], mail["To"], mail["Subject"]) == ("The Shop <hello@shop.example>", "ann@shop.example", "Welcome, Zoë <b>")
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain") == "Hello Zoë <b>, you have 0 points."
    assert part(mail, "html") == "<style>p { color: red }</style><p>Hello Zoë &lt;b&gt;</p>"
    assert "Date" in mail


@pytest.mark.parametrize("name", [None, ""])
def test_a_missing_name_has_a_fallback(name: str | None) -> None:
    """Nobody is greeted as "Hello ,"."""
    assert part(sent(request(name=name, points=0)), "plain") == "Hello there, you have 0 points."


def test_a_missing_name_without_a_fallback_is_a_dead_letter_and_parks_nobody() -> None:
    """The request says what is missing; the customer goes on, and a person can mend it."""
    with SMTPReceiver() as there:
        shop = Shop(
            Journey(
                "order",
                stage="purchase",
                entry="Order Completed",
                steps=[
                    Step("thanks", do=Do("email", template="receipt", to="ann@shop.example", order="{event.number}")),
                    Step("on", wait="1 day"),
                ],
            ),
            answers={"email": sender(there.port)},
        )
        shop.event("Order Completed")
        shop.work()
    (row,) = shop.engine.outbox()

    assert (row.state, row.reason) == ("dead", "{order} has no value; give the parameter, or write {order or 'what stands for it'}")
    assert shop.inside("order").step == "on"


@pytest.mark.parametrize(
    ("language", "subject"),
    [("de", "Willkommen, lieber Gast"), ("de-AT", "Willkommen, lieber Gast"), ("DE_at", "Willkommen, lieber Gast"), ("fr", "Welcome, dear customer"), (None, "Welcome, dear customer")],
)  # fmt: skip
def test_the_customer_reads_their_language(language: str | None, subject: str) -> None:
    """That of their country, else their language, else the one that needs no name."""
    assert sent(request(language=language))["Subject"] == subject


def test_a_function_writes_what_templates_cannot() -> None:
    """Attachments, another sender, whatever the host's own machinery makes; the headers that matter are still ours."""

    def invoice(one: ActionRequest) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"], mail["Bcc"] = (
            "Invoice",
            "Books <books@shop.example>",
            "all@shop.example",
            "boss@shop.example",
        )
        mail.set_content("See below")
        mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="invoice.pdf")
        return mail

    server = SMTPReceiver()
    with server:
        assert sender(server.port, templates={"invoice": invoice})(request(template="invoice")) == Done()
        assert sender(server.port, templates=invoice)(request(template="whatever")) == Done()

    assert [(mail["From"], mail["To"], mail["Bcc"]) for mail in server.messages] == [
        ("Books <books@shop.example>", "ann@shop.example", None)
    ] * 2
    assert server.envelopes == [("hello@shop.example", ["ann@shop.example"])] * 2
    assert [one.get_filename() for one in server.messages[0].iter_attachments()] == ["invoice.pdf"]


def test_one_click_unsubscribes() -> None:
    """With the headers of RFC 8058, and as a link in the text; what is personal is written as an address can hold it."""
    templates = {"welcome": Template(subject="Hi", text="No more: {unsubscribe}", html='<a href="{unsubscribe}">no more</a>')}
    mail = sent(request(), templates=templates, unsubscribe="https://shop.example/off?who={customer_id}&by={to}")

    assert mail["List-Unsubscribe"] == "<https://shop.example/off?who=ann&by=ann%40shop.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert part(mail, "plain") == "No more: https://shop.example/off?who=ann&by=ann%40shop.example"
    assert part(mail, "html") == '<a href="https://shop.example/off?who=ann&amp;by=ann%40shop.example">no more</a>'


def test_a_long_link_stays_in_one_piece() -> None:
    """No mail program would follow one that was wrapped or encoded."""
    server = SMTPReceiver()
    with server:
        sender(server.port, unsubscribe="https://shop.example/off?token=" + "x" * 300)(request(name="Ä" * 100))

    assert server.raw[0].splitlines().count(b"List-Unsubscribe: <https://shop.example/off?token=" + b"x" * 300 + b">") == 1
    assert max(map(len, server.raw[0].splitlines())) < 400
    assert server.messages[0]["Subject"] == "Welcome, " + "Ä" * 100


def test_a_function_gives_the_link_or_none() -> None:
    """What is transactional needs none."""
    give = lambda one: "https://shop.example/off/1" if one.parameters["template"] == "welcome" else None  # noqa: E731

    assert sent(request(), unsubscribe=give)["List-Unsubscribe"] == "<https://shop.example/off/1>"
    assert "List-Unsubscribe" not in sent(request(template="receipt", order=7), unsubscribe=give)


def test_a_repeat_is_recognisable() -> None:
    """The same Message-ID at every attempt at one request, another for any other."""
    server = SMTPReceiver()
    with server:
        action = sender(server.port)
        for attempt, key in enumerate(["ann/trial//1/2/0", "ann/trial//1/2/0", "ann/trial//1/2/1"], 1):
            action(evolve(request(key), attempt=attempt))
    first, again, other = (mail["Message-ID"] for mail in server.messages)

    assert first == again != other
    assert first == "<efcbeb30f04b78fb08fb7ad077b5e422aa8b112f@shop.example>"


def test_everything_goes_to_one_address() -> None:
    """A shop that is tried out writes to no customer; whom it would have written to is in a header."""
    server = SMTPReceiver()
    with server:
        action = sender(server.port, everything_to="test@shop.example")
        assert action(request()) == Done()
        assert isinstance(action(request(to="nobody")), Failed)
    (mail,) = server.messages

    assert (mail["To"], mail["X-Original-To"]) == ("test@shop.example", "ann@shop.example")
    assert server.envelopes == [("hello@shop.example", ["test@shop.example"])]


def test_the_address_may_be_looked_up_when_it_is_needed() -> None:
    """So that it need not stand in the outbox; whoever has none gets nothing, with a reason."""
    book = {"ann": "ann@home.example"}

    assert sent(request(), address=lambda one: book[one.customer_id])["To"] == "ann@home.example"
    assert answered({}, address=lambda one: None) == Failed("no address; give the parameter to, or the action a function address")


def test_it_answers_an_event_where_one_is_wanted() -> None:
    """With the id by which bounces and opens are told to belong to it."""
    server = SMTPReceiver()
    with server:
        given = sender(server.port, event="Email Sent")(request())

    assert given == Done("Email Sent", {"message_id": server.messages[0]["Message-ID"], "template": "welcome"})


def test_a_domain_in_another_script_is_reached() -> None:
    """By the name that mail servers know it by."""
    assert sent(request(to="ann@bücher.example"))["To"] == "ann@xn--bcher-kva.example"


# -- what cannot be sent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["ann", "ann@", "@shop.example", "ann@shop", "ann@@shop.example", "a b@shop.example", "ann@shop..example", ".ann@shop.example",
     "ann@shop.example, ben@shop.example", "Ann <ann@shop.example>", "ann@shop.example\nBcc: ben@shop.example", "ann@shop.example\r\n",
     "ann\x00@shop.example", "ann@-shop.example", "ann@[127.0.0.1]", "a" * 65 + "@shop.example", 7, ["ann@shop.example"]],
)  # fmt: skip
def test_a_wrong_address_is_a_dead_letter(address: object) -> None:
    """One person's address and nothing else: no list, no name, no second header."""
    given = answered({}, request(to=address))

    assert isinstance(given, Failed)
    assert given.reason.endswith("is no address; write for example ann@shop.example")


@pytest.mark.parametrize("name", ["Ann\r\nBcc: ben@shop.example", "Ann\nX: 1", "Ann\x00", "Ann\u2028Bcc: ben@shop.example"])
def test_a_name_begins_no_header(name: str) -> None:
    """What a customer calls themselves stays in its line, or is not sent."""
    given = answered({}, request(name=name))

    assert isinstance(given, Failed)
    assert given.reason.endswith("is more than one line of plain text")


def test_a_name_with_lines_may_stand_in_the_text() -> None:
    """There it harms nobody; a line that is a full stop ends no e-mail."""
    templates = {"welcome": Template(subject="Hi", text="Hello {name}")}

    assert part(sent(request(name="Ann\n.\nQUIT"), templates=templates), "plain").splitlines() == ["Hello Ann", ".", "QUIT"]


def test_an_unknown_template_is_a_dead_letter() -> None:
    """It says which there are."""
    assert answered({}, request(template="welcom")) == Failed('no template "welcom"; there are receipt, welcome, welcome.de')


def test_a_function_that_writes_no_email_is_a_dead_letter() -> None:
    """And one that raises is tried again, like any action that does."""
    assert answered({}, templates=lambda one: "Hello") == Failed("the template gave 'Hello'; it gives an email.message.EmailMessage")


# -- what the server says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
def test_a_server_that_refuses_is_believed(verb: str) -> None:
    """Its 5xx is final, its 4xx is tried again, each with its words."""
    assert answered({verb: "550 no such user"}) == Failed("550 no such user")
    assert answered({verb: "451 come back later"}) == Retry(None, "451 come back later")


@pytest.mark.parametrize("verb", ["HELLO", "EHLO", "MAIL", "RCPT", "DATA", "END"])
def test_a_cut_connection_is_tried_again(verb: str) -> None:
    """Wherever it breaks; the repeat is recognisable."""
    assert isinstance(answered({verb: None, "HELO": None}), Retry)


def test_what_is_said_after_the_email_was_taken_changes_nothing() -> None:
    """It is not sent twice because the goodbye went wrong."""
    assert answered({"QUIT": "500 what?"}) == Done()
    assert answered({"QUIT": None}) == Done()


@pytest.mark.parametrize("reply", ["554 we take nothing", "421 too many of you"])
def test_a_server_that_takes_nobody_is_tried_again(reply: str) -> None:
    """It says nothing about this e-mail."""
    assert answered({"HELLO": reply}) == Retry(None, reply)


def test_nobody_there_is_tried_again() -> None:
    """A server that is down loses no e-mail."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        given = sender(free.getsockname()[1])(request())

    assert isinstance(given, Retry)
    assert "ConnectionRefusedError" in given.reason


@pytest.mark.parametrize("text", [b"2", b"220 ready\r\n250-", b"220-"])
def test_a_slow_server_is_not_waited_for(text: bytes) -> None:
    """One byte after the other, each in time: the limit is for the whole."""
    begun = time.monotonic()
    with talking(dripping(text)) as port:
        given = sender(port, timeout=0.4)(request())

    assert isinstance(given, Retry)
    assert "not done within 0.4 seconds" in given.reason
    assert time.monotonic() - begun < SOON


def test_a_server_that_hangs_is_not_waited_for() -> None:
    """At the first word, or once it has the whole e-mail."""
    begun = time.monotonic()
    with talking(silent) as port:
        assert isinstance(sender(port, timeout=0.2)(request()), Retry)

    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_encryption_that_never_comes_about_is_not_waited_for(security: str) -> None:
    """One byte of it after the other."""
    begun = time.monotonic()
    hello = b"" if security == "tls" else b"220 hi\r\n250-here\r\n250 STARTTLS\r\n220 go\r\n"

    def talk(sock: socket.socket) -> None:
        sock.sendall(hello)
        dripping(b"\x16\x03\x03\x7f\xff" + b"\x02" * 100)(sock)

    with talking(talk) as port:
        given = sender(port, security=security, timeout=0.4)(request())

    assert isinstance(given, Retry)
    assert time.monotonic() - begun < SOON


def test_every_address_of_the_server_is_tried() -> None:
    """Nobody answers at the first; all of them together have the time of one."""
    with SMTPReceiver() as there, pytest.MonkeyPatch.context() as patch:
        places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (at, there.port)) for at in ("127.0.0.9", "127.0.0.1")]
        patch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
        assert sender(there.port)(request()) == Done()


def test_a_server_that_talks_without_an_end_is_left() -> None:
    """Its answers are not kept without a limit."""

    def talk(sock: socket.socket) -> None:
        while True:
            sock.sendall(b"220-welcome\r\n" * 1_000)

    with talking(talk) as port:
        given = sender(port)(request())

    assert isinstance(given, Retry)
    assert "without an end" in given.reason


# -- encryption ----------------------------------------------------------------------------------------------------------


def test_an_email_goes_encrypted(tmp_path: Path) -> None:
    """From the first byte, or from STARTTLS on, and the password not before."""
    shown, trusted = certificate(tmp_path)
    for security, first in (("starttls", False), ("tls", True)):
        server = SMTPReceiver(features=("AUTH PLAIN",), tls=shown, first=first)
        with server:
            action = EmailAction(
                "localhost", server.port, sender="hello@shop.example", templates=TEMPLATES, security=security, tls=trusted, login=("shop", "secret"), timeout=SOON
            )  # fmt: skip
            assert action(request()) == Done()

        assert (server.encrypted, server.logins) == ([True], ["\0shop\0secret"])


def test_a_strange_certificate_gets_nothing(tmp_path: Path) -> None:
    """Neither password nor e-mail."""
    shown, _ = certificate(tmp_path)
    server = SMTPReceiver(features=("AUTH PLAIN",), tls=shown)
    with server:
        given = sender(server.port, security="starttls", login=("shop", "secret"))(request())

    assert isinstance(given, Retry)
    assert (server.logins, server.messages) == ([], [])


def test_without_encryption_nothing_is_sent_where_it_is_asked_for() -> None:
    """A server that has lost its STARTTLS, or whose line somebody has cut it out of."""
    server = SMTPReceiver()
    with server:
        given = sender(server.port, security="starttls")(request())

    assert isinstance(given, Retry)
    assert "STARTTLS" in given.reason
    assert server.messages == []


def test_a_refused_password_says_nothing_about_the_email() -> None:
    """Half a million dead letters because a password has run out help nobody: it is tried again."""
    with SMTPReceiver({"AUTH": "535 wrong password"}, ("AUTH PLAIN",)) as there:
        given = sender(there.port, login=("shop", "old"))(request())

    assert given == Retry(None, "535 wrong password")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sender": "The Shop"}, "sender: 'The Shop' cannot write; write for example"),
        ({"sender": "Shop\r\nBcc: x@y.example <hello@shop.example>"}, "cannot write"),
        ({"everything_to": "nobody"}, "everything_to: 'nobody' is no address"),
        ({"security": "ssl"}, 'security: "ssl" is not known; write starttls, tls or none'),
        ({"unsubscribe": "http://shop.example/off"}, "begin it with https://"),
        ({"unsubscribe": "https://shop.example/o ff"}, "begin it with https://"),
        (
            {"templates": {"welcome": "Hello {name}"}},
            "templates: \"welcome\" is 'Hello {name}'; give a Template, or a function of the request",
        ),
    ],
)
def test_what_cannot_work_is_refused_at_once(options: dict[str, Any], words: str) -> None:
    """When the action is made, not when the first customer is due."""
    with pytest.raises(DefinitionError) as caught:
        sender(25, **options)

    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["Hello {name or there}", "Hello {customer.name}", "Hello {name or 'it's me'}"])
def test_what_looks_like_a_gap_and_is_none_is_refused(text: str) -> None:
    """Rather than sent to half a million customers."""
    with pytest.raises(DefinitionError, match=r"text: .* is no gap; write \{name\}, or \{name or 'there'\}"):
        Template(subject="Hi", text=text)
