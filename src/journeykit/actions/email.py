"""The action that sends an e-mail over SMTP."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote

from attrs import frozen

from journeykit.actions.addresses import EVERYWHERE, connect
from journeykit.actions.deadline import Deadline, Listening
from journeykit.actions.templates import POLICY, Template, Templates, UnsendableError, Writer, fill, gaps
from journeykit.errors import DefinitionError
from journeykit.model.messages import ActionRequest, Answer, Done, Failed, Retry, words

Security = Literal["starttls", "tls", "none"]

_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_LONGEST_TALK = 1_000_000  #: bytes that a server may say
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f.]+(?:\.[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f.]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_LINK = re.compile(r"https://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")


@frozen
class _Letter:
    """An e-mail ready to go, and whom the server is told it is for."""

    message: EmailMessage
    recipient: str


class EmailAction:
    """
    Sends each request as one e-mail, through an SMTP server.

    Of the request's parameters it reads ``template``, ``to`` (the address) and ``language`` (``de``, ``pt-BR``); the others stand in
    the template's gaps. What cannot be sent, such as a wrong address or a missing value, is `Failed` with the reason. A
    server's 4xx is `Retry` and its 5xx `Failed`; whatever goes wrong before the e-mail is handed over, a refused password among
    it, is `Retry`.

    A repeat carries the ``Message-ID`` of the first attempt, which is made from the idempotency key.

    Args:
        host: the server.
        port: its port; 587, 465 or 25 where not said, as *security* has it.
        sender: who writes: ``"Shop <hello@shop.example>"``.
        templates: `Template` values, or functions from the request to an `email.message.EmailMessage`, by name; a template in a
            language has it behind a full stop: ``"welcome.de"``. Or one function that writes every e-mail.
        address: a function of the request that gives the address, or None where there is none; without it ``to`` is the address.
        unsubscribe: the address at which one click unsubscribes, ``"https://shop.example/off?who={customer_id}"``, or a
            function of the request that gives it, or None for an e-mail without. Templates see it as ``{unsubscribe}``.
        everything_to: the one address to which everything goes instead, for trying out; the real one is in ``X-Original-To``.
        event: the name of the event to answer, with ``message_id`` and ``template``, or None for no event.
        login: user and password.
        security: ``starttls``, ``tls`` from the first byte on, or ``none``.
        tls: another `ssl.SSLContext`, for certificates of one's own.
        timeout: seconds for the whole conversation. Asking for the address of *host* is the one thing that cannot be cut short.

    Raises:
        DefinitionError: one of these cannot be used.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        sender: str,
        templates: Mapping[str, Template | Writer] | Writer,
        address: Callable[[ActionRequest], str | None] | None = None,
        unsubscribe: str | Callable[[ActionRequest], str | None] | None = None,
        everything_to: str | None = None,
        event: str | None = None,
        login: tuple[str, str] | None = None,
        security: Security = "starttls",
        tls: ssl.SSLContext | None = None,
        timeout: float = 30.0,
    ) -> None:
        if security not in _PORTS:
            raise DefinitionError(f'security: "{security}" is not known; write starttls, tls or none')
        self._server = (host, port or _PORTS[security])
        self._security = security
        self._sender = _sender(sender)
        self._templates = Templates(templates)
        self._address = address or (lambda request: request.parameters.get("to"))
        self._unsubscribe = _link_maker(unsubscribe)
        self._everything_to = None if everything_to is None else _declared("everything_to", everything_to)
        self._event = event
        self._login = login
        self._tls = tls or ssl.create_default_context()
        self._timeout = timeout

    def __call__(self, request: ActionRequest, /) -> Answer:
        """Send *request*."""
        try:
            letter = self._written(request)
        except UnsendableError as error:
            return Failed(error)
        answer = self._sent(letter)
        if self._event is None or not isinstance(answer, Done):
            return answer
        return Done(self._event, {"message_id": letter.message["Message-ID"], "template": request.parameters.get("template")})

    # -- writing -------------------------------------------------------------------------------------------------------

    def _written(self, request: ActionRequest) -> _Letter:
        recipient = usable_address(self._address(request))
        link = self._unsubscribe(request)
        message = self._templates.write(request, {} if link is None else {"unsubscribe": link})
        _check(message)
        key = sha256(request.idempotency_key.encode("utf-8", "surrogatepass")).hexdigest()
        self._head(message, recipient, f"<{key[:40]}@{self._sender.domain}>")
        if link is not None:
            _set(message, "List-Unsubscribe", f"<{link}>")
            _set(message, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        return _Letter(message, self._everything_to or recipient)

    def _head(self, message: EmailMessage, recipient: str, message_id: str) -> None:
        message.policy = POLICY
        if message["From"] is None:
            message["From"] = self._sender
        _set(message, "To", self._everything_to or recipient)
        if self._everything_to is not None:
            _set(message, "X-Original-To", recipient)
        for name in ("Cc", "Bcc"):  # one request reaches one person
            del message[name]
        _set(message, "Message-ID", message_id)
        _set(message, "Date", formatdate(localtime=True))

    @cached_property
    def _name(self) -> str:
        """What this machine calls itself to servers; finding out may take a look at the network."""
        return socket.getfqdn()

    # -- sending -------------------------------------------------------------------------------------------------------

    def _sent(self, letter: _Letter) -> Answer:
        try:
            client = self._connected(Deadline(self._timeout))
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            return Retry(reason=_told(error))
        try:
            client.send_message(letter.message, self._sender.addr_spec, [letter.recipient])
            with suppress(OSError, smtplib.SMTPException):  # it has been accepted, whatever is said afterwards
                client.quit()
            return Done()
        except smtplib.SMTPNotSupportedError as error:
            return Failed(_told(error))
        except (OSError, smtplib.SMTPException) as error:
            return Failed(_told(error)) if 500 <= _code(error) < 600 else Retry(reason=_told(error))
        finally:
            client.close()

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        """A client that the server would take an e-mail from."""
        client = _Client(*self._server, self._name, deadline, self._tls if self._security == "tls" else None)
        try:
            if self._security == "starttls":
                client.starttls(context=self._tls)
            if self._login is not None:
                client.login(*self._login)
        except BaseException:
            client.close()
            raise
        return client


class _Client(smtplib.SMTP):
    """
    A client that keeps to a deadline, however many addresses the server has and however slowly it talks.

    Args:
        host, port: the server.
        name: what this machine calls itself.
        deadline: until when.
        tls: what encrypts the connection from the first byte on; None where nothing does.
    """

    def __init__(self, host: str, port: int, name: str, deadline: Deadline, tls: ssl.SSLContext | None) -> None:
        self._deadline = deadline
        self._first = tls
        super().__init__(host, port, local_hostname=name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Where `smtplib` opens its connection, and `smtplib.SMTP_SSL` encrypts it."""
        del timeout
        sock = connect(host, port, EVERYWHERE, self._deadline)
        if self._first is None:
            return sock
        try:
            sock.settimeout(self._deadline.left())
            return self._first.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """What the server answers."""
        if self.file is None and self.sock is not None:
            self.file = Listening(self.sock, self._deadline, _LONGEST_TALK).makefile()
        return super().getreply()

    def send(self, s: Any) -> None:
        """Say *s*."""
        if self.sock is not None:
            self.sock.settimeout(self._deadline.left())
        super().send(s)


def _code(error: Exception) -> int:
    """The server's answer that *error* is about, nought where there was none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), 0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _told(error: Exception) -> str:
    """What the server said, or what went wrong."""
    code, said = _code(error), getattr(error, "smtp_error", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = next((said for _, said in error.recipients.values()), None)
    if code and said is not None:
        return f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    return f"{type(error).__name__}: {words(error)}"


# -- addresses and headers -------------------------------------------------------------------------------------------------


def usable_address(value: object) -> str:
    """
    *value* where it is the address of one person; a domain in other scripts becomes ASCII.

    Raises:
        UnsendableError: it is not.
    """
    if value is None or value == "":
        raise UnsendableError("no address; give the parameter to, or the action a function address")
    if not isinstance(value, str):
        raise UnsendableError(f"{value!r:.60} is no address; write for example ann@shop.example")
    local, _, domain = value.strip(" ").rpartition("@")
    if not domain.isascii():
        with suppress(UnicodeError):
            domain = domain.encode("idna").decode()
    if not _LOCAL.fullmatch(local) or len(local) > 64 or not _DOMAIN.fullmatch(domain) or len(domain) > 190:
        raise UnsendableError(f"{value!r:.100} is no address; write for example ann@shop.example")
    return f"{local}@{domain}"


def _declared(place: str, value: str) -> str:
    try:
        return usable_address(value)
    except UnsendableError as error:
        raise DefinitionError(f"{place}: {error}") from None


def _sender(text: str) -> Address:
    name, plain = parseaddr(text)
    try:
        if not text.isprintable():
            raise ValueError("more than one line")
        return Address(name, addr_spec=usable_address(plain))
    except (HeaderParseError, ValueError, UnsendableError):
        raise DefinitionError(f'sender: {text!r:.100} cannot write; write for example "Shop <hello@shop.example>"') from None


def _check(message: object) -> None:
    """Refuse what is no e-mail, and headers that would begin further ones."""
    if not isinstance(message, EmailMessage):
        raise UnsendableError(f"the template gave {words(message, repr):.60}; it gives an email.message.EmailMessage")
    for name, value in message.items():
        if not str(value).replace("\t", " ").isprintable():
            raise UnsendableError(f"the header {name} is {str(value)!r:.80}, which is more than one line of plain text")


def _set(message: EmailMessage, name: str, value: str) -> None:
    del message[name]
    message[name] = value


def _link_maker(given: str | Callable[[ActionRequest], str | None] | None) -> Callable[[ActionRequest], str | None]:
    """What gives the link that unsubscribes."""
    if given is None:
        return lambda request: None
    if callable(given):
        return lambda request: None if (link := given(request)) is None else _link(link)
    if not _LINK.fullmatch(fill(given, dict.fromkeys(gaps(given), "x"))):
        raise DefinitionError(f'unsubscribe: "{given:.100}" is no address that one click can reach; begin it with https://')
    return lambda request: _link(fill(given, _known(request), lambda value: quote(value, safe="")))


def _known(request: ActionRequest) -> dict[str, Any]:
    return {
        **request.parameters,
        "customer_id": request.customer_id,
        "journey": request.journey,
        "idempotency_key": request.idempotency_key,
    }


def _link(link: object) -> str:
    if not isinstance(link, str) or not _LINK.fullmatch(link):
        raise UnsendableError(f"{link!r:.100} is no address that one click can reach; begin it with https://")
    return link
