"""
Invented journeys and stories for property tests with hypothesis.

Names come from small pools, so that transitions, exits and entries compete for the same events, and the gaps of a story are
made of the waits of its journey, so that events and timers often fall on the same instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from journeykit.core.checks.problems import problems
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Journey, On
from journeykit.model.phrases import Aggregate
from journeykit.model.policies import Policy
from journeykit.model.wait import Wait
from journeykit.testing.drafts import (
    BEGIN,
    CONDITIONS,
    CUSTOMERS,
    EVENTS,
    FACTS,
    POLICIES,
    SHOP,
    STANDING,
    TRICKY,
    VALUES,
    Author,
    Room,
    draft,
    wait_texts,
)

__all__ = [
    "BEGIN", "CUSTOMERS", "EVENTS", "SHOP", "Told", "actions", "catalogs", "expressions", "journeys", "json_values", "ons_of",
    "parts", "stories", "waits", "waits_of",
]  # fmt: skip


class Told(NamedTuple):
    """One event of a story: accepted *gap* seconds after the one before, having occurred *late* seconds earlier than that."""

    gap: int
    name: str
    properties: dict[str, Any]
    customer: str
    id: str
    late: int = 0


def expressions() -> SearchStrategy[Expression]:
    """Conditions and values over the names of the pools."""
    atoms = st.sampled_from((*CONDITIONS, *STANDING, *VALUES[:-1])).map("({})".format)
    return st.recursive(atoms, _combined, max_leaves=4).map(Expression)


def _combined(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    pairs = st.tuples(inner, st.sampled_from(("and", "or", "==", "!=")), inner).map(" ".join)
    return (pairs | inner.map("not {}".format)).map("({})".format)


def waits(steps: Sequence[str] = ("first",), *, civil: bool = True) -> SearchStrategy[Wait]:
    """
    Waits of every kind.

    Args:
        steps: names to skip to.
        civil: whether those that need a zone are among them.
    """
    return st.sampled_from(wait_texts(steps, civil)).map(Wait)


def json_values() -> SearchStrategy[Any]:
    """JSON values of any shape, small; texts that look like something else are frequent."""
    floats = st.floats(allow_nan=False, allow_infinity=False)
    texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
    plain = st.none() | st.booleans() | st.integers() | floats | st.sampled_from(TRICKY) | texts
    keys = st.sampled_from((*TRICKY, "a", "b"))
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6)


def actions() -> SearchStrategy[Do]:
    """Requests for an action of the pool, with templates among their parameters."""
    return st.composite(lambda draw: Author(draw, Room()).action())()


def catalogs() -> SearchStrategy[Catalog]:
    """Catalogs over the pools."""
    kinds = st.sampled_from(("text", "number", "money", "flag", "moment", "list", "any"))
    messages = st.sampled_from(("marketing", "transactional", "none"))
    properties = st.dictionaries(st.sampled_from(("total", "no", "10")), kinds, max_size=2)
    return st.builds(
        Catalog,
        events=st.dictionaries(st.sampled_from(EVENTS), properties, max_size=2),
        traits=st.dictionaries(st.sampled_from(("plan", "on", "age")), kinds, max_size=2),
        facts=st.dictionaries(st.sampled_from(("orders", "spent")), st.sampled_from(FACTS).map(Aggregate), max_size=2),
        actions=st.dictionaries(st.sampled_from(("email", "start here")), messages, max_size=2),
        policies=st.lists(st.sampled_from(POLICIES).map(Policy), max_size=3),
    )


def journeys(name: str = "invented", *, civil: bool = True) -> SearchStrategy[Journey]:
    """
    Journeys that compile together with the catalog `SHOP`.

    Args:
        name: the name of each.
        civil: whether they may need a time zone; elapsed time only where not.
    """
    drafts = st.composite(lambda draw: draft(draw, name, civil))()
    return drafts.filter(lambda journey: not any(problems([journey], SHOP)))


def stories(journey: Journey, *, most: int = 12) -> SearchStrategy[list[Told]]:
    """
    Stories of up to *most* events out of the vocabulary of *journey*, some told twice, some late; ``$identify`` is what becomes known.

    The gaps are the waits of the journey, a second more, a second less, or nothing; a story begins at `BEGIN` or wherever.
    """
    gaps = sorted({0, 1, 3600} | {seconds + more for wait in waits_of(journey) if (seconds := abs(wait.seconds)) for more in (-1, 0, 1)})
    names = sorted({on.event for on in ons_of(journey) if on.event} | {EVENTS[0], "$identify"})
    names += ["$identify"] * len(names) if journey.each else []

    def told(raw: Told) -> Told:
        name = names[int(raw.name) % len(names)]
        return raw._replace(
            gap=gaps[raw.gap % len(gaps)], name=name, properties=_known(raw.properties) if name[0] == "$" else raw.properties
        )

    return st.lists(_raw(), min_size=1, max_size=most).map(lambda story: [told(raw) for raw in story])


def _known(properties: dict[str, Any]) -> dict[str, Any]:
    """What becomes known about a customer, made of the properties of an event."""
    traits: dict[str, Any] = {name: properties[name] for name in ("plan", "cards") if name in properties}
    if "start" in properties:
        traits["birthday"] = properties["start"]
    return {"traits": traits} | ({"zone": "Asia/Tokyo"} if properties.get("total") == 250 else {})


@cache
def _raw() -> SearchStrategy[Told]:
    """Events whose gap and name are still numbers; made once, since making strategies is what takes time."""
    optional = {
        "total": st.sampled_from((0, 50, 100, 250)),
        "plan": st.sampled_from(("gold", "free")),
        "start": st.sampled_from(("2026-03-29T03:00:00+02:00", "2026-03-29 02:30", "2026-03-30", "2026-05-31T10:00:00Z")),
        "friend": st.sampled_from(CUSTOMERS),
        "cart_id": st.sampled_from(("c1", "c1", "c2")),
        "cards": st.sampled_from(
            ([], [{"id": "c1", "ends": "2026-03-29"}], [{"id": "c1"}, {"id": "c2", "n": 2}], [{"id": 7}, {"id": "c2"}])
        ),
    }
    return st.builds(
        Told,
        gap=st.integers(0, 1000),
        name=st.integers(0, 1000).map(str),
        properties=st.fixed_dictionaries({}, optional=optional),
        customer=st.sampled_from(CUSTOMERS),
        id=st.integers(0, 30).map("e{}".format),  # the same id now and then: told twice
        late=st.sampled_from((0, 0, 0, 0, 1, 7200, 10 * 86_400)),
    )


# What a journey holds


def parts(value: Any) -> Iterator[Any]:
    """Every value of the model inside *value*, itself included."""
    if isinstance(value, (tuple, list)):
        for inner in value:
            yield from parts(inner)
    elif isinstance(value, dict):
        yield from parts(list(value.values()))
    elif hasattr(type(value), "__attrs_attrs__"):
        yield value
        yield from parts([getattr(value, attribute.name) for attribute in type(value).__attrs_attrs__ if attribute.init])


def waits_of(journey: Journey) -> list[Wait]:
    """Every wait of *journey*."""
    return [part for part in parts(journey) if isinstance(part, Wait)]


def ons_of(journey: Journey) -> list[On]:
    """Every signal that *journey* waits for."""
    return [part for part in parts(journey) if isinstance(part, On)]
