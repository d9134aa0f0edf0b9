"""Erasing a customer (P21): nothing stays that names them."""

from __future__ import annotations

import secrets

from journeykit.core.turns.remains import remains_of
from journeykit.model.leaving import Erased
from journeykit.model.records import Want
from journeykit.ports import Storage
from journeykit.runtime.aliases import mark


def erase(storage: Storage, customer_id: str, now: int) -> bool:
    """Take out all that is known of a customer, under every id they have had; *now* is when re-entry counts from. Whether there was any."""
    names = storage.identities(customer_id)
    (loaded,) = storage.load_many([Want(names[0], None)])
    marks = [mark(storage, name) for name in dict.fromkeys([*names, customer_id])]
    known = next(iter(storage.remains(marks).values()), None)
    if known is not None and not loaded.revision:
        remains = known  # erased before, and nothing was decided since
    else:
        remains = remains_of(loaded.facts, loaded.enrollments, secrets.token_hex(16), now)
    return storage.erase(Erased(names[0], marks, remains, f"erased-{secrets.token_hex(8)}"))
