"""The map of a journey, as it is laid out: legible for every journey, the same every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import Do, Exit, Goal, Journey, On, Scope, Step, load
from journeykit.insight.figures import Flow, LinkFlow, Period, Slice, StepFlow
from journeykit.insight.map.columns import Link, columns
from journeykit.insight.map.designed import Design, Spot, Way, designed
from journeykit.insight.map.drawing import svg
from journeykit.insight.map.layout import layout
from journeykit.insight.map.lettering import lasting, short, width, wrapped
from journeykit.insight.map.parts import BOX
from journeykit.insight.map.taken import atlas, counts
from mapped import BITING, LONG, care

ALL = Slice(Period(0, 1_000_000, "all time"), journey="after-order")


def flow(*links, steps=()):
    """A flow of links ``(source, target or end, how many)`` and steps ``(name, how many are there)``."""
    names = {name for name, _ in steps}
    return Flow(
        "after-order",
        ALL,
        tuple(StepFlow(name, 0, still, still, 0, 0, still, 86_400.0) for name, still in steps),
        tuple(LinkFlow(a, b if b in names else None, "because", None if b in names else b, n, n) for a, b, n in links),
    )


LIVED = flow(
    (None, "thanked", 60),
    ("thanked", "asked", 38),
    ("thanked", "helped", 12),
    ("helped", "asked", 9),
    ("asked", "fan", 20),
    ("asked", "quiet", 21),
    ("fan", "fan", 4),
    ("quiet", "thanked", 8),
    ("helped", "reminded", 2),
    ("reminded", "silent", 5),
    ("thanked", "Account Closed", 3),
    steps=[("thanked", 7), ("helped", 1), ("asked", 6), ("fan", 16), ("quiet", 8), ("reminded", 0), ("gone", 0)],
)


# -- what was designed, and what was taken -------------------------------------------------------------------------------


def test_what_was_designed():
    """Ways of single steps, ways that hold in a scope, how it can end, and the notes on a step."""
    design = designed(care())
    ways = {(way.source, way.target or way.end): way.causes for way in design.ways}

    assert design.stages == ("purchase", "advocacy", "retention")
    assert ways[None, "thanked"] == ("Order Completed",)
    assert ways["thanked", "helped"] == ("Ticket Opened",)
    assert ways["asked", "quiet"] == ("after 14 days",)
    assert ways["gone", "silent"] == ()
    assert {(way.source, way.target) for way in design.anywhere} == {("quiet", "thanked"), ("reminded", "thanked")}
    assert design.ends == ("Account Closed",)
    assert [note.text for note in design.steps[0].notes] == ["email: thanks", "7 days"]


def test_an_exit_that_waits_for_an_order_is_reached_and_not_left():
    """A journey about left carts without a goal: who orders has done what it is for, also under a name of its own; who empties it has left."""
    carts = Journey(
        "carts",
        entry="Product Added",
        exits=["Order Completed", "Cart Emptied", Exit("Subscription Started", end="subscribed")],
        steps=[Step("left", stage="purchase", wait="2 hours"), Step("reminded", wait="1 day")],
    )
    design = designed(carts, won={"Order Completed", "Subscription Started"})
    ends = [("reminded", "Order Completed", 3), ("reminded", "Cart Emptied", 2), ("left", "subscribed", 1)]
    drawn = svg(atlas(design, [taken := flow(*ends, steps=[("left", 0), ("reminded", 1)])]), taken)

    assert design.reached == {"Order Completed", "subscribed"}
    assert designed(carts).reached == set()
    assert re.findall(r'<g class="end (\w+) used"[^>]*>.*?<title>([^<]+?): (\d+)', drawn.replace("\n", "")) == [
        ("completed", "left: subscribed", "1"),
        ("completed", "reminded: Order Completed", "3"),
        ("exit", "reminded: Cart Emptied", "2"),
    ]


def test_the_end_of_a_goal_and_exits_of_scopes_are_reached():
    """A goal that ends the journey, and an order that ends it out of a scope; an exit that leads on behind its scope is no end."""
    inner = Scope("asking", exits=[Exit("Order Completed", end="bought"), "Referral Bought"], steps=[Step("asked", wait="1 day")])
    journey = Journey("j", entry="Page Viewed", goal=Goal("Signed Up", end="signed"), steps=[Scope("all", steps=[inner]), Step("later")])

    assert designed(journey, won={"Order Completed", "Referral Bought"}).reached == {"signed", "bought"}


def test_a_way_that_nobody_designed_stands_out_and_one_that_nobody_took_is_faint():
    """Helped to reminded is in no definition; fan to its end is in it and nobody went there."""
    chart = atlas(designed(care()), [LIVED])
    looks = {(way.source, way.target or way.end): (way.designed, chart.weights.get(n, 0)) for n, way in enumerate(chart.ways)}

    assert looks["helped", "reminded"] == (False, 2)
    assert looks["quiet", "thanked"] == (True, 8)
    assert looks["thanked", "Account Closed"] == (True, 3)
    assert looks["fan", "quiet"] == (True, 0)
    assert [(way.source, way.target) for way in chart.unused] == [("reminded", "thanked")]
    assert counts(chart, LIVED).ways[[way.place for way in chart.ways].index(("asked", "fan", None))] == 20


def test_a_step_of_an_older_version_stays_on_the_map():
    """Customers stand in it still, so it is drawn, in the stage it had."""
    older = designed(Journey("after-order", stages=["purchase"], steps=[Step("phoned", stage="purchase")]))
    lived = flow(("thanked", "phoned", 2), steps=[("thanked", 1), ("phoned", 2)])

    spots = {spot.name: spot for spot in atlas(designed(care()), [lived], [older]).design.steps}

    assert (spots["phoned"].stage, spots["phoned"].former) == ("purchase", True)


# -- where it stands ------------------------------------------------------------------------------------------------------


@st.composite
def designs(draw):
    """Journeys of 3 to 30 steps in 1 to 7 stages, with ways anywhere, back too, and scopes around neighbours."""
    many = draw(st.integers(3, 30))
    stages = [f"stage {n}" for n in range(draw(st.integers(1, min(7, many))))]
    cuts = sorted(draw(st.lists(st.integers(0, many), min_size=len(stages) - 1, max_size=len(stages) - 1)))
    in_stage = [sum(number >= cut for cut in cuts) for number in range(many)]
    begin = draw(st.integers(0, many))
    inside = range(begin, min(many, begin + draw(st.integers(0, 4))))
    scoped = {number for number in inside if in_stage[number] == in_stage[begin]} if begin < many else set()
    name = st.sampled_from(["step", "a much longer name of a step", "w" * 60, "日本語のステップ"])
    spots = tuple(Spot(f"{n} {draw(name)}", stages[in_stage[n]], ("keeping",) if n in scoped else ()) for n in range(many))
    names = [spot.name for spot in spots]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from([*names, None])), max_size=2 * many, unique=True))
    ways = [Way(None, names[0]), *(Way(one, other, None if other else "left") for one, other in pairs)]
    weights = dict(enumerate(draw(st.lists(st.sampled_from([0, 1, 40, 12_345, 2_000_000]), min_size=len(ways), max_size=len(ways)))))
    used = tuple(stage for stage in stages if any(spot.stage == stage for spot in spots))
    return Design("random", used, spots, tuple(ways)), ways, {way: float(weight) for way, weight in weights.items() if weight}


@given(designs())
def test_no_step_lies_on_another_and_each_lies_in_its_stage(drawn):
    """Whatever the journey: boxes apart, in their lane, lanes from left to right, everything within the drawing."""
    design, ways, weights = drawn
    placed = layout(design, ways, weights)
    lanes = {lane.stage: lane for lane in placed.lanes}

    for one, other in combinations(placed.boxes, 2):
        apart = one.x + BOX <= other.x or other.x + BOX <= one.x or one.y + one.height <= other.y or other.y + other.height <= one.y
        assert apart, (one.spot.name, other.spot.name)
    for box in placed.boxes:
        lane = lanes[box.spot.stage]
        assert lane.x <= box.x
        assert box.x + BOX <= lane.x + lane.width
        assert box.y >= 0
        assert box.y + box.height <= placed.height
    assert [lane.stage for lane in placed.lanes] == list(design.stages)
    assert all(left.x + left.width == pytest.approx(right.x) for left, right in pairwise(placed.lanes))


@given(designs())
def test_no_number_lies_on_another_or_on_a_step(drawn):
    """Numbers stand beside the step that customers leave, one below the other."""
    design, ways, weights = drawn
    placed = layout(design, ways, weights)
    spots = []
    for ribbon in placed.ribbons:
        if weights.get(ribbon.way):
            wide = width(short(weights[ribbon.way]), 11.5)
            spots.append((ribbon.x - (wide if ribbon.anchor == "end" else 0), ribbon.y - 9, wide, 11))
    for (x, y, wide, high), (x2, y2, wide2, high2) in combinations(spots, 2):
        assert x + wide <= x2 or x2 + wide2 <= x or y + high <= y2 or y2 + high2 <= y
    for x, y, wide, high in spots:
        assert not any(box.x < x + wide and x < box.x + BOX and box.y < y + high and y < box.y + box.height for box in placed.boxes)


@given(designs())
def test_no_way_leads_behind_a_step(drawn):
    """A way to a column further on passes between the steps of those in between, as broad as it may be."""
    design, ways, weights = drawn
    placed = layout(design, ways, weights)
    columns_at = sorted({box.x for box in placed.boxes})
    column = {box.spot.name: columns_at.index(box.x) for box in placed.boxes}
    for ribbon in placed.ribbons:
        way = ways[ribbon.way]
        if way.source is None:
            continue
        passes = re.findall(r"(-?[\d.]+)H(-?[\d.]+)", ribbon.path)
        assert len(passes) == max(abs(column[way.source] - column[way.target]) - 1, 0)
        for y, x in passes:
            left, right = float(x) - BOX + 1, float(x) + BOX - 1  # across the column, to the right or to the left
            for box in placed.boxes:
                beside = box.x + BOX <= left or right <= box.x or (abs(box.x - float(x)) > 1 and abs(box.x + BOX - float(x)) > 1)
                assert beside or float(y) + ribbon.room / 2 <= box.y or box.y + box.height <= float(y) - ribbon.room / 2


@given(designs())
def test_the_same_journey_gives_the_same_map(drawn):
    """No chance and no order of sets is in it."""
    design, ways, weights = drawn

    assert layout(design, ways, weights) == layout(design, list(ways), dict(weights))


@given(designs())
def test_ways_between_neighbours_cross_no_more_than_in_the_order_of_the_definition(drawn):
    """The order within columns is only changed where that saves crossings or keeps what belongs together."""
    design, ways, weights = drawn
    links = [Link(n, w.source, w.target, weights.get(n, 0)) for n, w in enumerate(ways) if w.source and w.target and w.source != w.target]
    found = columns(design, links)

    for way, chain in found.chains.items():
        assert [chain[0][1].step, chain[-1][1].step] == [ways[way].source, ways[way].target]
        assert all(item in found.items[number] for number, item in chain)
        assert [abs(one[0] - other[0]) for one, other in pairwise(chain)] == [1] * (len(chain) - 1)
    assert sorted(item.step for column in found.items for item in column if item.step) == sorted(spot.name for spot in design.steps)


def test_a_simple_journey_crosses_nowhere():
    """Three stages, one step each way: straight lines."""
    spots = tuple(Spot(name, stage) for name, stage in (("a", "one"), ("b", "one"), ("c", "two"), ("d", "two"), ("e", "three")))
    ways = [Way("a", "d"), Way("b", "c"), Way("c", "e")]
    found = columns(Design("j", ("one", "two", "three"), spots, tuple(ways)), [Link(n, w.source, w.target, 1) for n, w in enumerate(ways)])

    order = {item.step: place for column in found.items for place, item in enumerate(column)}
    assert (order["a"] < order["b"]) == (order["d"] < order["c"])


# -- the drawing ----------------------------------------------------------------------------------------------------------


def texts(drawn):
    """What is written on a drawing that an XML reader can read."""
    return ["".join(node.itertext()) for node in ET.fromstring(drawn).iter() if node.tag.endswith(("text", "title"))]


def test_the_drawing_says_the_numbers():
    """A picture for slides: names, how many are there, how many went which way."""
    said = texts(svg(atlas(designed(care()), [LIVED]), LIVED))

    assert {"thanked", "7 here", "38", "purchase", "8 here", "keeping warm", "Account", "Closed"} <= set(said)
    assert "helped to reminded: 2, a way that nobody designed" in said


def test_a_journey_that_nobody_entered_is_drawn_as_well():
    """Every designed way is faint, every figure is nought."""
    nobody = flow()
    drawn = svg(atlas(designed(care()), [nobody]), nobody)

    assert texts(drawn).count("0 here") == 7 + 3
    assert 'class="way lane-0 used' not in drawn
    assert "unused" in drawn


def test_names_are_text_whatever_they_hold():
    """Markup, quotes, control characters and very long words stay within their box."""
    journey = Journey(
        BITING, entry=BITING, steps=[Step(BITING, stage="<b>", wait="1 day", do=Do("email", template="\x00\u202e" + LONG)), Step(LONG)]
    )
    drawn = svg(atlas(designed(journey), [flow()]), flow())

    assert "<script" not in drawn
    assert "\x00" not in drawn
    assert "\u202e" not in drawn
    assert any(BITING[:8] in said for said in texts(drawn))


@pytest.mark.parametrize(
    "path", ["examples/cdnow/lifecycle.yaml", "examples/recipes/klaviyo-wedding-date.yaml", "examples/recipes/segment-funnel-loopback.yaml"]
)
def test_published_journeys_can_be_drawn(path, request):
    """Each of them, with nobody in it."""
    (journey,) = [one for one in _all(load(request.config.rootpath / path)) if isinstance(one, Journey)]

    assert journey.name in texts(svg(atlas(designed(journey), [flow()]), flow()))[0]


def _all(loaded):
    return loaded if isinstance(loaded, (list, tuple)) else [loaded]


def test_scopes_splits_and_moments_give_their_ways():
    """A split leads both ways, an exit of a scope behind it, a missing moment out."""
    journey = Journey(
        "trial",
        steps=[
            Scope(
                "in", wait="5 days", exits=[Exit(On("Used")), Exit(On("Cross"), end="complaint")], steps=[Step("a", then="50% b, 50% c")]
            ),
            Step("b", wait="2 days before data.ends, exit if missing, skip to c if past"),
            Step("c"),
        ],
    )
    design = designed(journey)

    assert {(w.source, w.target, w.end) for w in design.ways} == {
        (None, "a", None),
        ("a", "b", None),
        ("a", "c", None),
        ("b", "c", None),
        ("b", None, "missing"),
        ("c", None, "completed"),
    }
    assert {(w.source, w.target, w.end) for w in design.anywhere} == {("a", "b", None), ("a", None, "complaint")}


# -- letters ---------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=80), st.integers(40, 200), st.integers(1, 3))
def test_lines_fit(text, room, lines):
    """No line is wider than there is room, and there are no more than asked for."""
    found = wrapped(text, room, 13, lines, bold=True)

    assert len(found) <= lines
    assert all(width(line, 13, bold=True) <= room or len(line) == 1 for line in found)


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0"), (950, "950"), (9_999, "9,999"), (12_340, "12.3k"), (99_960, "100k"), (999_600, "1.0M"), (2_500_000_000, "2.5G")],
)
def test_counts_are_short(number, said):
    """At most five signs, so that they fit between steps."""
    assert short(number) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "—"), (12, "12 s"), (90, "1.5 min"), (7_200, "2 h"), (86_400, "1 day"), (2 * 86_400, "2 days"), (86_400 * 45, "1.5 months")],
)
def test_times_are_short(seconds, said):
    """The largest unit that is over."""
    assert lasting(seconds) == said
