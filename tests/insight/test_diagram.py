"""A journey as a picture: what is drawn, in words, and that no name can spoil the drawing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.insight.definitions.diagram import mermaid
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition


def test_a_small_journey() -> None:
    """The recovery of a left cart: one way in, a wait that starts again, a reminder, and the order that ends it."""
    journey = Journey(
        "recover-cart",
        key="cart_id",
        entry="Product Added",
        exits="Order Completed",
        steps=[
            Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
            Step("reminded", do=Do("email", template="cart-reminder", discount=10)),
        ],
    )

    assert mermaid(journey) == (
        """\
flowchart TD
    start(["recover-cart<br/>one per cart_id"])
    subgraph stage1["consideration"]
        s1["left"]
        s2["reminded<br/>does email cart-reminder"]
    end
    anywhere{{"anywhere"}}
    e1(["completed"])
    e2(["exited: Order Completed"])
    start -->|"Product Added"| s1
    s1 -->|"Product Added"| s1
    s1 -->|"after 2 hours"| s2
    s2 --> e1
    anywhere -.->|"Order Completed"| e2
"""
    )


def test_everything_that_can_be_drawn() -> None:
    """Stages, scopes in scopes, splits, branches, moments, goals, and every kind of rule, each where it belongs."""
    journey = Journey(
        "trip",
        entry=[Entry(On("Trip Booked", where="event.total > 100"), wait="15 minutes"), On(changed="customer.plan")],
        exits=[
            Exit(On("Trip Cancelled", key="any", late="drop"), end="cancelled"),
            Exit(On(where="consent.email == False"), at="next action"),
            On(settled="email dead"),
        ],
        goal=Goal(On("Trip Rated"), end=None),
        reentry="after 30 days",
        open="2026-11-01 to 2026-12-24",
        when=[Transition(on=On("Address Changed"), do=Do("sync"))],
        steps=[
            Step("hello", stage="purchase", then="50% short, 50% planning"),
            Step("short", do=[Do("email", template="hello"), Do("push")], leaving=Do("log"), wait="until weekday 09:00"),
            Scope(
                "before departure",
                stage="retention",
                wait="30 days",
                do=Do("tag"),
                exits=[Exit("Trip Started"), Exit("Complaint Opened", end="complaint")],
                when={"Trip Moved": "planning"},
                steps=[
                    Step("planning", wait="7 days before data.start, exit if missing, skip to packing if past"),
                    Scope("last days", steps=[Step("packing", wait="2 days", when=[Transition("home", on=On(after="1 day"))])]),
                ],
            ),
            Step(
                "home",
                wait="1 month",
                then=[Transition("fan", on=On(where="data.stars == 5"), do=Start("refer-friend")), Transition("over")],
            ),
            Step("fan", stage="advocacy", end="completed"),
            Step("over", end="nothing heard"),
        ],
    )

    assert mermaid(journey) == (
        """\
flowchart TD
    start(["trip<br/>again: after 30 days<br/>open 2026-11-01 to 2026-12-24"])
    subgraph stage1["purchase"]
        s1["hello"]
        s2["short<br/>does email hello, push<br/>leaving does log"]
    end
    subgraph stage2["retention"]
        subgraph g1["before departure, does tag"]
            s3["planning"]
            subgraph g2["last days"]
                s4["packing"]
            end
            g1any{{"anywhere in before departure"}}
        end
        s5["home"]
    end
    subgraph stage3["advocacy"]
        s6(["fan<br/>completed"])
        s7(["over<br/>exited: nothing heard"])
    end
    anywhere{{"anywhere"}}
    e1(["exited: 7 days before data.start, exit if missing, skip to packing if past: missing"])
    e2(["exited: complaint"])
    e3(["exited: cancelled"])
    e4(["exited: where consent.email == False"])
    e5(["exited: settled email dead"])
    e6(["goal"])
    j1[["refer-friend"]]
    start -->|"Trip Booked<br/>if event.total #62; 100<br/>and nothing more for 15 minutes"| s1
    start -->|"customer.plan changed"| s1
    s1 -->|"50%"| s2
    s1 -->|"50%"| s3
    s2 -->|"until weekday 09:00"| s3
    s3 -->|"7 days before data.start, exit if missing, skip to packing if past"| s4
    s3 -.->|"if missing"| e1
    s3 -->|"if past"| s4
    s4 -->|"after 1 day"| s5
    s4 -->|"after 2 days"| s5
    s5 -->|"after 1 month<br/>if data.stars == 5<br/>does start refer-friend"| s6
    s5 -->|"after 1 month<br/>otherwise"| s7
    g1any -->|"Trip Started"| s5
    g1any -.->|"Complaint Opened"| e2
    g1any -->|"after 30 days"| s5
    g1any -->|"Trip Moved"| s3
    anywhere -.->|"Trip Cancelled<br/>of any key<br/>unless late"| e3
    anywhere -.->|"if consent.email == False<br/>at the next action"| e4
    anywhere -.->|"email dead"| e5
    anywhere -.->|"goal<br/>Trip Rated"| e6
    anywhere -.->|"Address Changed<br/>does sync"| anywhere
    s5 -.->|"starts"| j1
