"""The policies that the host gives or installed packages offer, and how they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.messages import microseconds, moment, words
from journeykit.model.policies import Defer, Drop, Permit, PolicyAnswer, Question
from journeykit.ports import Policy
from journeykit.runtime.logs import log_failure
from journeykit.runtime.plugins import Plugins

GROUP = "journeykit.policies"
_SOON = 60_000_000  #: microseconds after which a policy that holds until a moment that is over is asked again


class Policies:
    """
    The policies that sentences of the catalog may name.

    Args:
        given: those of the host, by name; installed packages may offer more (entry points ``journeykit.policies``).

    Raises:
        DefinitionError: what was given cannot be called.
    """

    def __init__(self, given: Mapping[str, Policy] | None = None) -> None:
        self._known: Plugins[Policy] = Plugins(given, GROUP, "policies")

    def names(self) -> list[str]:
        """The names of all, sorted."""
        return self._known.names()

    def ask(self, name: str, question: Question) -> PolicyAnswer:
        """
        What the policy called *name* answers.

        Raises:
            ConditionError: there is none, it failed, or it answered something else: the message is not performed without its word.
        """
        if name not in self._known:
            raise ConditionError(f'no policy named "{name}" here; there are {", ".join(self.names()) or "none"}')
        try:
            answer: object = self._known[name](question)
        except DefinitionError as error:  # its package cannot be loaded, which the error says by its name
            log_failure("policy %s failed: %s", name, error, _fields(question))
            raise ConditionError(words(error)) from None
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            log_failure("policy %s failed: %s", name, error, _fields(question))
            raise ConditionError(f'policy "{name}": {type(error).__name__}: {words(error)}') from None
        if isinstance(answer, Defer):
            now = microseconds(question.now)
            return answer if answer.at > now else Defer(moment(now + _SOON), answer.reason)
        if isinstance(answer, (Permit, Drop)):
            return answer
        raise ConditionError(f'policy "{name}" answered {words(answer, repr):.60}; a policy answers Permit, Defer or Drop')


def _fields(question: Question) -> dict[str, str]:
    """Whom a policy was asked about."""
    return {"customer": question.customer_id, "journey": question.journey, "action": question.action}
