"""The action that posts its request, signed, to a receiver of the host's or of a provider's."""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult, urlsplit

from journeykit.actions.addresses import PrivateAddressError, connect, is_within, networks
from journeykit.actions.deadline import Deadline, Listening
from journeykit.actions.signing import Signer, message_id
from journeykit.errors import DefinitionError
from journeykit.model.messages import ActionRequest, Answer, Done, Failed, Retry, words

logger = logging.getLogger("journeykit.actions")

_AGAIN = frozenset({408, 425, 429})  #: refusals that say "not now"
_LONGEST_WAIT = 86_400.0  #: seconds; a receiver may ask for a day, and no more
_HEADERS = 300_000  #: bytes that status and headers of an answer may have
_OURS = frozenset({"content-type", "content-length", "host", "connection", "transfer-encoding"})
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PRINTED = re.compile(r"[\x20-\x7e]*")


class _Heard(NamedTuple):
    """What a receiver answered."""

    status: int
    headers: dict[str, str]  #: by their names in small letters
    body: bytes
    whole: bool


class WebhookAction:
    """
    Posts each request as JSON, signed after the Standard Webhooks specification.

    The receiver sees ``webhook-id`` (the idempotency key: what it has seen, it need not do again), ``webhook-timestamp`` and
    ``webhook-signature``. The body is the same at every attempt::

        {"type": "sms", "timestamp": "2026-03-02T09:00:00+00:00", "data": {"customer_id": "ann", "journey": "trial",
         "idempotency_key": "ann/trial//1/2/0", "deadline": null, "parameters": {"text": "Hello Ann"}}}

    A status of 2xx is `Done`, with an event where the body is ``{"event": "Sms Sent", "properties": {...}}`` and that event is one
    of *events*; 408, 425, 429, 5xx and whatever goes wrong on the way are `Retry`, after as long as ``Retry-After`` asks;
    everything else is `Failed`, a redirect too: none is followed.

    Only public addresses are connected to, and only over TLS; in networks that are *allowed*, any address, and plain HTTP. The
    variables of the environment that name a proxy are not looked at.

    Args:
        url: where to: ``https://...``, or a function of the request that gives it.
        secret: ``whsec_`` and 24 to 64 bytes in base64; several while a new one is brought in.
        timeout: seconds for the whole exchange, however slowly the receiver answers. Asking for the address of a name is the one
            thing that cannot be cut short.
        events: names of the events that the receiver may answer.
        allow: networks of the host's own that may be connected to: ``["10.1.0.0/16"]``.
        headers: more headers, such as ``{"Authorization": "Bearer ..."}``.
        most: bytes of an answer that are read. What is longer carries no event.
        tls: another `ssl.SSLContext`, for certificates of one's own.

    Raises:
        DefinitionError: one of these cannot be used.
    """

    def __init__(
        self,
        url: str | Callable[[ActionRequest], str],
        secret: str | Iterable[str],
        *,
        timeout: float = 15.0,
        events: Iterable[str] = (),
        allow: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        most: int = 65_536,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = _split(url) if isinstance(url, str) else url
        self._sign = Signer(secret)
        self._timeout = timeout
        self._events = frozenset(events)
        self._allowed = networks(allow)
        self._headers = _checked(headers or {})
        self._most = most
        self._tls = tls or ssl.create_default_context()

    def __call__(self, request: ActionRequest, /) -> Answer:
        """Post *request*."""
        try:
            url = self._url if isinstance(self._url, SplitResult) else _split(self._url(request))
            return self._answer(self._post(url, request))
        except (DefinitionError, PrivateAddressError) as error:
            return Failed(error)
        except (OSError, HTTPException, UnicodeError) as error:
            return Retry(reason=f"{type(error).__name__}: {words(error)}")

    # -- asking --------------------------------------------------------------------------------------------------------

    def _post(self, url: SplitResult, request: ActionRequest) -> _Heard:
        deadline = Deadline(self._timeout)
        sock = self._connected(url, deadline)
        try:
            sock.settimeout(deadline.left())
            connection = HTTPConnection("")
            connection.sock = sock
            body = _body(request)
            connection.request("POST", _target(url), body, {**self._headers, **self._signed(request, body), **_plain(url)})
            return self._hear(sock, deadline)
        finally:
            sock.close()

    def _connected(self, url: SplitResult, deadline: Deadline) -> socket.socket:
        host = str(url.hostname)
        sock = connect(host, url.port or (443 if url.scheme == "https" else 80), self._allowed, deadline)
        try:
            if url.scheme == "https":
                sock.settimeout(deadline.left())
                return self._tls.wrap_socket(sock, server_hostname=host)
            if not is_within(sock, self._allowed):
                raise DefinitionError(
                    f'url: "{_told(url)}" is not encrypted; write https://, or allow the network of {host} where it is yours'
                )
        except BaseException:
            sock.close()
            raise
        return sock

    def _signed(self, request: ActionRequest, body: bytes) -> dict[str, str]:
        known, now = message_id(request.idempotency_key), int(time.time())
        return {"webhook-id": known, "webhook-timestamp": str(now), "webhook-signature": self._sign(known, now, body)}

    def _hear(self, sock: socket.socket, deadline: Deadline) -> _Heard:
        listening = Listening(sock, deadline, _HEADERS + self._most)
        response = HTTPResponse(cast("socket.socket", listening), method="POST")
        with response:
            response.begin()
            body = response.read(self._most + 1)
            if response.length and len(body) <= self._most:
                raise IncompleteRead(body, response.length)
            return _Heard(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                body[: self._most],
                len(body) <= self._most,
            )

    # -- answering -----------------------------------------------------------------------------------------------------

    def _answer(self, heard: _Heard) -> Answer:
        status = heard.status
        if 200 <= status < 300:
            return self._done(heard)
        if status in _AGAIN or status >= 500:
            return Retry(_wait(heard.headers.get("retry-after")), f"HTTP {status}{_said(heard)}")
        if 300 <= status < 400:
            return Failed(f"HTTP {status}: redirects are not followed; it leads to {heard.headers.get('location', 'nowhere')!r:.200}")
        return Failed(f"HTTP {status}{_said(heard)}")

    def _done(self, heard: _Heard) -> Done:
        said = _read(heard.body) if heard.whole else {}
        event = said.get("event")
        if not heard.whole:
            logger.warning("a webhook was answered with more than %d bytes; what they say is not read", self._most)
        elif isinstance(event, str) and event in self._events:
            return Done(event, said.get("properties", {}))
        elif event is not None:
            logger.warning("a webhook answered an event that is not one of its events: %.60r", event)
        return Done()


def _split(url: object) -> SplitResult:
    """The parts of *url*; raise `DefinitionError` where it is not one to post to."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        raise DefinitionError(f'url: {words(url, repr):.80} is no address; write for example "https://shop.example/hooks"')
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise DefinitionError(f'url: "{url:.80}" is no address to post to; write for example "https://shop.example/hooks"')
    if parts.username is not None:
        raise DefinitionError(f'url: "{_told(parts)}" holds a password; give it as headers={{"Authorization": ...}}')
    return parts


def _told(url: SplitResult) -> str:
    """The address without what is secret in it."""
    return f"{url.scheme}://{url.hostname}{url.path}"


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def _plain(url: SplitResult) -> dict[str, str]:
    return {"Host": url.netloc, "Content-Type": "application/json", "Connection": "close", "User-Agent": "journeykit"}


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise DefinitionError(f'headers: "{name:.60}" cannot be set; name another header')
        if not _PRINTED.fullmatch(value):
            raise DefinitionError(f'headers: the value of "{name}" is no plain text in one line')
    return dict(headers)


def _body(request: ActionRequest) -> bytes:
    data: dict[str, Any] = {
        "customer_id": request.customer_id,
        "journey": request.journey,
        "idempotency_key": request.idempotency_key,
        "deadline": None if request.deadline is None else request.deadline.isoformat(),
        "parameters": request.parameters,
    }
    whole = {"type": request.action, "timestamp": request.requested_at.isoformat(), "data": data}
    return json.dumps(whole, separators=(",", ":")).encode()


def _wait(asked: str | None) -> float | None:
    """The seconds that a ``Retry-After`` asks for: a number, or a date."""
    if asked is None:
        return None
    try:
        seconds = float(asked) if asked.strip().isdecimal() else _moment(asked) - time.time()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_WAIT) if seconds > 0 else None


def _moment(text: str) -> float:
    at = parsedate_to_datetime(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _read(body: bytes) -> dict[str, Any]:
    """The mapping that *body* is as JSON; nothing where it is none."""
    try:
        said = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _said(heard: _Heard) -> str:
    """The beginning of what the receiver said to a refusal, for people to read."""
    text = " ".join(heard.body[:200].decode("utf-8", "replace").split())
    return f": {text}" if text else ""
