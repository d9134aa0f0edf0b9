"""Templates of e-mails: texts with gaps, what stands in the gaps, and which language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from email.policy import EmailPolicy
from html import escape
from typing import Any

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.messages import ActionRequest

_GAP = re.compile(r"\{\s*([A-Za-z_]\w*)(?:\s+or\s+(?:'([^'{}]*)'|\"([^\"{}]*)\"))?\s*\}")
_NEARLY = re.compile(r"\{\s*[A-Za-z_][\w.]*\s+or\b[^{}]*\}|\{\s*[A-Za-z_]\w*(?:\.\w+)+\s*\}")


class _Policy(EmailPolicy):
    """How an e-mail is written: in characters that every server takes, and with a link in one piece, however long."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """The lines of a header."""
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n", cte_type="7bit")


class UnsendableError(Exception):
    """What was asked for cannot be sent, now or ever."""


def _checked(_template: object, attribute: Any, value: str) -> None:
    if not isinstance(value, str):
        raise DefinitionError(f"{attribute.name}: {value!r:.60} is no text")
    wrong = next((match[0] for match in _NEARLY.finditer(value) if not _GAP.fullmatch(match[0])), None)
    if wrong is not None:
        raise DefinitionError(f"{attribute.name}: \"{wrong:.80}\" is no gap; write {{name}}, or {{name or 'there'}}")


@frozen
class Template:
    """
    An e-mail with gaps.

    A gap is the name of a parameter in braces: ``{name}``, or ``{name or 'there'}`` with what stands for it when it is missing or
    empty. Other braces are plain text, so that a style sheet needs no care. In *html*, values are escaped.

    Attributes:
        subject: one line.
        text: the plain text, for those who read no HTML.
        html: the same as HTML; without it the e-mail has the plain text alone.

    Raises:
        DefinitionError: something looks like a gap and is none.
    """

    subject: str = field(validator=_checked)
    text: str = field(validator=_checked)
    html: str = field(default="", validator=_checked)

    def filled(self, values: Mapping[str, Any]) -> EmailMessage:
        """
        The e-mail with *values* in its gaps.

        Raises:
            UnsendableError: a gap has neither value nor fallback, or the subject would have more than one line.
        """
        subject = fill(self.subject, values)
        if not subject.isprintable():
            raise UnsendableError(f"the subject {subject!r:.80} is more than one line of plain text")
        message = EmailMessage(POLICY)
        message["Subject"] = subject
        message.set_content(fill(self.text, values))
        if self.html:
            message.add_alternative(fill(self.html, values, escape), subtype="html")
        return message


def fill(text: str, values: Mapping[str, Any], write: Callable[[str], str] = str) -> str:
    """*text* with *values* in its gaps, each written by *write*; raise `UnsendableError` where one has neither value nor fallback."""

    def value(gap: re.Match[str]) -> str:
        given = values.get(gap[1])
        if given is None or given == "":
            given = gap[2] if gap[2] is not None else gap[3]
        if given is None:
            raise UnsendableError(f"{gap[0]} has no value; give the parameter, or write {{{gap[1]} or 'what stands for it'}}")
        return write(_shown(given))

    return _GAP.sub(value, text)


def gaps(text: str) -> Iterator[str]:
    """The names of the gaps of *text*."""
    return (gap[1] for gap in _GAP.finditer(text))


def _shown(value: object) -> str:
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)


Writer = Callable[[ActionRequest], EmailMessage]


class Templates:
    """
    The templates of a shop, by name; those of a language as ``name.language``.

    Args:
        given: templates, and functions that write an e-mail themselves, by name; or one function that writes them all.

    Raises:
        DefinitionError: one of them is neither.
    """

    def __init__(self, given: Mapping[str, Template | Writer] | Writer) -> None:
        self._writer = None if isinstance(given, Mapping) else _usable("templates", given)
        known = given if isinstance(given, Mapping) else {}
        self._known = {_folded(name): _usable(f'templates: "{name}"', template) for name, template in known.items()}

    def write(self, request: ActionRequest, more: Mapping[str, Any]) -> EmailMessage:
        """
        The e-mail that *request* asks for: its ``template`` in its ``language``, else the template without a language.

        Raises:
            UnsendableError: there is no such template, or it cannot be filled.
        """
        template = self._writer
        if template is None:
            template = self._find(str(request.parameters.get("template") or ""), str(request.parameters.get("language") or ""))
        return template.filled({**request.parameters, **more}) if isinstance(template, Template) else template(request)

    def _find(self, name: str, language: str) -> Template | Writer:
        for candidate in (f"{name}.{language}", f"{name}.{re.split('[-_]', language)[0]}", name):
            if _folded(candidate) in self._known:
                return self._known[_folded(candidate)]
        raise UnsendableError(f'no template "{name}"; there are {", ".join(sorted(self._known)) or "none"}')


def _usable(place: str, given: Template | Writer) -> Template | Writer:
    if not isinstance(given, Template) and not callable(given):
        raise DefinitionError(f"{place} is {given!r:.60}; give a Template, or a function of the request")
    return given


def _folded(name: str) -> str:
    return name.replace("_", "-").lower()
