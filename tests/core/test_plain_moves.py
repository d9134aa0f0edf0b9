"""Moves that concern one enrollment and nothing else: what they do between the leaving of a step and the entry of the next."""

from __future__ import annotations

from journeykit import Do, Entry, Journey, On, Step, Transition
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
