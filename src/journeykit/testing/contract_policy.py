"""
What every policy must keep: a suite of tests to inherit from.

::

    class TestManners(PolicyContract):
        name = "extras.manners"

        def create_policy(self) -> Policy:
            return manners

        def examples(self) -> list[tuple[Question, type[Permit] | type[Defer] | type[Drop]]]:
            return [
                (self.question(), Permit),
                (self.question(customer={"on_holiday": True}), Defer),
                (self.question(customer={"wants_silence": True}), Drop),
            ]
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.journey import Do, Journey, Step
from journeykit.model.messages import microseconds
from journeykit.model.policies import Defer, Drop, Permit, Question
from journeykit.model.policies import Policy as Sentence
from journeykit.ports import Policy
from journeykit.runtime.definitions import check
from journeykit.testing.contract_plugin import Asked, PurePlugin, raised, shown, survives_text, with_odd
from journeykit.testing.scenario import Scenario

Example = tuple[Question, type[Permit] | type[Defer] | type[Drop]]

_STATES = {Permit: "performed", Defer: "open", Drop: "dropped"}


class PolicyContract(PurePlugin):
    """
    The promises of `journeykit.ports.Policy`. Name the subclass ``Test...``.

    Attributes:
        name: what catalogs call it.
        pure: that it looks at the question only; say False where it asks a service.
    """

    name = "tried"

    @abstractmethod
    def create_policy(self) -> Policy:
        """Make a new policy."""
        raise NotImplementedError("say in create_policy which policy is tested: return my_policy")

    @abstractmethod
    def examples(self) -> Sequence[Example]:
        """Questions, and which kind of answer each is to have."""
        raise NotImplementedError("give in examples what it is to answer: return [(self.question(), Permit)]")

    def question(self, **said: Any) -> Question:
        """A question about an e-mail to ann at nine in the morning; *said* are fields of it that are otherwise."""
        nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
        fields = {"action": "email", "message": "marketing", "journey": "tried", "customer_id": "ann", "parameters": {}, "consent": {}}
        known = {"id": "ann", "zone": None, "stage": None, **said.pop("customer", {})}
        return Question(**{**fields, "requested_at": nine, "now": nine, "customer": known, **said})

    def test_it_answers_as_it_should(self) -> None:
        """Each of the examples."""
        assert self.examples(), "give at least one example"
        wrong = [
            f"{shown((question,))}: {answer!r} instead of {wanted.__name__}"
            for question, wanted in self.examples()
            if not isinstance(answer := self.create_policy()(question), wanted)
        ]

        assert not wrong, "\n".join(wrong)

    def test_it_says_why(self) -> None:
        """What holds or drops a message has a reason that people read in the history."""
        answers = [self.create_policy()(question) for question, _ in self.examples()]
        mute = [answer for answer in answers if isinstance(answer, (Defer, Drop)) and not answer.reason.strip()]

        assert not mute, f"without a reason: {mute}"

    def test_it_holds_until_later(self) -> None:
        """A message is held until a moment that comes; one that has passed would be asked about again and again."""
        answers = [(question, self.create_policy()(question)) for question, _ in self.examples()]
        late = [
            f"{answer} at {question.now}"
            for question, answer in answers
            if isinstance(answer, Defer) and answer.at <= microseconds(question.now)
        ]

        assert not late, f"held until a moment that is over: {late}"

    def test_it_answers_where_something_is_missing_or_odd(self) -> None:
        """A trait, a parameter or a consent that is not there, or is of another type: an error would keep every message back."""
        questions = [question for question, _ in self.examples()]
        odd = [(evolve(one, customer=customer),) for one in questions for customer in with_odd(dict(one.customer))]
        odd += [(evolve(one, parameters=given),) for one in questions for given in with_odd(dict(one.parameters))]
        odd += [(evolve(one, consent={}),) for one in questions]
        errors = raised(self.create_policy(), odd)

        assert not errors, "\n".join(["it raises an error:", *errors])

    def test_a_catalog_names_it(self) -> None:
        """A catalog with it is checked, and is the same after it was written and read."""
        catalog = Catalog(policies=[Sentence(self.name)])

        problems = check([catalog, self._journey({})], policies=[self.name])
        assert not problems, "\n".join(problems)
        assert survives_text(catalog), f"another catalog once it was written and read: {catalog}"

    def test_an_engine_asks_it(self) -> None:
        """Just before the message is performed, and its reason is in the history."""
        for question, wanted in self.examples():
            messages: dict[str, Any] = {question.action: question.message}
            catalog = Catalog(policies=[self.name], actions=messages)
            journey = self._journey(dict(question.parameters), question.action)
            shop = Scenario(journey, catalog, at=question.now, policies={self.name: self.create_policy()})
            traits = {name: value for name, value in question.customer.items() if name not in RESERVED}
            shop.identify(traits=traits, zone=question.customer.get("zone"), consent=question.consent)
            shop.event("Begin")

            (row,) = shop.storage.outbox()
            assert row.state == _STATES[wanted], f"{shown((question,))}: {row.state}, {row.reason}"
            assert [answer.policy for answer in row.answers] == ([] if wanted is Permit else [self.name])

    # -- inside ------------------------------------------------------------------------------------------------------

    def _create(self) -> Policy:
        return self.create_policy()

    def _questions(self) -> list[Asked]:
        return [(question,) for question, _ in self.examples()]

    def _journey(self, parameters: dict[str, Any], action: str = "email") -> Journey:
        steps = [Step("sent", stage="awareness", do=Do(action, **parameters))]
        return Journey("tried", entry="Begin", steps=steps, zone="UTC")
