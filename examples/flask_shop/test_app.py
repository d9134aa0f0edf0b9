"""What the shop promises; ``pytest examples/flask_shop``."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(name="app")
def _app(tmp_path):
    found = importlib.util.spec_from_file_location("flask_shop", Path(__file__).parent / "app.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    app = module.create_app(str(tmp_path / "shop.db"))
    app.testing = True
    yield app
    app.extensions["journeykit"].storage.close()


def test_who_buys_is_thanked(app):
    """By the worker of the command."""
    assert app.test_client().post("/orders", data={"customer": "ann", "total": "4250"}).json == {"order": 1}
    worked = app.test_cli_runner().invoke(args=["journeykit", "worker", "--once"])

    assert (worked.exit_code, worked.output) == (0, "e-mail thanks to ann\n")
    told = app.test_cli_runner().invoke(args=["journeykit", "explain", "ann"])
    assert "care 1: entered thanked on Order Completed" in told.output


def test_an_order_that_is_refused_begins_nothing(app):
    """The order and the journey are one transaction."""
    with pytest.raises(ValueError, match="the card was refused"):
        app.test_client().post("/orders", data={"customer": "bob", "total": "10", "card": "refused"})

    assert app.extensions["journeykit"].storage.customers() == []
