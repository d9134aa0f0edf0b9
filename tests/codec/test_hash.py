"""The hash under which a definition is stored: the same in every process, different for every change."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import HealthCheck, given, settings

from journeykit.codec import definition_hash, journey_from_text, journey_text
from journeykit.model.journey import Do, Journey, On, Step, Transition
from journeykit.testing.strategies import journeys

JOURNEY = Journey(
    "recover-cart",
    key="cart_id",
    entry=On("Product Added", where="event.total > 5"),
    steps=[
        Step("left", wait="2 hours", when={"Product Added": Transition("left", set={"data.b": "event.b", "data.a": 1})}),
        Step("reminded", do=Do("email", template="ä", discount=10, rate=1.5)),
    ],
)
TEXT = (
    '{"journey":"recover-cart","key":"cart_id","entry":{"event":"Product Added","where":"event.total > 5"},"steps":'
    '[{"step":"left","wait":"2 hours","when":{"Product Added":{"to":"left","set":{"data.b":"event.b","data.a":1}}}},'
    '{"step":"reminded","do":{"email":{"template":"ä","discount":10,"rate":1.5}}}]}'
)


def test_the_canonical_text_is_written_out():
    """The stored text may never change its form: customers are pinned to it."""
    assert journey_text(JOURNEY) == TEXT
    assert journey_from_text(TEXT) == JOURNEY
    assert definition_hash(JOURNEY) == "09dba50e9fbcd00f"


def test_another_process_has_the_same_hash():
    """Whatever seed the process hashes texts with, the definition has one hash."""
    script = "import sys; from journeykit.codec import *; print(definition_hash(journey_from_text(sys.stdin.buffer.read().decode())))"
    for seed in ("0", "1", "4711"):
        env = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
        told = subprocess.run([sys.executable, "-c", script], input=TEXT.encode(), capture_output=True, check=True, env=env).stdout
        assert told.decode().strip() == definition_hash(JOURNEY)


def test_short_and_long_forms_have_one_hash():
    """A journey written another way is the same version."""
    longer = Journey("a", entry=[On("B")], steps=[Step("c", do=[Do("d")], when=[Transition("c", on=On("E", late="accept"))])])
    assert definition_hash(longer) == definition_hash(Journey("a", entry="B", steps=[Step("c", do="d", when={"E": "c"})]))


def test_every_change_gives_another_hash():
    """A parameter, its type, the order of steps, a key: each makes another version."""
    first, second = JOURNEY.steps
    steps = [(first, Step("reminded", do=Do("email", discount=discount))) for discount in (10, 11, 10.0, "10", True)]
    versions = [JOURNEY, *(Journey("recover-cart", steps=some) for some in [*steps, (second, first), (first, second)])]
    versions += [
        Journey("recover-cart", steps=JOURNEY.steps, **more) for more in ({"key": "cart_id"}, {"lifecycle": True}, {"stage": "purchase"})
    ]
    assert len({definition_hash(journey) for journey in versions}) == len(versions)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(journeys())
def test_what_is_stored_has_the_hash_it_is_stored_under(journey):
    """The text read back gives the same text, and so the same hash."""
    text = journey_text(journey)
    assert journey_text(journey_from_text(text)) == text
    assert definition_hash(journey_from_text(text)) == definition_hash(journey)
