"""When two requests for an action are the same to whoever gets them, although two enrollments have asked for them (P20)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from journeykit.core.definitions.survey import Survey
from journeykit.model.conditions import template_expressions
from journeykit.model.journey import Do, Journey

SPENT = "spent"  #: the owner of a request that somebody has had already; it is dropped


def likeness(journey: Journey, action: str, parameters: Mapping[str, Any]) -> str:
    """
    A text that two requests of *journey* have in common where they ask for the same.

    Parameters that some request for that action works out, a name or a total, say nothing: they were worked out for two customers.
    """
    asked = [act.do for act in Survey(journey).acts if isinstance(act.do, Do) and act.do.action == action]
    worked_out = {name for do in asked for name, value in do.parameters.items() if template_expressions(value)}
    return json.dumps([action, {name: value for name, value in parameters.items() if name not in worked_out}], sort_keys=True)
