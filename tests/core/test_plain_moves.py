"""Moves that concern one enrollment and nothing else: what they do between the leaving of a step and the entry of the next."""

from __future__ import annotations

from journeykit import Catalog, Do, Entry, Exit, Journey, On, Scope, Step, Transition
from shop import Shop


def test_a_move_has_actions_and_data_of_its_own() -> None:
    """First the data and actions of the transition, then those of the step that it leads to, each with the data as it is then; the timer of the step is new."""
    again = Transition("asked", on=On("Again"), do=Do("sms", number="{data.number}"), set={"data.number": "data.number + 1"})
    steps = [
        Step("first", stage="retention", when=again, wait="1 day"),
        Step("asked", set={"data.number": "data.number * 10"}, do=Do("email", number="{data.number}"), when=again, wait="2 days"),
    ]
    shop = Shop(Journey("ask", entry=Entry("Came", set={"data.number": "event.number"}), steps=steps))
    shop.event("Came", number=1)
    shop.wait("1 hour")
    shop.event("Again")
    shop.event("Again")
    shop.work()

    assert shop.sent == [
        "2026-03-02 10:00 ann sms 2",
        "2026-03-02 10:00 ann email 20",
        "2026-03-02 10:00 ann sms 21",
        "2026-03-02 10:00 ann email 210",
    ]
    assert shop.inside("ask").data == {"number": 210}
    assert [(entry.cause, entry.timers) for entry in shop.storage.history("ann")] == [
        ("Came", "+0@1772528400000000"),
        ("Again", "-0 +1@1772618400000000"),
        ("Again", "-1 +1@1772618400000000"),
    ]


def test_a_timer_moves_on_with_actions_of_its_own() -> None:
    """A day later Ann is moved on, and the day after that."""
    then = Transition("second", do=Do("sms", number="{data.number}"), set={"data.number": "data.number + 1"})
    steps = [
        Step("first", stage="retention", wait="1 day", then=then),
        Step("second", do=Do("email", number="{data.number}"), wait="1 day", then="third"),
        Step("third", wait="1 day"),
    ]
    shop = Shop(Journey("ask", entry=Entry("Came", set={"data.number": "event.number"}), steps=steps))
    shop.event("Came", number=1)
    shop.wait("50 hours")

    assert shop.sent == ["2026-03-03 09:00 ann sms 2", "2026-03-03 09:00 ann email 2"]
    assert shop.told() == ["03-02 09:00 entered first", "03-03 09:00 moved second", "03-04 09:00 moved third"]
    assert (shop.inside("ask").step, shop.inside("ask").data) == ("third", {"number": 2})


def test_of_two_timers_of_a_step_the_earlier_moves() -> None:
    """However late the worker comes, and whichever stands first: its place in the step does not count."""
    for first, second, led in (("30 minutes", "1 hour", "03-02 09:30 moved next"), ("1 hour", "30 minutes", "03-02 09:30 moved other")):
        steps = [
            Step("first", stage="retention", wait=first, then="next", when=Transition("other", on=On(after=second))),
            Step("next", wait="9 days"),
            Step("other", wait="9 days"),
        ]
        shop = Shop(Journey("ask", entry="Came", steps=steps))
        shop.event("Came")
        shop.clock.advance(2 * 3_600)
        shop.work()

        assert shop.told()[1:] == [led]


def test_a_move_that_asks_for_something_is_the_end_where_an_exit_waits_for_that() -> None:
    """Ann has refused: by an event or by time, the next mail is not asked for; a move without one moves her still."""
    for how, expected in (
        (["Go"], ["exited by hand"]),
        (["61 minutes"], ["exited by hand"]),
        (["Skip"], ["moved quiet"]),
        (["Skip", "2 hours"], ["moved quiet", "exited by hand"]),
    ):
        steps = [
            Step("first", stage="retention", wait="1 hour", then="mail", when={"Go": "mail", "Skip": "quiet"}),
            Step("quiet", wait="1 hour"),
            Step("mail", do=Do("email"), wait="9 days"),
        ]
        rule = Exit(On("Refused"), end="by hand", at="next action")
        shop = Shop(Journey("ask", entry="Came", exits=rule, steps=steps))
        shop.event("Came")
        shop.event("Refused")
        for one in how:
            shop.wait(one) if one[0].isdigit() else shop.event(one)
        shop.work()

        assert [line.split(" ", 2)[2] for line in shop.told()[1:]] == expected, how
        assert shop.sent == []


