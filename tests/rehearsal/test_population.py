"""A population file: what it may say, and what is said to whoever says something else."""

from __future__ import annotations

from collections import Counter
from statistics import median

import pytest

from journeykit import DefinitionError
from journeykit.rehearsal import load_population, population_text, read_population
from journeykit.rehearsal.chance import Chance
from journeykit.rehearsal.phrases import follow, span, values
from rehearsal_shop import PEOPLE

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


def test_how_many_and_when():
    """Exactly, evenly between two, from at once, around a median, and by quantiles."""
    assert (follow("30%").share, follow("30%").after) == (0.3, (0.0,))
    assert (follow("12.5% after 1 hour").share, follow("12.5% after 1 hour").after) == (0.125, (HOUR,))
    assert follow("30% after 1 hour to 3 days").after == (HOUR, 3 * DAY)
    assert follow("30% within 4 hours").after == (0.0, 4 * HOUR)
    assert follow({"share": "100%", "after": ["1 hour", "1 day", "9 days"]}).after == (HOUR, DAY, 9 * DAY)
    around = sorted(Chance(str(number)).between(span("around 30 days")) / DAY for number in range(4_000))
    assert median(around) == pytest.approx(30, rel=0.05)
    assert (around[1_000], around[3_000]) == (pytest.approx(20, rel=0.05), pytest.approx(45, rel=0.05))


def test_what_a_property_may_be():
    """A value, one of several, shares, a range, quantiles, new text, and the same as last time."""
    assert values("red").shares.names == ("red",)
    assert values(["red", "blue"]).shares == values({"red": "50%", "blue": "50%"}).shares
    assert (values("10 to 90").quantiles, values("10 to 90").digits) == ((10, 90), None)
    assert (values("1.5 to 2.25").quantiles, values("1.5 to 2.25").digits) == ((1.5, 2.25), 2)
    assert values({"quantiles": [1, 2, 99]}).quantiles == (1, 2, 99)
    assert [values(word).kind for word in ("new", "same")] == ["new", "same"]
    assert values(True).shares.names == (True,)


def test_numbers_stay_numbers_where_they_have_shares():
    """The keys of a file are texts: 5 and true stand for themselves there, and a text that looks like one stands in quotes of its own."""
    assert values({"1": "50%", "2.5": "30%", "true": "20%"}).shares.names == (1, 2.5, True)
    assert values({'"5"': "50%", "DE": "30%", "NaN": "20%"}).shares.names == ("5", "DE", "NaN")
    once = read_population(
        """{begin: X, events: {X: {properties: {a: {1: 50%, 2: 50%}, b: {'"1"': 50%, DE: 50%}, c: {true: 50%, null: 50%}}}}}"""
    )
    again = read_population(population_text(once))
    told = again.events["X"].properties

    assert [told[name].shares.names for name in "abc"] == [(1, 2), ("1", "DE"), (True, "null")]
    assert told == once.events["X"].properties


@pytest.mark.parametrize("given", [None, 5, b"begin: X", {"begin": "X"}])
def test_what_is_no_text_and_no_path(given):
    """Neither is a population file."""
    with pytest.raises(
        DefinitionError, match=r"^population: .* is no text; give the text of a population file, or its path to load_population$"
    ):
        read_population(given)
    if not isinstance(given, bytes):
        with pytest.raises(DefinitionError, match=r"^path: .* is no path of a file; give one, for example people.population.yaml$"):
            load_population(given)


def test_chance_belongs_to_a_name():
    """The same name draws the same, another name something else, and all of it is even."""
    first, again, other = Chance("7/ann"), Chance("7/ann"), Chance("7/ben")
    drawn = [first.number() for _ in range(20)]

    assert drawn == [again.number() for _ in range(20)]
    assert len({*drawn, *(other.number() for _ in range(20))}) == 40
    assert drawn[0] == 0.1312210011981353  # on every machine, and in every version of Python
    tenths = Counter(int(10 * Chance(str(number)).number()) for number in range(10_000))
    assert all(900 < tenths[tenth] < 1_100 for tenth in range(10))


def test_a_population_is_written_as_it_is_read():
    """Read, written and read again it is the same, but for how exactly a share is written."""
    once = read_population(PEOPLE)
    again = read_population(population_text(once))

    assert population_text(again) == population_text(once)
    assert again.begin == once.begin
    assert again.events["Product Added"].properties == once.events["Product Added"].properties
    assert again.consent == once.consent
    assert set(again.after["email"]) == {"Email Opened"}


