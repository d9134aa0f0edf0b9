"""All numbers agree with a few lines of plain Python, on both engines, whatever happened in whatever order."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insight_facts import SHOP, STORIES, ZONE, periods, told
from insight_lives import ENGINES, EXAMPLES
from journeykit.insight.figures import Figure, Slice
from journeykit.insight.measures import MEASURES
from reference_numbers import Reference

NUMBERS = [measure for measure in MEASURES if measure.group != "journey"]


def shown(figures: list[Figure]) -> Any:
    """Figures as the reference tells them."""
    if figures and figures[0].by is not None:
        return {one.by: (one.count, one.of) for one in figures}
    return (figures[0].count, figures[0].of) if figures else {}


def test_every_number_is_what_a_few_lines_of_python_say() -> None:
    """Stories of up to forty events, looked at in a period that cuts off their ends."""
    seen: Counter[str] = Counter()

    @settings(max_examples=max(100, EXAMPLES) // len(STORIES))
    @given(st.data(), st.sampled_from(ENGINES))
    def agree(kinds: tuple[str, ...], data: Any, make: Any) -> None:
        shop = data.draw(told(kinds))
        when = data.draw(periods(shop))
        insight = shop.insight(make, SHOP)
        reference = Reference(shop.facts, when.begin, when.end, zone=ZONE, churn=SHOP.churn)
        for measure in NUMBERS:
            found = shown(insight.figures(measure.name, Slice(when)))
            assert found == getattr(reference, measure.name.lower().replace(" ", "_").replace("-", "_"))(), measure.name
            seen[measure.name] += bool(found and (isinstance(found, dict) or found[0]))
        insight.lake.close()

    for kinds in STORIES:
        agree(kinds)
    assert len([measure.name for measure in NUMBERS if not seen[measure.name]]) <= 2, "nothing, in every story"
