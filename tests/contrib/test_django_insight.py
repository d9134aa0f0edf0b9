"""The numbers of a Django project, as its own `manage.py` tells them: review, map, page and export, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

import journeykit
import postgres
from journeykit.insight.engines.duck import DuckLake

SHOP = Path(__file__).parent.parent.parent / "examples" / "django_shop"
SETTINGS = """
from pathlib import Path
from shop.settings import *
HERE = Path(__file__).parent
DATABASES["default"].setdefault("OPTIONS", {{}}).update({options!r})
JOURNEYKIT = {{**JOURNEYKIT, "INSIGHT": HERE / "insight.yaml"}}
"""
INSIGHT = "currency: EUR\nkpis:\n  care:\n    - average order value at least 35.00 EUR, sales, weekly\n"
ORDERS = """
from unittest.mock import patch
from datetime import UTC, datetime
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
with patch("orders.views.timezone.now", lambda: datetime(2026, 3, 3, tzinfo=UTC)):
    for customer, total in (("ann", 4250), ("bob", 2750)):
        Client().post("/orders/", {"customer": customer, "total": total})
"""


@pytest.fixture(name="project", params=["sqlite", "postgres"])
def _project(request, tmp_path):
    """The shop on a database of its own, in which Ann and Bob have ordered; returns how `manage.py` is called, and with what around it."""
    shop, options = {"SHOP_SQLITE": str(tmp_path / "db.sqlite3")}, {}
    if request.param == "postgres":
        address = conninfo_to_dict(postgres.empty())
        shop, options = {"SHOP_POSTGRES": address["host"]}, {"options": address["options"]}
    (tmp_path / "shop_of_march.py").write_text(SETTINGS.format(options=options))
    (tmp_path / "insight.yaml").write_text(INSIGHT)
    path = os.pathsep.join([str(Path(journeykit.__file__).parent.parent), str(SHOP), str(tmp_path)])
    own = {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "shop_of_march", "PYTHONDONTWRITEBYTECODE": "1", **shop}
    around = {"env": {**os.environ, **own}, "cwd": tmp_path, "text": True}
    command = [sys.executable, str(SHOP / "manage.py")]

    def manage(*arguments):
        done = subprocess.run([*command, *arguments], check=False, capture_output=True, **around)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    manage("shell", "--no-imports", "-c", ORDERS)
    manage.popen = lambda *arguments: subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **around)
    return manage


def test_review_map_page_and_export(project, tmp_path):
    """Each reads the project's database, and the file that the setting names as INSIGHT says what is reviewed."""
    review = project("journeykit", "report", "weekly", "--at", "2026-03-09")
    assert "1 of 1 target" in review, review
    assert "35.00 EUR" in review
    assert "mean of 2" in review

    assert project("journeykit", "map", "-o", "map.svg") == "map.svg\n"
    assert "thanked" in (tmp_path / "map.svg").read_text()

    assert project("journeykit", "export", "out").split()[:4] == ["events", "2", "history", "2"]
    lake = DuckLake()
    lake.read(tmp_path / "out")
    assert lake.query("select customer from events order by customer") == [("ann",), ("bob",)]

    with project.popen("journeykit", "serve", "--port", "0") as server:
        address = server.stderr.readline().split()[0]
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"average order value" in page.read()
        server.terminate()
        assert server.communicate()[1] == "stopped\n"
    assert server.returncode == 0
