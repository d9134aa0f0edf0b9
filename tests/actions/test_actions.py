"""The actions that come with the library."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from journeykit import ActionRequest, Done
from journeykit.actions.file import FileAction
from journeykit.actions.log import LogAction
from journeykit.model.messages import moment


def request(attempt: int = 1) -> ActionRequest:
    return ActionRequest("email", "ann", {"template": "reminder", "name": "Zoë"}, "ann/cart/c1/1/2/0", attempt, moment(0), None, "cart")


def test_half_a_line_is_left_alone(tmp_path: Path) -> None:
    """Who was killed while writing has left it; what comes next can be read."""
    path = tmp_path / "sent.jsonl"
    path.write_text('{"idempotency_key": "ann/wel')
    action = FileAction(path)
    for attempt in (1, 2):
        action(request(attempt))
    half, *whole = path.read_text("utf-8").splitlines()

    assert half == '{"idempotency_key": "ann/wel'
    assert [json.loads(line)["attempt"] for line in whole] == [1, 2]


def test_a_file_has_one_line_for_each_performed_request(tmp_path: Path) -> None:
    """JSON that other programs read, with the key that tells a repetition."""
    action = FileAction(tmp_path / "sent.jsonl")

    assert action(request()) == Done()
    assert action(request(2)) == Done()
    lines = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text("utf-8").splitlines()]
    assert lines[0] == {
        "idempotency_key": "ann/cart/c1/1/2/0", "action": "email", "customer_id": "ann", "journey": "cart",
        "requested_at": "1970-01-01T00:00:00+00:00", "attempt": 1, "parameters": {"template": "reminder", "name": "Zoë"},
    }  # fmt: skip
    assert [line["attempt"] for line in lines] == [1, 2]


def test_a_log_names_the_customer_at_debug_only(caplog: pytest.LogCaptureFixture) -> None:
    """INFO says what is done, DEBUG for whom."""
    with caplog.at_level(logging.DEBUG, "journeykit.actions"):
        assert LogAction()(request()) == Done()

    assert [(record.levelname, "ann" in record.getMessage()) for record in caplog.records] == [("INFO", False), ("DEBUG", True)]
