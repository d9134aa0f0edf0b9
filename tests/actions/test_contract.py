"""The library's own actions, and the fakes that stand for them in tests, keep what every action promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from journeykit import EmailAction, FileAction, LogAction, WebhookAction
from journeykit.actions.templates import Template
from journeykit.testing import Recorder, SMTPReceiver, WebhookReceiver, answers
from journeykit.testing.contracts import ActionContract
from journeykit.testing.receivers import talking
from receivers import SOON, silent


class TestEmail(ActionContract):
    """To a server that takes e-mails, and to one that never says a word."""

    name = "email"
    time_limit = SOON

    @pytest.fixture(autouse=True)
    def _servers(self) -> Iterator[None]:
        with SMTPReceiver() as self.post, talking(silent) as self.silent:
            yield

    def create_action(self) -> EmailAction:
        return self.to(self.post.port)

    def create_stalled_action(self) -> EmailAction:
        return self.to(self.silent, timeout=0.2)

    def to(self, port: int, **options: float) -> EmailAction:
        templates = {
            "hello": Template(subject="Hello {name}", text="Good morning"),
            "hello.de": Template(subject="Guten Tag", text="{name}"),
        }
        return EmailAction(
            "127.0.0.1", port, sender="Shop <hello@shop.example>", security="none", templates=templates, event="Sent", **options
        )

    def performed(self) -> list[dict[str, object]]:
        return [
            {"template": "hello", "to": "ann@example.org", "name": "Ann"},
            {"template": "hello", "to": "a@b.de", "name": "A", "language": "de"},
        ]

    def refused(self) -> list[dict[str, object]]:
        return [{"template": "unknown", "to": "ann@example.org"}, {"template": "hello", "to": "ann", "name": "Ann"}]


class TestWebhook(ActionContract):
    """To a receiver that takes everything, and to one that never answers."""

    name = "sms"
    time_limit = SOON

    @pytest.fixture(autouse=True)
    def _servers(self) -> Iterator[None]:
        with WebhookReceiver() as self.receiver, talking(silent) as self.silent:
            yield

    def create_action(self) -> WebhookAction:
        return self.to(self.receiver.url)

    def create_stalled_action(self) -> WebhookAction:
        return self.to(f"http://127.0.0.1:{self.silent}/", timeout=0.2)

    def to(self, url: str, **options: float) -> WebhookAction:
        return WebhookAction(url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", allow=["127.0.0.0/8"], **options)

    def performed(self) -> list[dict[str, object]]:
        return [{"text": "hello", "to": "+49 30 1"}, {}]


class TestFile(ActionContract):
    """A line for each request."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "performed.jsonl"

    def create_action(self) -> FileAction:
        return FileAction(self.path)

    def performed(self) -> list[dict[str, object]]:
        return [{"text": "hello"}, {"of": [1, {"two": None}]}]

    def test_every_line_is_whole(self) -> None:
        """Also where several threads write."""
        self.test_it_can_be_called_from_any_thread()

        assert len([json.loads(line) for line in self.path.read_text("utf-8").splitlines()]) == 16


class TestLog(ActionContract):
    """It says so, and that is all."""

    def create_action(self) -> LogAction:
        return LogAction()

    def performed(self) -> list[dict[str, object]]:
        return [{"text": "hello"}, {}]


class TestRecorder(ActionContract):
    """The fake, as it is given to a scenario."""

    def create_action(self):
        return Recorder("tried")["tried"]

    def performed(self) -> list[dict[str, object]]:
        return [{"text": "hello"}, {}]


class TestAnswers(TestRecorder):
    """The fake of one action."""

    def create_action(self):
        return answers()
