"""Published journeys under random events, rehearsed: whatever was recorded comes out the same, and goes the same way again."""

from __future__ import annotations

import pytest

from journeykit.rehearsal import Recorded, replay, what_if
from recipes.test_random_events import FILES, RUNNING, Run, stories


@pytest.mark.parametrize("name", RUNNING)
def test_a_recipe_comes_out_the_same(name):
    """Decided again from the log, and sent through the same journeys once more: nobody is different, nobody goes another way."""
    for seed, story in stories(name):
        run = Run(FILES[name]).tell(story).finish(story)

        again = replay(FILES[name], run.storage)
        same = what_if(FILES[name], FILES[name], Recorded(run.storage))

        assert (again.differences, again.left_out, again.broken) == ((), 0, ()), f"{name}, seed {seed}"
        assert again.customers == same.customers > 0, f"{name}, seed {seed}"
        assert (same.changed, same.events > 5) == (0, True), f"{name}, seed {seed}"