"""
    )


def test_the_plainest_journey() -> None:
    """Without stages, rules and entries there is one step, and somebody else starts it."""
    assert mermaid(Journey("hello", steps=[Step("greet")])) == (
        """\
flowchart TD
    start(["hello"])
    s1["greet"]
    e1(["completed"])
    start -->|"by the host or another journey"| s1
    s1 --> e1
"""
    )


def test_a_step_that_only_listens_does_not_go_on_by_itself() -> None:
    """With transitions and no wait, nobody is led to the next step by time."""
    drawn = mermaid(Journey("order", entry="Paid", steps=[Step("paid", when={"Shipped": "shipped"}), Step("shipped", end="completed")]))

    assert [line.strip() for line in drawn.splitlines() if line.strip().startswith("s1 ")] == ['s1 -->|"Shipped"| s2']


def test_a_goal_may_end_the_journey() -> None:
    """Then its line leads to that end."""
    journey = Journey("trial", entry="Trial Started", goal=Goal("Paid", end="completed"), steps=[Step("trial", wait="14 days")])

    assert '    anywhere -.->|"goal<br/>Paid"| e1\n' in mermaid(journey)
    assert '    e1(["completed"])\n' in mermaid(journey)


def test_a_journey_may_end_by_time() -> None:
    """An exit rule that is a timer names itself."""
    drawn = mermaid(Journey("trial", entry="Trial Started", exits=On(after="14 days"), steps=[Step("trial", when={"Used": "trial"})]))

    assert '    anywhere -.->|"after 14 days"| e1\n' in drawn
    assert '    e1(["exited: after 14 days"])\n' in drawn


def test_a_stage_is_drawn_once() -> None:
    """Steps that come back to an earlier stage stand in its box."""
    steps = [
        Step("a", stage="retention", wait="1 day"),
        Step("b", stage="advocacy", wait="1 day"),
        Step("c", stage="retention", wait="1 day"),
    ]

    drawn = mermaid(Journey("loop", steps=steps)).splitlines()

    assert drawn[2:9] == [
        '    subgraph stage1["retention"]',
        '        s1["a"]',
        '        s3["c"]',
        "    end",
        '    subgraph stage2["advocacy"]',
        '        s2["b"]',
        "    end",
    ]


def test_a_journey_that_does_not_compile_can_be_drawn() -> None:
    """A step that is not there shows in the picture; so does a journey without steps."""
    assert '    s1 -->|"Paid"| e1\n' in mermaid(Journey("order", steps=[Step("open", when={"Paid": "payd"})]))
    assert '    e1(["no step payd"])\n' in mermaid(Journey("order", steps=[Step("open", when={"Paid": "payd"})]))
    assert mermaid(Journey("empty")).splitlines()[1] == '    start(["empty"])'


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("plain name", "plain name"),
        ("step-1_b", "step-1_b"),
        ("grüße an Zoë 你好 🎉", "grüße an Zoë 你好 🎉"),
        ('say "hi"', "say #34;hi#34;"),
        ("<b>&amp;</b>", "#60;b#62;#38;amp#59;#60;/b#62;"),
        ("#1; done", "#35;1#59; done"),
        ("a|b [c] {d} `e` *f*", "a#124;b #91;c#93; #123;d#125; #96;e#96; #42;f#42;"),
        ("_all_ snake_case", "#95;all#95; snake_case"),
        ("%%{init}%%", "%#37;#123;init#125;%#37;"),
        ("1. first", "1#46; first"),
        ("12) last", "12#41; last"),
        ("2026. year", "2026#46; year"),
        ("direction LR", "direction#32;LR"),
        ("- item", "#45; item"),
        ("+ item", "#43; item"),
        ("a\\nb", "a#92;nb"),
        ("  two \n lines\t and\x00blanks ", "two lines and blanks"),
        ("", " "),
        ("end", "end"),
    ],
)
def test_a_name_is_only_text(name: str, drawn: str) -> None:
    """Whatever a step is called, it can be read in the picture and means nothing to the one who draws it."""
    assert f'    s1["{drawn}"]' in mermaid(Journey("names", steps=[Step(name)])).splitlines()


LINE = re.compile(
    r"flowchart TD|    start\(\[LABEL\]\)|    s1\[LABEL\]|    e\d\(\[LABEL\]\)|    anywhere\{\{LABEL\}\}|"
    r"    \w+ (-->|-\.->)(\|LABEL\|)? \w+".replace("LABEL", r'"[^"`<>#;\\\n{}]*"')
)


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_no_name_leaves_its_place(step: str, event: str) -> None:
    """With any names the drawing has the same lines, and nothing in a label could end it."""
    journey = Journey(event, entry=event, exits=event, steps=[Step(step, when={event: step})])

    plain = [re.sub(r"#\d+;|<br/>", "", line) for line in mermaid(journey).split("\n")]

    assert plain.pop() == ""
    assert len(plain) == 8
    assert all(LINE.fullmatch(line) for line in plain)


def test_the_same_journey_gives_the_same_picture() -> None:
    """Two equal values, one text."""

    def journey() -> Journey:
        return Journey("twice", entry="A", exits=["B", "C"], steps=[Step("one", wait="1 day"), Step("two", stage="retention")])

    assert mermaid(journey()) == mermaid(journey())


def test_segments_schedules_and_dates_are_written_on_their_arrows() -> None:
    """What starts, moves and ends a journey besides events."""
    picture = mermaid(
        Journey(
            "care",
            zone="UTC",
            entry=[On(segment="vip"), On(after="30 days before customer.renews_at")],
            exits=On(segment="not vip"),
            steps=[Step("in", stage="retention", when=[Transition("out", on=On(every="monday at 09:00"))]), Step("out", end="completed")],
        )
    )

    for words in ("became vip", "left vip", "every monday at 09:00", "30 days before customer.renews_at"):
        assert words in picture


def test_journeys_that_start_each_other_and_lanes() -> None:
    """What is started stands beside it, with for whom; who starts it leads to its beginning; its lane and who goes first stand at the top."""
    refer = Journey(
        "refer",
        stage="advocacy",
        entry="Friend Invited",
        steps=[
            Step("asked", when={"Confirmed": Transition("told", do=Start("friend", customer="event.friend"))}),
            Scope("telling", steps=[Step("told", do=Start("thanks"))], leaving=Start("survey")),
        ],
    )
    friend = Journey("friend", stage="awareness", steps=[Step("invited", do=Start("friend", customer="data.next"))])
    catalog = Catalog(policies=["one at a time of refer, friend as offers"])
    first, second = (mermaid(one, [refer, friend, catalog]).splitlines() for one in (refer, friend))

    assert first[1] == '    start(["refer<br/>one at a time as offers"])'
    assert [line for line in first if "j" in line and ("[[" in line or "starts" in line)] == [
        '    j1[["friend"]]',
        '    j2[["thanks"]]',
        '    j3[["survey"]]',
        '    s1 -.->|"starts<br/>for event.friend"| j1',
        '    s2 -.->|"starts"| j2',
        '    g1 -.->|"starts"| j3',
    ]
    assert second[1] == '    start(["friend<br/>one at a time as offers<br/>behind refer"])'
    assert second[-2:] == ['    s1 -.->|"starts<br/>for data.next"| start', '    j1 -.->|"starts"| start']
    assert '    j1[["refer"]]' in second
