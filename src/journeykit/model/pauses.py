"""A pause, as it is kept, and what holds an enrollment."""

from __future__ import annotations

from typing import NamedTuple


class Pause(NamedTuple):
    """That nothing goes out of a journey, or an action is not performed, and that time does not move who is in the journey or step."""

    number: int  #: counts all pauses from 1
    journey: str | None
    step: str | None  #: a step or scope, where only who is in it stands still
    action: str | None
    still: bool  #: what is left of a wait is the same after it; else what came due in it happens at its end
    begun_at: int
    ended_at: int | None = None

    @property
    def words(self) -> str:
        """How people call it; also what marks a message that it holds."""
        of = f"step {self.step} of {self.journey}" if self.step else self.journey or "all journeys"
        return f"pause of {of}" if self.action is None else f"pause of {self.action}{f' in {self.journey}' if self.journey else ''}"


class Hold(NamedTuple):
    """That time stands still for an enrollment: none of its timers fires until it goes on."""

    since: int
    by: str  #: what holds it, for people: ``lane offers``, ``pause 3``
    pause: int | None = None  #: the number of the pause, where one holds it
    step: str | None = None  #: the step or scope that is paused, where not all of the journey is
    until: int | None = None  #: when the pause ends, where that was known
