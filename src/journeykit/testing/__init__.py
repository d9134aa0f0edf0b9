"""For host applications and plugin authors: what tests need."""

from __future__ import annotations

from journeykit.testing.scenario import Scenario

__all__ = ["Scenario"]
