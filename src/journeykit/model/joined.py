"""What an enrollment keeps of another one that it has outlived."""

from __future__ import annotations

from typing import NamedTuple


class Joined(NamedTuple):
    """What a merge of two customers brought under the key of an enrollment that stayed (P20)."""

    number: int  #: how many enrollments came along that are no more; they count for re-entry
    entered_at: int  #: the latest entry of them all; a cooldown counts from it
    sent: dict[str, int]  #: what the other one had asked for and this one had not, and how often: that is not sent again
