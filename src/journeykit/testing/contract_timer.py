"""
What every timer must keep: a suite of tests to inherit from.

::

    class TestPayday(TimerContract):
        name = "extras.payday"

        def create_timer(self) -> Timer:
            return payday

        def examples(self) -> list[tuple[str, tuple[Any, ...], date | datetime | None]]:
            return [("2026-04-01 10:00", (25,), date(2026, 4, 24)), ("2026-04-01 10:00", (None,), None)]
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from journeykit.core.expressions.calendar import local, read_moment
from journeykit.model.journey import Journey, Step
from journeykit.model.messages import microseconds, moment
from journeykit.ports import Timer
from journeykit.runtime.definitions import check
from journeykit.testing.boundary import boundaries
from journeykit.testing.contract_plugin import Asked, NamedInJourneys, raised, with_gaps
from journeykit.testing.scenario import Scenario

Example = tuple[str, tuple[Any, ...], date | datetime | None]  #: when the wait begins, the arguments, and the moment


class TimerContract(NamedInJourneys):
    """
    The promises of `journeykit.ports.Timer`. Name the subclass ``Test...``.

    Attributes:
        name: what definitions call it.
        zone: the time zone of the customer in the examples.
    """

    name = "tried"
    zone = "Europe/Berlin"

    @abstractmethod
    def create_timer(self) -> Timer:
        """Make a new timer."""
        raise NotImplementedError("say in create_timer which timer is tested: return my_timer")

    @abstractmethod
    def examples(self) -> Sequence[Example]:
        """When a wait begins (as the clocks of the zone show it), the arguments of the definition, and the moment that is to come out."""
        raise NotImplementedError('give in examples what is to come out: return [("2026-04-01 10:00", (25,), date(2026, 4, 24))]')

    def test_it_knows_the_moment(self) -> None:
        """Of each of the examples."""
        assert self.examples(), "give at least one example"
        wrong = [
            f"{anchor} with {arguments}: {answer!r} instead of {wanted!r}"
            for anchor, arguments, wanted in self.examples()
            if (answer := self.create_timer()(*self._asked(anchor, arguments))) != wanted
        ]

        assert not wrong, "\n".join(wrong)

    def test_it_answers_at_every_boundary_of_a_year(self) -> None:
        """A moment, a date or None, also where clocks change, months end and February is longer."""
        timer = self.create_timer()
        around = [one.at + timedelta(hours=hours) for one in boundaries(2028, [self.zone]) for hours in (-24, -1, 0, 1)]
        for at in around:
            for _, arguments, _ in self.examples():
                answer: object = timer(local(microseconds(at), self.zone), *arguments)
                assert answer is None or isinstance(answer, date), f"{at} with {arguments}: {answer!r} is no moment, no date and not None"

    def test_it_answers_where_an_argument_is_missing(self) -> None:
        """None where nobody knows; an error would park the signal."""
        odd = [self._asked(anchor, gaps) for anchor, arguments, _ in self.examples() for gaps in with_gaps(arguments)]
        errors = raised(self.create_timer(), odd)

        assert not errors, "\n".join(["it raises an error:", *errors])

    def test_an_engine_waits_for_it(self) -> None:
        """Until the moment of the example; who has none leaves, who has missed it goes on, and nothing is parked."""
        for anchor, arguments, wanted in self.examples():
            shop = Scenario(self._journey(len(arguments)), at=anchor, zone=self.zone, timers={self.name: self.create_timer()})
            shop.identify(zone=self.zone, traits={f"argument_{number}": value for number, value in enumerate(arguments)})
            shop.event("Begin")
            assert not [row for row in shop.storage.events("ann", 1 << 62) if row.state == "parked"]
            if wanted is None:
                assert str(shop.outcome("ann", "tried")).endswith(": missing"), f"{anchor} with {arguments}"
                continue
            if (due := self._instant(wanted)) > shop.clock.now():
                assert shop.storage.next_due() == due + 1, f"{anchor} with {arguments}"
                shop.until(moment(due))
            assert shop.step() == "over", f"{anchor} with {arguments}"

    # -- inside ------------------------------------------------------------------------------------------------------

    def _create(self) -> Timer:
        return self.create_timer()

    def _journeys(self) -> list[Journey]:
        return [self._journey(number) for number in sorted({len(arguments) for _, arguments, _ in self.examples()})]

    def _problems(self, journey: Journey) -> tuple[str, ...]:
        return check(journey, timers={self.name: self.create_timer()})

    def _asked(self, anchor: str, arguments: Sequence[Any]) -> Asked:
        at = read_moment(anchor, self.zone)
        assert at is not None
        return (local(at, self.zone), *arguments)

    def _questions(self) -> list[Asked]:
        return [self._asked(anchor, arguments) for anchor, arguments, _ in self.examples()]

    def _instant(self, wanted: date | datetime) -> int:
        found = read_moment(wanted if isinstance(wanted, datetime) else f"{wanted} 00:00", self.zone)
        assert found is not None
        return found

    def _journey(self, arguments: int) -> Journey:
        said = ", ".join(f"customer.argument_{number}" for number in range(arguments))
        wait = f"until {self.name}({said}), exit if missing, now if past"
        return Journey(
            "tried", entry="Begin", steps=[Step("waits", stage="awareness", wait=wait), Step("over", wait="9 days")], zone=self.zone
        )
