"""The policy that keeps the shop polite."""

from __future__ import annotations

from datetime import timedelta

from journeykit import Defer, Drop, Permit
from journeykit.model.policies import Question


def manners(question: Question, /) -> Permit | Defer | Drop:
    """
    Writes nothing to whoever has asked for silence, and waits a day for whoever is on holiday.

    A catalog names it among its policies: ``policies: [extras.manners]``.

    Args:
        question: the message, the customer and the moment.
    """
    if question.customer.get("wants_silence"):
        return Drop("wants silence")
    if question.customer.get("on_holiday"):
        return Defer(question.now + timedelta(days=1), "on holiday")
    return Permit()
