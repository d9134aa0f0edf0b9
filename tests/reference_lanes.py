"""The part of the reference about lanes (P13): of several journeys a customer goes on in one at a time, and time stands still in the others."""

from __future__ import annotations

from typing import Any

from journeykit.model.journey import Transition
from reference_values import due


class Lanes:
    """What `Reference` does where journeys share a lane."""

    def lane_of(self: Any, journey: str) -> Any:
        """The sentence that names *journey*, where one does."""
        return next((lane for lane in self.lanes if journey in lane.journeys), None)

    def line_up(self: Any, name: str) -> None:
        """Who is in the most important journey goes on; who is in another waits."""
        lane = next(lane for lane in self.lanes if lane.name == name)
        inside = [life for life in self.active() if life.journey in lane.journeys]
        first = min((lane.journeys.index(life.journey) for life in inside), default=0)
        for life in inside:
            if life.journey != lane.journeys[first] and life.held is None:
                life.held = self.now
                self.state.notes["stands still"] += 1
            elif life.journey == lane.journeys[first] and life.held is not None:
                self.go_on(life, still=lane.still)

    def go_on(self: Any, life: Any, *, still: bool) -> None:
        """Time goes on: what was due meanwhile is due now, and what has passed leads away where the author says so."""
        if still:
            life.stood = [*life.stood, (life.held, self.now)]
        life.held = None
        self.state.notes["goes on"] += 1
        passed = []
        for timer in life.timers:
            timer.due = self.put_off(life, timer)
            if timer.wait.kind == "moment" and timer.due is not None and timer.due <= self.passed and timer.wait.past in ("exit", "skip"):
                passed.append(timer)
            if timer.due is not None:
                timer.due = max(timer.due, self.now)
        if passed:
            self.attempt(life.journey, life.key, lambda: self.lead_away(self.life(life.id), [timer.order for timer in passed]))

    def put_off(self: Any, life: Any, timer: Any, at: Any = ...) -> int | None:
        """When a timer is due after all that stood still since its wait began."""
        at = timer.due if at is ... else at
        wait, zone = timer.wait, timer.wait.zone or timer.zone
        if at is None or wait.kind == "moment":
            return at  # type: ignore[no-any-return]
        if wait.kind == "clock":
            for begin, end in life.stood:
                at = due(wait, end, zone) if begin <= at < end else at
            return at  # type: ignore[no-any-return]
        anchor = life.scopes[timer.owner][0] if timer.owner in life.scopes else life.step_at if timer.owner else life.entered_at
        stood = 0
        for begin, end in life.stood:
            if begin <= due(wait, anchor + stood, zone) and end > anchor:
                stood += end - max(begin, anchor)
        return due(wait, anchor + stood, zone) if stood else at  # type: ignore[no-any-return]

    def lead_away(self: Any, life: Any, orders: list[int]) -> None:
        """The first that has passed leads away; the others do where their owners last."""
        gone = [timer for timer in life.timers if timer.order in orders]
        visits = {timer.order: self.visit(life, timer.owner) for timer in gone}
        life.timers = [timer for timer in life.timers if timer.order not in orders]
        for number, timer in enumerate(gone):
            if number == 0:
                self.state.notes["passed while it stood"] += 1
                self.count()
                skips = timer.wait.past == "skip"
                _ = self.go(life, Transition(timer.wait.past_to)) if skips else self.end(life, f"{timer.wait.text}: past")
            elif self.visit(life, timer.owner) == visits[timer.order]:
                self.arm(life, timer.owner, timer.kind, timer.wait)
        self.settle(life)
