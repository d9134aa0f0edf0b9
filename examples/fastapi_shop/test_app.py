"""What the shop promises; ``pytest examples/fastapi_shop``."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient


@pytest.fixture(name="shop")
def _shop(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_DB", str(tmp_path / "shop.db"))
    monkeypatch.syspath_prepend(Path(__file__).parent)
    sys.modules.pop("app", None)
    shop = importlib.import_module("app")
    yield shop
    shop.storage.close()
    shop.bind.dispose()
    sys.modules.pop("app")


def test_who_buys_is_thanked(shop, capsys):
    """The worker that lives with the app performs what was committed."""
    with TestClient(shop.app) as client:
        assert client.post("/orders", json={"customer": "ann", "total": 4250}).json() == {"order": 1}
        until = time.monotonic() + 30
        while shop.storage.outbox("open") and time.monotonic() < until:
            time.sleep(0.01)

    assert [row.state for row in shop.storage.outbox()] == ["performed"]
    assert capsys.readouterr().out == "e-mail thanks to ann\n"


def test_an_order_that_is_refused_begins_nothing(shop):
    """The order and the journey are one transaction, also where the request fails."""
    with TestClient(shop.app) as client:
        assert client.post("/orders", json={"customer": "bob", "total": 10, "card": "refused"}).status_code == 402

    assert shop.storage.customers() == []


def test_the_worker_ends_with_the_app(shop):
    """Nothing runs on."""
    with TestClient(shop.app):
        assert "journeykit worker" in {thread.name for thread in threading.enumerate()}

    assert "journeykit worker" not in {thread.name for thread in threading.enumerate()}
