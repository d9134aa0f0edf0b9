"""
Expressions, and what each gives for one and the same customer: as a value, where missing values may be, and as a condition.

An expression stands alone on its line in ``approved/values.txt``; ``--journeykit-approve`` fills in what stands under a new one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.test_expressions import SEEN, resolve
from journeykit.core.expressions.expressions import compile_condition, compile_expression, plain
from journeykit.errors import JourneykitError
from journeykit.model.conditions import Expression
from journeykit.testing.approvals import approve

FILE = Path(__file__).parent / "approved" / "values.txt"


def shown(text: str) -> str:
    """The expression with what it gives."""
    expression = Expression(text)
    lines = []
    for make in (
        lambda: compile_expression(expression, resolve),
        lambda: compile_expression(expression, resolve, lenient=True),
        lambda: compile_condition(expression, resolve),
    ):
        try:
            value = make()(SEEN)
            lines.append(repr(value if isinstance(value, bool) else plain(value)))
        except JourneykitError as error:
            lines.append(f"{type(error).__name__}: {error}")
    return "\n    ".join([text, *dict.fromkeys(lines)])


def test_an_expression_gives_what_it_has_always_given(request: pytest.FixtureRequest) -> None:
    """Values, and the words of every refusal."""
    expressions = [line for line in FILE.read_text("utf-8").splitlines() if line and not line.startswith("    ")]

    assert len(expressions) > 300
    approve("\n".join(map(shown, expressions)), FILE, write=request.config.getoption("journeykit_approve", default=False))
