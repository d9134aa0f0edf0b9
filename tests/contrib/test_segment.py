"""A host that receives Segment messages in a webhook."""

from __future__ import annotations

import pytest

from journeykit import EventError, loads
from journeykit.contrib.segment import receive
from shop import Shop

WELCOME = loads("{journey: welcome, stage: awareness, entry: Signed Up, steps: [{step: new, do: {email: {name: '{customer.name}'}}}]}")

IDENTIFY = {"type": "identify", "messageId": "m1", "userId": "ann", "timestamp": "2026-03-01T09:00:00Z", "traits": {"name": "Ann"}}
SIGNED_UP = {"type": "track", "event": "Signed Up", "messageId": "m2", "userId": "ann", "timestamp": "2026-03-01T09:00:01Z"}


def test_a_batch_is_accepted_and_a_worker_decides_it():
    """Traits are known when the track behind them is decided."""
    shop = Shop(WELCOME)

    received = receive(shop.engine, {"batch": [IDENTIFY, SIGNED_UP]})
    shop.work()

    assert (received.accepted, received.known, received.refused) == (2, 0, ())
    assert shop.sent == ["2026-03-02 09:00 ann email Ann"]


def test_the_same_message_again_changes_nothing():
    """The sender may try again after a timeout."""
    shop = Shop(WELCOME)
    receive(shop.engine, SIGNED_UP)

    received = receive(shop.engine, SIGNED_UP)
    shop.work()

    assert (received.accepted, received.known) == (0, 1)
    assert len(shop.sent) == 1


def test_a_bad_message_costs_no_other():
    """It is told with its place in the batch."""
    shop = Shop(WELCOME)

    received = receive(shop.engine, {"batch": [{"type": "track"}, SIGNED_UP, "hello"]})

    assert received.accepted == 1
    assert received.refused == (
        (0, "event: None is no name of an event"),
        (2, "'hello' is no message; a message is a JSON object"),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [([], r"\[\] is no message; a body is a JSON object"), ({"batch": "all"}, "batch: 'all' is no list of messages")],
)
def test_a_body_of_another_shape_is_an_error(body, reason):
    """The host answers it with a 400."""
    with pytest.raises(EventError, match=reason):
        receive(Shop(WELCOME).engine, body)


def test_an_alias_makes_two_customers_one():
    """What the cookie did is Ann's, and what it does later, too; the way back is refused, and costs no other message."""
    shop = Shop(WELCOME)
    receive(shop.engine, {**SIGNED_UP, "userId": "cookie-7"})
    alias = {"type": "alias", "messageId": "m3", "userId": "ann", "previousId": "cookie-7", "timestamp": "2026-03-01T10:00:00Z"}
    back = {**alias, "messageId": "m4", "userId": "cookie-7", "previousId": "ann"}

    received = receive(shop.engine, {"batch": [alias, back, {**SIGNED_UP, "messageId": "m5", "userId": "cookie-7"}]})
    shop.work()

    assert (received.accepted, len(received.refused)) == (3, 1)
    assert received.refused[0] == (1, 'merge: "cookie-7" has become "ann" before; merge("ann", "cookie-7") says the same')
    assert shop.storage.customers() == ["ann"]
    assert shop.told()[-1] == "03-02 09:00 refused once"
