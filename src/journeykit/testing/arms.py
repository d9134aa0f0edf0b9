"""The experiments of an engine by name, so that a test can say which arm somebody is in."""

from __future__ import annotations

from collections.abc import Mapping

from journeykit.core.compiling.policies import HELD_OUT, TREATED, experiment
from journeykit.core.definitions.outline import places, scopes
from journeykit.errors import UnknownError
from journeykit.model.journey import Journey
from journeykit.model.phrases import Split, suggestion
from journeykit.runtime.definitions import Definitions

Experiments = Mapping[str, tuple[str, ...]]  #: the arms of each, by its whole name: ``journey/experiment``, ``holdout/name``


def experiments(definitions: Definitions) -> dict[str, tuple[str, ...]]:
    """Every experiment and holdout of *definitions*, with its arms."""
    found: dict[str, tuple[str, ...]] = {}
    for compiled in definitions.compiled.journeys.values():
        for name, split in splits(compiled.journey):
            arms = tuple(target for target, _ in split.shares)
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *arms)))
    held = (policy.name for policy in definitions.catalog.policies if policy.kind == "holdout")
    return found | {experiment(name): (HELD_OUT, TREATED) for name in held}


def found(known: Experiments, name: str, arm: str) -> str:
    """
    The whole name of an experiment.

    Args:
        known: all there are.
        name: its whole name, or the part behind the journey where that says it.
        arm: one of its arms.

    Raises:
        UnknownError: there is no such experiment, there are several, or it has no such arm.
    """
    meant = [whole for whole in known if name in (whole, whole.partition("/")[2])]
    if len(meant) != 1:
        listed = ", ".join(meant or known) or "none"
        near = suggestion(name, [part for whole in known for part in (whole, whole.partition("/")[2])])
        raise UnknownError(
            f'several experiments are called "{name}": {listed}' if meant else f'no experiment "{name}"; there are {listed}{near}'
        )
    arms = known[meant[0]]
    if arm not in arms:
        raise UnknownError(f'experiment {meant[0]} has no arm "{arm}"; there are {", ".join(arms)}{suggestion(arm, arms)}')
    return meant[0]


def splits(journey: Journey) -> list[tuple[str, Split]]:
    """Every split of *journey*, with the whole name of its experiment."""
    stops = [(place.step.name, place.onward) for place in places(journey)]
    stops += [(scope.name, onward) for scope, _, onward in scopes(journey)]
    return [(f"{journey.name}/{onward.experiment or source}", onward) for source, onward in stops if isinstance(onward, Split)]
