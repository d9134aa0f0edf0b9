"""Timers that are taken away, and time that stood still."""

from __future__ import annotations

import pytest

from journeykit import DefinitionError, Journey, On, Scope, Step, Transition
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.compiling.plans import CompiledTimer
from journeykit.core.deciding.customer import Customer
from journeykit.core.enrollments.timing import Away, anchor_of, cancelled, due_after, follow, joined, leads, renew, resume
from journeykit.core.expressions.context import Context
from journeykit.core.turns.turn import Raised, Turn
from journeykit.model.messages import moment
from journeykit.model.records import Enrollment, Facts, Loaded, Timer
from shop import Shop

HOUR = 3_600_000_000


def waiting(wait: str, now: int = 0) -> tuple[Turn, CompiledTimer]:
    """A decision about Ann at *now*, and the timer of the one step of a journey."""
    journey = Journey("cart", stage="retention", entry="Came", zone="UTC", steps=[Step("drawn", wait=wait)])
    compiled = compile_journeys([("hash", "text", journey)])
    (timer,) = compiled.journeys["cart"].entry_plan.arms
    return Turn(compiled, Customer(Loaded("ann", 0, 0, Facts(), [], [])), now, None), timer


def inside(*timers: Timer) -> Enrollment:
    """Ann, who entered at 0, in a step since the second hour."""
    return Enrollment("cart", "", 1, "hash", 0, "active", "drawn", 0, 0, 2 * HOUR, {}, timers=timers)


