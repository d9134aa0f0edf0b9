"""The shops under ``examples``, each with its own tests, run as their readers would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

import journeykit
import postgres

#: Python 3.12.0 to 3.12.3 take a numbered placeholder for a named one (gh-117995).
STRICT = ["-W", "error", "-W", "ignore:Binding:DeprecationWarning"]
EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(folder: str, *command: str, **environment: str) -> str:
    """What a command of this Python says in a folder of the examples."""
    path = {"PYTHONPATH": str(Path(journeykit.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, *STRICT, *command], check=False, env={**os.environ, **path, **environment}, cwd=EXAMPLES / folder,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(("folder", "passed"), [("fastapi_shop", "3 passed"), ("flask_shop", "2 passed")])
def test_its_own_tests_pass(folder, passed):
    """FastAPI and Flask."""
    assert passed in run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", ".")


def test_a_django_project():
    """Its own tests pass with Django's own client, on SQLite, and its models and migrations agree."""
    assert "Ran 7 tests" in run("django_shop", "manage.py", "test")
    assert "No changes detected" in run("django_shop", "manage.py", "makemigrations", "--check", "--dry-run")


def test_a_django_project_on_postgres():
    """The same tests, on Django's own connection there; and others find the same database, under the address that the command is given."""
    shop = {"SHOP_POSTGRES": conninfo_to_dict(postgres.server())["host"]}
    assert "Ran 7 tests" in run("django_shop", "manage.py", "test", **shop)
    look = "import psycopg; from journeykit.contrib.django.connections import address_of as of; psycopg.connect(of('default')).close()"
    run("django_shop", "manage.py", "shell", "--no-imports", "-c", look, **shop)


def test_the_command_of_a_django_project(tmp_path):
    """The verbs know the project's journeys and database."""
    shop = {"SHOP_SQLITE": str(tmp_path / "shop.sqlite3")}
    run("django_shop", "manage.py", "migrate", "--verbosity", "0", **shop)

    assert "1 journey, no problem" in run("django_shop", "manage.py", "journeykit", "check", **shop)
    assert "none is dead" in run("django_shop", "manage.py", "journeykit", "outbox", "list", **shop)
    assert '"customers"' in run("django_shop", "manage.py", "journeykit", "status", "--json", **shop)
