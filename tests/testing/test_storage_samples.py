"""What the contract of storages invents to be kept."""

from __future__ import annotations

import json

from hypothesis import given, settings

from journeykit.model.messages import Event
from journeykit.model.records import Facts, LoggedEvent
from journeykit.testing import storage_samples as shop


@settings(max_examples=500)
@given(shop.logged_events("ann"), shop.facts())
def test_a_storage_is_asked_to_keep_only_what_is_json(logged: LoggedEvent, facts: Facts) -> None:
    """An endless number is refused by a storage that is right, which must not fail for it once in a while."""
    assert isinstance(logged.event, Event)
    json.dumps([logged.event.properties, facts.traits], allow_nan=False)