def test_timers_that_are_cancelled_are_told_one_by_one() -> None:
    """The history has a mark for each; the others stay as they are, in their order."""
    first, second, third = Timer(0, 10, 1), Timer(1, 20, 2), Timer(2, None, 3)

    some, all_of_them, none = inside(first, second, third), inside(first, second, third), inside(first, second, third)
    assert (cancelled(some, frozenset({0, 2})), some.timers) == ("-0 -2 ", (second,))
    assert (cancelled(all_of_them, None), all_of_them.timers) == ("-0 -1 -2 ", ())
    assert (cancelled(none, frozenset()), none.timers) == ("", (first, second, third))


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([], []),
        ([(5, 9)], [(5, 9)]),
        ([(5, 5)], []),
        ([(5, 9), (1, 3)], [(1, 3), (5, 9)]),
        ([(1, 5), (5, 9)], [(1, 9)]),
        ([(1, 5), (6, 9)], [(1, 5), (6, 9)]),
        ([(1, 9), (2, 3)], [(1, 9)]),
        ([(1, 3), (2, 9), (9, 12)], [(1, 12)]),
        ([(1, 3), (3, 3), (5, 7)], [(1, 3), (5, 7)]),
    ],
)
def test_stretches_are_joined(stretches: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    """Those that meet are one; an empty one is none."""
    assert joined(stretches) == expected


def due(wait: str, at: int | None, *stretches: tuple[int, int]) -> int | None:
    """When a timer of the step that was due *at* is due where time stood still, in hours."""
    turn, rule = waiting(wait)
    timer = Timer(0, None if at is None else at * HOUR, 1, "UTC")
    found = due_after(turn, rule, inside(timer), timer, [(begin * HOUR, end * HOUR) for begin, end in stretches])
    return None if found is None else found // HOUR


def test_what_is_left_of_a_duration_stays() -> None:
    """Ten hours from the second on: each stretch before the end puts it off, one that begins just then too; a later end may meet another."""
    assert due("10 hours", 12) == 12
    assert due("10 hours", 12, (3, 5)) == 14
    assert due("10 hours", 12, (3, 5), (13, 16)) == 17
    assert due("10 hours", 12, (3, 5), (15, 16)) == 14
    assert due("10 hours", 12, (12, 14)) == 14
    assert due("10 hours", 12, (13, 14)) == 12
    turn, rule = waiting("10 hours")
    timer, end = Timer(0, 12 * HOUR, 1, "UTC"), 12 * HOUR
    assert due_after(turn, rule, inside(timer), timer, [(end, end + HOUR)]) == end + HOUR
    assert due_after(turn, rule, inside(timer), timer, [(end + 1, end + HOUR)]) == end  # over, the instant before


def test_time_that_stood_still_before_the_step_was_entered_does_not_count() -> None:
    """Of a stretch from the first hour to the fifth, three."""
    assert due("10 hours", 12, (1, 5)) == 15
    assert due("10 hours", 12, (0, 2)) == 12
    assert due("10 hours", 12, (1, 3)) == 13


def test_calendar_days_are_counted_anew_from_where_time_goes_on() -> None:
    """A calendar day from the second hour on, of which four hours stood still."""
    assert due("1 calendar day", 26, (3, 7)) == 30


def test_a_time_of_day_is_the_first_once_time_goes_on() -> None:
    """It does not move unless it lies in a stretch; the begin of one belongs to it, its end does not."""
    assert due("until 09:00", 9, (3, 8)) == 9
    assert due("until 09:00", 9, (9, 11)) == 33
    assert due("until 09:00", 9, (8, 9)) == 9
    assert due("until 09:00", 9, (8, 30), (32, 40)) == 57


def test_a_moment_does_not_move() -> None:
    """Nor does what is not known, or what would leave the calendar."""
    assert due("until data.start, wait if missing, now if past", 9, (3, 30)) == 9
    assert due("10 hours", None, (3, 30)) is None
    assert due("1000 years", 5, (3, 9_000 * 365 * 24)) == 5


def test_a_moment_that_is_missing_or_past_leads_away() -> None:
    """In the words that the history has for it."""

    def away(wait: str, due_at: int | None, now: int = 0) -> Away | None:
        turn, timer = waiting(wait, now)
        return leads(turn, timer, due_at)

    missing, wait = "until data.start, exit if missing, exit if past", "until data.start, wait if missing, now if past"
    assert away(missing, None) == Away(None, f"{missing}: missing")
    assert away(wait, None) is None
    assert away(missing, 10, now=10) == Away(None, f"{missing}: past")
    assert away(missing, 11, now=10) is None
    assert away(wait, 10, now=10) is None


# -- timers that follow ----------------------------------------------------------------------------------------------------

MOVES = Journey("cart", stage="retention", entry="Came", zone="UTC", steps=[
    Scope("outer", wait="1 calendar day, following", steps=[
        Scope("inner", wait="2 calendar days, following", steps=[
            Step("drawn", wait="5 hours", when=[
                Transition("met", on=On(after="1 hour before data.start, wait if missing, skip to missed if past, following")),
                Transition("met", on=On(after="3 hours before data.other, wait if missing, now if past")),
                Transition("met", on=On(after="until 09:00, in Asia/Tokyo")),
            ]),
        ]),
    ]),
    Step("met"), Step("missed"),
])  # fmt: skip
OUTER, INNER, DRAWN, START, OTHER, CLOCK = (
    "1 calendar day, following", "2 calendar days, following", "5 hours",
    "1 hour before data.start, wait if missing, skip to missed if past, following",
    "3 hours before data.other, wait if missing, now if past", "until 09:00, in Asia/Tokyo",
)  # fmt: skip


class Follows:
    """Ann, who has been in the step since the second hour, in the inner scope since the first and in the outer since 0; it is the third hour."""

    def __init__(self, now: int = 3, zone: str | None = None, **data: str) -> None:
        compiled = compile_journeys([("hash", "text", MOVES)])
        self.journey = compiled.journeys["cart"]
        self.turn = Turn(compiled, Customer(Loaded("ann", 4, 0, Facts(zone), [], [])), now * HOUR, None)
        self.rules = {timer.wait.text: timer for timer in self.journey.timers}
        self.e = inside()
        self.e.scopes = {"outer": (0, 0), "inner": (1 * HOUR, 0)}
        self.e.data = data
        self.turn.enrollment, self.turn.data = self.e, data

    def timer(self, wait: str, at: int | None, zone: str | None = "UTC", order: int = 1) -> Timer:
        """The timer of *wait*, due at an hour."""
        return Timer(self.rules[wait].index, None if at is None else at * HOUR, order, zone)

    def marks(self, **armed: int | None) -> str:
        """What the history has of timers that are armed again, in hours."""
        several = ((self.rules[globals()[name]].index, at) for name, at in armed.items())
        return "".join(f"-{index} +{index}@{'' if at is None else at * HOUR} " for index, at in several)


def test_a_timer_that_follows_is_armed_again_where_its_moment_has_moved() -> None:
    """Ann is in Tokyo now, where her day ends at another hour: its timer takes the next place in the order. The others stay as they are."""
    ann = Follows(zone="Asia/Tokyo")
    outer, inner, drawn, clock = (ann.timer(*one) for one in ((OUTER, 20), (INNER, 49), (DRAWN, 7), (CLOCK, 24, "Asia/Tokyo")))
    ann.e.timers = (outer, inner, drawn, clock)

    timers, marks, away = follow(ann.turn, ann.journey, ann.e)
    first = timers[0].order
    assert timers == (Timer(outer.index, 24 * HOUR, first, "Asia/Tokyo"), inner, drawn, clock)
    assert (marks, away, ann.turn.raised) == (ann.marks(OUTER=24), None, ())
    assert first > 4
    assert ann.e.timers == (outer, inner, drawn, clock)


def test_a_moment_that_becomes_known_or_unknown() -> None:
    """Both moments were missing and are known now; of the one that does not follow only that matters. Known no more, a timer waits for nothing."""
    ann = Follows(start="1970-01-01T08:00:00Z", other="1970-01-01T09:00:00Z")
    start, other = ann.timer(START, None, None), ann.timer(OTHER, None, None)
    ann.e.timers = (start, other)
    timers, marks, away = follow(ann.turn, ann.journey, ann.e)
    assert [(timer.index, timer.due_at) for timer in timers] == [(start.index, 7 * HOUR), (other.index, 6 * HOUR)]
    assert (marks, away) == (ann.marks(START=7, OTHER=6), None)

    ann = Follows()
    start, other = ann.timer(START, 7), ann.timer(OTHER, 6)
    ann.e.timers = (start, other)
    timers, marks, away = follow(ann.turn, ann.journey, ann.e)
    assert timers == (Timer(start.index, None, timers[0].order, None), other)
    assert (marks, away) == (ann.marks(START=None), None)


def test_a_moment_that_is_past_now_leads_away_or_fires_at_once() -> None:
    """The visit is over by the rule of the one, whose timer goes; of the other it counts as now, which is a signal of this decision."""
    ann = Follows(start="1970-01-01T03:30:00Z", other="1970-01-01T09:00:00Z")
    start, other = ann.timer(START, 7), ann.timer(OTHER, None, None)
    ann.e.timers = (other, start)
    assert follow(ann.turn, ann.journey, ann.e) == ((other,), "", Away("missed", f"{START}: past"))

    for hour, fires in ((6, True), (7, False)):
        ann = Follows(other=f"1970-01-01T0{hour}:00:00Z")
        other = ann.timer(OTHER, None, None)
        ann.e.timers = (other,)
        (timer,), marks, away = follow(ann.turn, ann.journey, ann.e)
        assert (timer.due_at, marks, away) == ((hour - 3) * HOUR, ann.marks(OTHER=hour - 3), None)
        assert ann.turn.raised == ((Raised("timer", ("cart", "", 1, timer.order)),) if fires else ())


@pytest.mark.parametrize(
    ("stood", "outer", "inner"),
    [
        ((), 24, 49),
        (((3, 7),), 28, 53),
        (((3, 7), (5, 9)), 30, 55),  # they overlap: six hours
        (((0, 1),), 25, 49),  # before the inner scope was entered
        (((26, 30),), 24, 53),  # after the outer day was over
    ],
)
def test_a_timer_that_follows_counts_no_time_that_stood_still(stood: tuple[tuple[int, int], ...], outer: int, inner: int) -> None:
    """Ann's zone becomes known when some hours of her days had stood still: what was left of them is left still."""
    ann = Follows(zone="Asia/Tokyo")
    ann.e.timers = (ann.timer(OUTER, 1), ann.timer(INNER, 2))
    ann.e.stood = tuple((begin * HOUR, end * HOUR) for begin, end in stood)

    timers, marks, _ = follow(ann.turn, ann.journey, ann.e)
    assert [(timer.due_at, timer.zone) for timer in timers] == [(outer * HOUR, "Asia/Tokyo"), (inner * HOUR, "Asia/Tokyo")]
    assert marks == ann.marks(OUTER=outer, INNER=inner)

    ann.e.timers = timers
    assert follow(ann.turn, ann.journey, ann.e) == (timers, "", None)  # it is where it is


def test_timers_are_armed_anew_from_where_their_owner_was_entered() -> None:
    """Or from now; a moment that is past leads away, and a timer that is due by then fires."""
    for anchored, dues in ((True, [24, 49, 7]), (False, [27, 51, 8])):
        ann = Follows(start="1970-01-01T02:00:00Z")
        marks, leading = renew(ann.turn, MOVES, ann.e, [ann.rules[wait] for wait in (OUTER, INNER, DRAWN, START)], anchored=anchored)
        assert [timer.due_at for timer in ann.e.timers] == [due * HOUR for due in dues]
        assert marks == "".join(f"+{ann.rules[wait].index}@{due * HOUR} " for wait, due in zip((OUTER, INNER, DRAWN), dues, strict=True))
        assert leading == [(ann.rules[START], Away("missed", f"{START}: past"))]

    ann = Follows(now=9)
    marks, _ = renew(ann.turn, MOVES, ann.e, [ann.rules[DRAWN], ann.rules[OTHER]], anchored=True)
    assert [timer.due_at for timer in ann.e.timers] == [7 * HOUR, None]
    assert marks == f"+{ann.rules[DRAWN].index}@{7 * HOUR} +{ann.rules[OTHER].index}@ "
    assert ann.turn.raised == (Raised("timer", ("cart", "", 1, ann.e.timers[0].order)),)


def test_the_owner_of_a_timer_was_entered() -> None:
    """The step in the second hour, the scopes before it, the journey first of all."""
    ann = Follows()
    whole = Journey(
        "cart", stage="retention", entry="Came", steps=Step("drawn", wait="1 day"), when=Transition("drawn", on=On(after="3 days"))
    )
    (of_journey,) = [timer for timer in compile_journeys([("hash", "text", whole)]).journeys["cart"].timers if timer.wait.text == "3 days"]
    ann.e.entered_at = HOUR // 2

    assert [anchor_of(ann.e, ann.rules[wait]) for wait in (OUTER, INNER, DRAWN)] == [0, HOUR, 2 * HOUR]
    assert anchor_of(ann.e, of_journey) == HOUR // 2


def test_what_was_put_back_as_it_was_fires_where_it_is_over() -> None:
    """A timer due in this very instant is over, and one that is due at no known moment is not."""
    ann = Follows()
    ann.turn.raised = (Raised("moved", ("cart", "")),)
    ann.e.timers = (
        ann.timer(OUTER, 2, order=5),
        ann.timer(INNER, 3, order=6),
        ann.timer(DRAWN, 4, order=7),
        ann.timer(OTHER, None, order=8),
    )
    resume(ann.turn, ann.e)

    assert ann.turn.raised == (Raised("moved", ("cart", "")), Raised("timer", ("cart", "", 1, 5)), Raised("timer", ("cart", "", 1, 6)))


def test_a_step_counts_from_when_its_own_scope_was_entered() -> None:
    """The inner one of two; a step outside of every scope knows none."""
    inner = Scope(
        "inner",
        steps=[
            Step("first", wait="1 hour"),
            Step("second", when=Transition("over", on=On(after="3 hours after scope.entered_at, now if past"))),
        ],
    )
    steps = [Scope("outer", stage="retention", steps=[Step("before", wait="1 hour"), inner]), Step("over", wait="9 days")]
    shop = Shop(Journey("ask", entry="Came", steps=steps))
    shop.event("Came")
    shop.wait("9 hours")

    assert shop.told() == ["03-02 09:00 entered before", "03-02 10:00 moved first", "03-02 11:00 moved second", "03-02 13:00 moved over"]
    with pytest.raises(DefinitionError, match="scope"):
        Shop(Journey("ask", entry="Came", steps=[Step("in", stage="retention", wait="3 hours after scope.entered_at, now if past")]))


def test_whose_beginning_a_timer_counts_from() -> None:
    """In two scopes the inner one's, in one that one's; the step's own and the journey's are the same everywhere."""
    waits = (
        "3 hours after scope.entered_at, now if past",
        "3 hours after step.entered_at",
        "3 hours after journey.entered_at, now if past",
    )
    inner, outer = (
        Step(name, wait="9 days", when=[Transition("out", on=On(after=wait)) for wait in waits]) for name in ("deep", "shallow")
    )
    steps = [Scope("around", stage="retention", steps=[outer, Scope("within", steps=[inner])]), Step("out", wait="9 days")]
    (journey,) = compile_journeys([("hash", "text", Journey("ask", entry="Came", zone="UTC", steps=steps))]).journeys.values()
    context = Context("ann", Facts(), 9 * HOUR)
    context.enrollment = Enrollment(
        "ask", "", 1, "hash", 0, "active", "deep", 3, HOUR, 4 * HOUR, {}, scopes={"around": (2 * HOUR, 1), "within": (3 * HOUR, 2)}
    )

    begins = {(timer.name, timer.wait.text): timer.moment(context) for timer in journey.timers if timer.moment}
    assert [begins["deep", wait] for wait in waits] == [moment(3 * HOUR), moment(4 * HOUR), moment(HOUR)]
    assert [begins["shallow", wait] for wait in waits] == [moment(2 * HOUR), moment(4 * HOUR), moment(HOUR)]
