"""The action that issues a coupon."""

from __future__ import annotations

from hashlib import sha256

from journeykit import ActionRequest, Done, Failed


class Coupon:
    """
    Issues a coupon once, however often it is asked: the code is made from the idempotency key.

    A journey asks with ``do: {extras.coupon: {percent: 10}}`` and waits for ``Coupon Created``.
    """

    def __call__(self, request: ActionRequest, /) -> Done | Failed:
        """Answer the code."""
        percent = request.parameters.get("percent", 10)
        if not isinstance(percent, int) or not 0 < percent <= 50:
            return Failed(reason=f"{percent!r} is no discount; give a whole number from 1 to 50")
        code = sha256(request.idempotency_key.encode()).hexdigest()[:8].upper()
        return Done("Coupon Created", {"code": f"SAVE{percent}-{code}", "percent": percent})
