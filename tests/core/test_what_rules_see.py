"""What each name in a rule stands for, of somebody of whom all is known and of somebody of whom nothing is; and what plugins answer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from journeykit.core.definitions.extensions import Extensions
from journeykit.core.expressions.context import Context, Declared, Resolver, fact, fact_in_window, fact_since_entry
from journeykit.core.expressions.expressions import MISSING
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.calls import read_call
from journeykit.model.messages import Event
from journeykit.model.records import Enrollment, Facts

NOON = 1_772_452_800_000_000
AT_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = 3_600_000_000

KNOWN = Declared(
    {"spent": fact("spent 1", lambda state: (state or 0) + 1), "lately": fact_in_window("lately 1", lambda state, now: (state, now)), "seen": fact_since_entry("seen 1", lambda state: state or 0)},
    {"vip": lambda context: context.customer_id == "ann"},
)  # fmt: skip


def somebody() -> Context:
    """Ann, in a journey, with an event."""
    facts = Facts(
        "Europe/Berlin", "purchase", {"email": True, "sms": False},
        {"plan": "gold", "none": None, "cards": [{"id": "a"}, {"id": "b", "none": None}], "address": {"city": "Bonn", "none": None}, "id": "x"},
        {"spent 1": 4, "lately 1": 7}, {"j/test": "short", "other/test": "long"},
    )  # fmt: skip
    event = Event(
        "Order",
        id="o1",
        customer_id="ann",
        occurred_at="2026-03-02T11:00:00Z",
        properties={"total": 5, "none": None, "lines": [{"sku": "s1"}]},
    )
    context = Context("ann", facts, NOON, event)
    context.data = {"n": 3, "none": None, "list": ["x", "y"], "$since entry": {"seen 1": 9}}
    context.enrollment = Enrollment(
        "j", "k1", 1, "h", 1, "active", "in", 2, NOON - 3 * HOUR, NOON - 2 * HOUR, {}, scopes={"outer": (NOON - HOUR, 1)}
    )
    context.old, context.new = "silver", "gold"
    return context


def nobody() -> Context:
    """Somebody of whom nothing is known, who is nowhere, without an event."""
    return Context("eve", Facts(), NOON)


@pytest.mark.parametrize(
    ("path", "value", "otherwise"),
    [
        (("event", "total"), 5, MISSING), (("event", "none"), MISSING, MISSING), (("event", "never"), MISSING, MISSING),
        (("event", "lines", 0, "sku"), "s1", MISSING), (("event", "lines", 1, "sku"), MISSING, MISSING),
        (("event", "lines", -1, "sku"), "s1", MISSING), (("event", "lines", -2, "sku"), MISSING, MISSING), (("event", "lines", "sku"), MISSING, MISSING),
        (("event", "total", 0), MISSING, MISSING), (("event", "total", "x"), MISSING, MISSING),
        (("data", "n"), 3, MISSING), (("data", "none"), MISSING, MISSING), (("data", "list", 1), "y", MISSING), (("data", "list", 2), MISSING, MISSING),
        (("customer", "id"), "ann", "eve"), (("customer", "zone"), "Europe/Berlin", MISSING), (("customer", "stage"), "purchase", MISSING),
        (("customer", "plan"), "gold", MISSING), (("customer", "none"), MISSING, MISSING), (("customer", "plan", 0), MISSING, MISSING),
        (("customer", "cards", 1, "id"), "b", MISSING), (("customer", "cards", 1, "none"), MISSING, MISSING),
        (("customer", "cards", 1), {"id": "b", "none": None}, MISSING),
        (("customer", "address", "city"), "Bonn", MISSING), (("customer", "address", "none"), MISSING, MISSING), (("customer", "address", 0), MISSING, MISSING),
        (("customer", "spent"), 5, 1), (("customer", "lately"), (7, NOON), (None, NOON)), (("customer", "seen"), 9, 0),
        (("consent", "email"), True, MISSING), (("consent", "sms"), False, MISSING), (("consent", "fax"), MISSING, MISSING),
        (("segment", "vip"), True, False), (("arm", "test"), "short", MISSING), (("arm", "none"), MISSING, MISSING),
        (("signal", "name"), "Order", MISSING), (("signal", "id"), "o1", MISSING), (("signal", "occurred_at"), datetime(2026, 3, 2, 11, tzinfo=UTC), MISSING),
        (("signal", "old"), "silver", MISSING), (("signal", "new"), "gold", MISSING),
        (("journey", "key"), "k1", MISSING), (("journey", "entered_at"), datetime(2026, 3, 2, 9, tzinfo=UTC), MISSING),
        (("step", "entered_at"), datetime(2026, 3, 2, 10, tzinfo=UTC), MISSING), (("scope", "entered_at"), datetime(2026, 3, 2, 11, tzinfo=UTC), MISSING),
        (("now",), AT_NOON, AT_NOON), (("active", "cart"), (), ()),
    ],
)  # fmt: skip
def test_what_a_name_stands_for(path: tuple[Any, ...], value: Any, otherwise: Any) -> None:
    """A value, or nothing where there is none; what is null is not there either."""
    get = Resolver(KNOWN, "outer", "j")(path)

    assert get(somebody()) == value
    assert get(nobody()) == otherwise


def test_a_scope_that_is_not_open_was_not_entered() -> None:
    """Nor was one where no scope is."""
    for scope in ("inner", None):
        assert Resolver(KNOWN, scope, "j")(("scope", "entered_at"))(somebody()) is MISSING
    assert Resolver(KNOWN)(("arm", "test"))(somebody()) is MISSING


ROOTS = "event, signal, customer, consent, segment, data, arm, step, scope, journey, now"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (("evnt", "x"), f'"evnt" is not known; begin with {ROOTS}; did you mean "event"?'),
        (("xyzzy", "x"), f'"xyzzy" is not known; begin with {ROOTS}'),
        (("event",), '"event" alone says nothing; write for example "event.name"'),
        (("customer",), '"customer" alone says nothing; write for example "customer.name"'),
        (("signal", "nme"), 'no signal.nme; there are signal.name, signal.id, signal.occurred_at, signal.old, signal.new; did you mean "name"?'),
        (("journey", "x"), "no journey.x; there are journey.entered_at, journey.key"),
        (("step", "entred_at"), 'no step.entred_at; there are step.entered_at; did you mean "entered_at"?'),
        (("scope", "x"), "no scope.x; there are scope.entered_at"),
        (("segment", "vpi"), 'no segment.vpi; there are segment.vip; did you mean "vip"?'),
    ],
)  # fmt: skip
def test_names_that_there_are_not(path: tuple[Any, ...], problem: str) -> None:
    """What there is, and what may have been meant."""
    with pytest.raises(DefinitionError) as refused:
        Resolver(KNOWN)(path)
    assert str(refused.value) == problem


def test_where_no_segment_is_declared() -> None:
    """There is none; a version from before may still name one, and stumbles when it is asked."""
    with pytest.raises(DefinitionError) as refused:
        Resolver(Declared({}, {}))(("segment", "vip"))
    assert str(refused.value) == "no segment.vip; there is none"
    with pytest.raises(ConditionError) as asked:
        Resolver(KNOWN._replace(older=True))(("segment", "gone"))(somebody())
    assert str(asked.value) == "segment.gone is declared no more; declare it again as long as customers are on versions that read it"
    assert Resolver(KNOWN._replace(older=True))(("segment", "vip"))(somebody()) is True


def test_going_on_to_another_signal() -> None:
    """Nothing of the one before is left; where only an event is looked at there is always enough of everything."""
    context = somebody()
    context.look(None, 1, 2)
    assert (context.event, dict(context.properties), dict(context.data), context.enrollment, context.old, context.new) == (
        None,
        {},
        {},
        None,
        1,
        2,
    )
    event = Event("Told", id="t", customer_id="ann", occurred_at="2026-03-02T11:00:00Z", properties={"n": 1})
    context.look(event)
    assert (context.event, dict(context.properties), context.old, context.new) == (event, {"n": 1}, None, None)
    assert context.grant(object(), "because") is True


# -- plugins --------------------------------------------------------------------------------------------------------------------


class Broken(dict[str, Any]):
    """Packages of which one cannot be imported."""

    def get(self, name: str, otherwise: Any = None) -> Any:
        """As a mapping that imports when it is asked does."""
        if name == "broken":
            raise DefinitionError("it cannot be imported")
        return super().get(name, otherwise)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)


def visit(event: Event, page: object = None, other: object = None) -> object:
    """A trigger."""
    if page == "fail":
        raise ValueError("no such page")
    return event.properties.get("page") == page


visit.event = "Visited"  # type: ignore[attr-defined]


def payday(at: datetime, day: object) -> object:
    """A timer: it answers what it is given."""
    if day == "fail":
        raise ValueError("no such day")
    return at if day == "then" else day


PLUGINS = Extensions(Broken(visit=visit, silent=lambda event: True, broken=None), Broken(payday=payday, broken=None))


def test_which_event_a_name_stands_for() -> None:
    """A trigger wants to see its own; one that does not say which, or is not there, stands for itself as an event does."""
    names = ("Came", "visit('x')", "silent()", "gone('x')", "broken('x')")
    assert [PLUGINS.event(name) for name in names] == ["Came", "Visited", "silent()", "gone('x')", "broken('x')"]


def test_what_a_trigger_recognises() -> None:
    """What it says of the event, yes or no; nothing without an event; one that fails, or is not there, is told by its name."""
    context = somebody()
    context.look(Event("Visited", id="v", customer_id="ann", occurred_at="2026-03-02T11:00:00Z", properties={"page": "x"}))

    def holds(name: str, *arguments: Any) -> Any:
        return PLUGINS.recognises(name, lambda context: arguments)(context)

    assert [holds("visit", "x"), holds("visit", "y"), holds("visit", "x", "more")] == [True, False, True]
    for name, arguments, told in (
        ("visit", ["fail"], "trigger visit failed: ValueError: no such page"),
        ("gone", [], 'no trigger "gone" here; install or mend the package that brings it'),
        ("broken", [], 'no trigger "broken" here; install or mend the package that brings it'),
    ):
        with pytest.raises(ConditionError) as asked:
            holds(name, *arguments)
        assert str(asked.value) == told
    context.look(None)
    assert holds("visit", "x") is False


def test_which_moment_a_timer_gives() -> None:
    """A moment, a day or a text; nothing where it knows none; it is told the anchor as the clock shows it there."""

    def moment(name: str, *arguments: Any) -> Any:
        return PLUGINS.moment(name)(NOON, "Asia/Tokyo", arguments)

    assert moment("payday", "then").isoformat() == "2026-03-02T21:00:00+09:00"
    assert [moment("payday", day) for day in (AT_NOON, date(2026, 3, 1), "2026-03-01", "")] == [AT_NOON, date(2026, 3, 1), "2026-03-01", ""]
    assert moment("payday", None) is MISSING
    for name, arguments, told in (
        ("payday", ["fail"], "timer payday failed: ValueError: no such day"),
        ("payday", [0], "timer payday answered 0; a timer answers a moment, a date, or None"),
        ("payday", [["x" * 90]], f"timer payday answered ['{'x' * 58}; a timer answers a moment, a date, or None"),
        ("gone", [1], 'no timer "gone" here; install or mend the package that brings it'),
        ("broken", [1], 'no timer "broken" here; install or mend the package that brings it'),
    ):
        with pytest.raises(ConditionError) as asked:
            moment(name, *arguments)
        assert str(asked.value) == told


@pytest.mark.parametrize(
    ("kind", "call", "problems"),
    [
        ("trigger", "visit('x')", []),
        ("trigger", "visit()", []),
        ("trigger", "visit('x', 2)", []),
        ("trigger", "visit(1, 2, 3)", ["trigger visit does not take 3 arguments; it is visit(page=None, other=None)"]),
        ("timer", "payday(1)", []),
        ("timer", "payday()", ["timer payday does not take 0 arguments; it is payday(day)"]),
        ("timer", "payday(1, 2)", ["timer payday does not take 2 arguments; it is payday(day)"]),
        ("trigger", "silent()", ['trigger "silent" does not say which event it wants to see; give it an attribute event']),
        (
            "trigger",
            "silent(1)",
            [
                'trigger "silent" does not say which event it wants to see; give it an attribute event',
                "trigger silent does not take 1 argument; it is silent()",
            ],
        ),
        ("trigger", "vist('x')", ['no trigger "vist"; did you mean "visit"?']),
        ("timer", "visit('x')", ['no timer "visit"; there are broken, payday']),
        ("trigger", "broken('x')", ["it cannot be imported"]),
    ],
)
def test_how_a_plugin_is_named(kind: Any, call: str, problems: list[str]) -> None:
    """With as many arguments as it takes; a timer has no event to name."""
    named = read_call(call)

    assert named is not None
    assert [*PLUGINS.problems(kind, named)] == problems


def test_what_is_written_in_c_is_taken_at_its_word() -> None:
    """Nobody can say how many arguments it takes."""
    named = read_call("largest(1, 2)")
    assert named is not None
    assert [*Extensions({}, {"largest": max}).problems("timer", named)] == []
