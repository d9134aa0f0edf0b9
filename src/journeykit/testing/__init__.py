"""
For host applications and plugin authors: what tests need.

What stands here is imported when it is first asked for, since pytest loads this package in every project beside which it is installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeykit.testing.approvals import approve
    from journeykit.testing.boundary import Boundary, boundaries
    from journeykit.testing.fakes import Attempt, Performed, Recorder, answers, failing, hanging
    from journeykit.testing.receivers import SMTPReceiver, WebhookReceiver
    from journeykit.testing.scenario import Scenario

__all__ = [
    "Attempt",
    "Boundary",
    "Performed",
    "Recorder",
    "SMTPReceiver",
    "Scenario",
    "WebhookReceiver",
    "answers",
    "approve",
    "boundaries",
    "failing",
    "hanging",
]

_WHERE = {
    "Attempt": "fakes",
    "Boundary": "boundary",
    "Performed": "fakes",
    "Recorder": "fakes",
    "SMTPReceiver": "receivers",
    "Scenario": "scenario",
    "WebhookReceiver": "receivers",
    "answers": "fakes",
    "approve": "approvals",
    "boundaries": "boundary",
    "failing": "fakes",
    "hanging": "fakes",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
