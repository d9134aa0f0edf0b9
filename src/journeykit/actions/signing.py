"""Signatures after Standard Webhooks 1.0: who may have sent this, when, and that nobody has changed it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote

from journeykit.errors import DefinitionError

_SHORTEST, _LONGEST = 24, 64  #: bytes of a key, as the specification says
_PREFIX = "whsec_"


class Signer:
    """
    Signs with one key, or with several while a new one is brought in.

    Args:
        secrets: ``whsec_`` and 24 to 64 bytes in base64; one, or several of which a receiver knows at least one.

    Raises:
        DefinitionError: one of them is no such secret. The error does not repeat it.
    """

    def __init__(self, secrets: str | Iterable[str]) -> None:
        texts = [secrets] if isinstance(secrets, str) else list(secrets)
        if not texts:
            raise DefinitionError('secret: there is none; give one, for example "whsec_" and 32 random bytes in base64')
        self._keys = [_key(text) for text in texts]

    def __call__(self, message_id: str, timestamp: int, body: bytes) -> str:
        """The header ``webhook-signature``."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in self._keys)
        return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise DefinitionError(f'secret: it is no "{_PREFIX}" with {_SHORTEST} to {_LONGEST} bytes in base64 behind it; make one anew')
    return key


def message_id(idempotency_key: str) -> str:
    """
    *idempotency_key* as a ``webhook-id``.

    It goes through a header, and the specification wants no full stop in it: all but letters, digits and ``/:@_-`` is
    percent-encoded.
    """
    return quote(idempotency_key, safe="/:@_-", errors="surrogatepass").replace(".", "%2E").replace("~", "%7E")
