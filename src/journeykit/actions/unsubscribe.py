"""Links by which customers unsubscribe, and that nobody else can make for them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import NamedTuple

from journeykit.errors import DefinitionError
from journeykit.model.messages import ActionRequest

_PURPOSE = b"journeykit unsubscribe\n"  #: so that a signature made for something else with the same secret is none of these
_SHORTEST = 16  #: characters of a secret
_SIGNED = 16  #: bytes of a signature


class Wish(NamedTuple):
    """Who wants to hear no more, and through which action: the channel whose consent ends."""

    customer_id: str
    channel: str


class UnsubscribeLinks:
    """
    Makes the link of an e-mail, and reads it when it comes back: ``EmailAction(..., unsubscribe=links)``.

    The link names customer and action and is signed, so that whoever changes the name in it unsubscribes nobody. It works for
    ever: an e-mail may be opened years later.

    Args:
        address: the page of the host's that takes the wish: ``https://shop.example/off``; the wish is added as ``wish=...``.
        secret: at least 16 random characters that the host keeps for itself.

    Raises:
        DefinitionError: the secret is too short.
    """

    def __init__(self, address: str, secret: str) -> None:
        if len(secret) < _SHORTEST:
            raise DefinitionError(f"secret: it has fewer than {_SHORTEST} characters; make it longer, and of random ones")
        self._address = address + ("&" if "?" in address else "?")
        self._secret = secret.encode()

    def __call__(self, request: ActionRequest, /) -> str:
        """The link for whom *request* is addressed to."""
        wish = json.dumps([request.customer_id, request.action], separators=(",", ":")).encode()
        return f"{self._address}wish={_text(self._signature(wish) + wish)}"

    def read(self, wish: str) -> Wish | None:
        """Read what came back as ``wish``; None where it is none of ours."""
        try:
            signed = base64.b64decode(wish + "=" * (-len(wish) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, meant = signed[:_SIGNED], signed[_SIGNED:]
        if not hmac.compare_digest(signature, self._signature(meant)):
            return None
        return Wish(*json.loads(meant))

    def _signature(self, wish: bytes) -> bytes:
        return hmac.new(self._secret, _PURPOSE + wish, hashlib.sha256).digest()[:_SIGNED]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