def test_what_both_have_had_is_not_sent_again_by_a_move() -> None:
    """The visitor who becomes Ann has had the second mail already, which her journey comes to by an event or by time."""
    for how in ("Go", "1 day"):
        steps = [
            Step("first", stage="retention", do=Do("email", number=1), wait="1 day", when={"Go": "second"}),
            Step("second", do=Do("email", number=2), wait="9 days"),
        ]
        shop = Shop(Journey("ask", entry="Came", steps=steps))
        shop.event("Came", "ann")
        shop.wait("1 minute")
        shop.event("Came", "visitor")
        shop.event("Go", "visitor")
        shop.work()
        shop.engine.merge("ann", "visitor", id="login")
        shop.wait(how) if how[0].isdigit() else shop.event(how)
        shop.work()

        assert shop.inside("ask").step == "second"
        assert [line.split(" ", 2)[2] for line in shop.sent] == ["ann email 1", "visitor email 1", "visitor email 2"], how


def test_what_a_move_sets_is_read_where_the_move_stands() -> None:
    """When the scope was entered that she is in, and what she has done since she came in; a timer counts from the last of it, too."""
    facts = Catalog(facts={"seen": "count of Seen since entry", "last_seen": "last of Seen since entry"})
    go = Transition("second", on=On("Go"), set={"data.at": "scope.entered_at", "data.seen": "customer.seen"})
    steps = [
        Step("before", stage="retention", wait="1 hour"),
        Scope("outer", steps=[
            Step("first", wait="9 days", when=go),
            Step("second", wait="2 hours after customer.last_seen, exit if missing, now if past"),
        ]),
        Step("after", wait="9 days"),
    ]  # fmt: skip
    shop = Shop(Journey("ask", zone="UTC", entry="Came", steps=steps), facts)
    shop.event("Seen")
    shop.event("Came")
    shop.wait("2 hours")
    shop.event("Seen")
    shop.wait("1 hour")
    shop.event("Go")

    data = shop.inside("ask").data
    assert (data["at"], data["seen"]) == ("2026-03-02T10:00:00+00:00", 1)
    shop.wait("9 hours")
    assert shop.told() == ["03-02 09:00 entered before", "03-02 10:00 moved first", "03-02 12:00 moved second", "03-02 13:00 moved after"]


def test_a_timer_leads_to_where_nothing_is_waited_for_but_an_event() -> None:
    """The move is of the moment at which it was due, however late the worker comes; nothing is armed any more."""
    steps = [Step("first", stage="retention", wait="1 day"), Step("second", when={"Go": "third"}), Step("third", wait="1 day")]
    shop = Shop(Journey("ask", entry="Came", steps=steps))
    shop.event("Came")
    shop.clock.advance(3 * 86_400)
    shop.work()

    e, day = shop.inside("ask"), 86_400_000_000
    assert (e.step, e.step_at, e.visit, e.timers) == ("second", 1_772_442_000_000_000 + day, 2, ())
    assert [(line.at, line.kind, line.target, line.cause, line.timers) for line in shop.storage.history("ann")] == [
        (1_772_442_000_000_000, "entered", "first", "Came", f"+0@{1_772_442_000_000_000 + day}"),
        (1_772_442_000_000_000 + day, "moved", "second", "after 1 day", "!0"),
    ]


def test_of_two_timers_of_one_instant_the_one_that_stands_first_moves() -> None:
    """Sixty minutes are an hour; and so it is on the way that a move takes."""
    rules = [Transition("a", on=On(after="1 hour")), Transition("b", on=On(after="60 minutes"))]
    steps = [
        Step("first", stage="retention", when={"Go": "second"}, wait="9 days"),
        Step("second", when=rules),
        Step("a", wait="9 days"),
        Step("b", wait="9 days"),
    ]
    shop = Shop(Journey("ask", entry="Came", steps=steps))
    shop.event("Came")
    shop.event("Go")
    assert [timer.index for timer in sorted(shop.inside("ask").timers, key=lambda timer: timer.order)] == [1, 2]
    shop.wait("2 hours")

    assert shop.inside("ask").step == "a"