WRONG = {
    "[]": 'no population; begin with "begin:", the events that customers begin with, and their shares',
    "customers: 10": '"begin" is missing; write the events that customers begin with: begin: {Product Added: 100%}',
    "{begin: X, custommers: 10}": 'unknown key "custommers"; did you mean "customers"?',
    "{begin: X, customers: many}": "customers: 'many' is no number of customers; write for example 10000",
    "begin: {X: 30}": "begin.X: 30 is no share; write for example 30%",
    "begin: {X: 130%}": "begin.X: '130%' is no share; write for example 30%",
    "begin: {X: 30%, Y: 40%}": "begin: the shares come to 70%; let them come to 100%",
    "{begin: X, zones: Berlin}": 'zones: "Berlin" is no time zone; write an IANA name, for example "Europe/Berlin"; did you mean "Europe/Berlin"?',
    "{begin: X, arrival: {over: a while}}": 'arrival.over: "a while" is no duration; write for example "2 hours" or "3 days"',
    "{begin: X, arrival: {hours: {8-26: 100%}}}": 'arrival.hours: "8-26" is no hour of the day; write 9 or 8-12, of 0 to 24',
    "{begin: X, traits: {stage: [a]}}": 'traits: "stage" is not yours to set; call it something else',
    "{begin: X, consent: {email: yes please}}": "consent.email: 'yes please' is no share; write for example 30%",
    "{begin: X, events: {X: {nxt: {}}}}": 'events.X: unknown key "nxt"; did you mean "next"?',
    "{begin: X, events: {X: {next: {Y: soon}}}}": (
        "events.X.next.Y: 'soon' does not say how many and when; "
        'write "30% within 4 hours", "30% after 1 day to 3 days" or "30% around 30 days"'
    ),
    "{begin: X, events: {X: {next: {Y: 30% within}}}}": (
        "events.X.next.Y: '30% within' does not say how many and when; "
        'write "30% within 4 hours", "30% after 1 day to 3 days" or "30% around 30 days"'
    ),
    "{begin: X, events: {X: {next: {Y: 60%, Z: 60%}}}}": (
        "events.X.next: the shares come to 120%, and only one of them follows; write less, or put some under also"
    ),
    "{begin: X, events: {X: {next: [{Y: 10%}, {Y: 200%}]}}}": "events.X.next[1].Y: '200%' is no share; write for example 30%",
    "{begin: X, events: {X: {next: {Y: 10% after 3 days to 1 day}}}}": (
        "events.X.next.Y: durations belong here from the shortest to the longest, not 'after 3 days to 1 day'; put them in order"
    ),
    "{begin: X, events: {X: {next: {Y: {share: 10%, after: 3 days}}}}}": (
        "events.X.next.Y: after: '3 days' is no list; write quantiles at even steps from the shortest: [1 hour, 1 day, 9 days]"
    ),
    "{begin: X, events: {X: {properties: {total: 90 to 10}}}}": (
        'events.X.properties.total: "90 to 10" runs backwards; write the lesser number first'
    ),
    "{begin: X, events: {X: {properties: {total: {quantiles: [3, 1]}}}}}": (
        "events.X.properties.total: quantiles: [3, 1] is no list of rising numbers; write [649, 1449, 2990]"
    ),
    "{begin: X, events: {X: {properties: {total: []}}}}": (
        'events.X.properties.total: a value belongs here, not []; write one, a list of them, shares, "10 to 90", "new" or "same"'
    ),
    "{begin: X, events: {$identify: {}}}": (
        'events.$identify: "$identify" is one of the library\'s own; names of your events do not begin with "$"'
    ),
    "begin: {$identify: 100%}": 'begin.$identify: "$identify" is one of the library\'s own; names of your events do not begin with "$"',
    "begin: {'': 100%}": "begin[\"\"]: '' is no name of an event; give a text of 1 to 500 characters",
    "{begin: X, events: {X: {next: {$gone: 10%}}}}": (
        'events.X, what follows: "$gone" is one of the library\'s own; names of your events do not begin with "$"'
    ),
    "{begin: X, consent: {email: -5%}}": "consent.email: '-5%' is no share; write for example 30%",
    "{begin: X, consent: {email: 101%}}": "consent.email: '101%' is no share; write for example 30%",
    "{begin: X, events: {X: {next: {Y: 30% within -4 hours}}}}": (
        'events.X.next.Y: "-4 hours" is no duration; write for example "2 hours" or "3 days"'
    ),
    "shop/people.yaml": (
        'no population; begin with "begin:", the events that customers begin with, and their shares; a path is for load_population'
    ),
    "{begin: X, after: {email: []}}": "after.email: a mapping belongs here, not []; write {Email Opened: 30% within 4 hours}",
}


@pytest.mark.parametrize("text", WRONG)
def test_every_mistake_has_its_place_and_the_way_out(text):
    """Place, value and way out, with the name of the file before it."""
    with pytest.raises(DefinitionError) as caught:
        read_population(text, "people.yaml")

    assert caught.value.problems == (f"people.yaml: {WRONG[text]}",)


def test_all_mistakes_are_told_at_once():
    """Nobody wants to correct a file ten times."""
    with pytest.raises(DefinitionError) as caught:
        read_population("{customers: 0, zones: Nowhere, events: {X: {next: {Y: 1, Z: 2}, also: 3}}, afterwards: {}}")

    assert len(caught.value.problems) == 7


def test_a_file_that_is_not_there(tmp_path):
    """It is said of the file what is wrong with it."""
    (tmp_path / "people.yaml").write_bytes(b"begin: \xff")

    with pytest.raises(DefinitionError, match=r"nobody.yaml: cannot be read: .*; give a population file"):
        load_population(tmp_path / "nobody.yaml")
    with pytest.raises(DefinitionError, match=r"people.yaml: not in UTF-8, at byte 7; save it as UTF-8"):
        load_population(tmp_path / "people.yaml")
