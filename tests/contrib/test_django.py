"""What somebody new to it reads in a Django project where something is wrong, or was forgotten; the shop's own tests are beside the example."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import journeykit

SHOP = Path(__file__).parent.parent.parent / "examples" / "django_shop"
CARE = "journey: care\nstage: retention\nentry: Order Completed\nsteps:\n  - step: thanked\n    do: {mail: {to: '{event.email}'}}\n"


@pytest.fixture
def manage(tmp_path):
    """Runs ``manage.py`` of the shop with a folder of journeys and a database of its own, and with more settings."""
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "care.yaml").write_text(CARE)

    def run(*command, settings=""):
        begin = "from pathlib import Path\nfrom shop.settings import *\nJOURNEYKIT = {**JOURNEYKIT, 'DEFINITIONS': Path(__file__).parent / 'journeys'}\n"
        (tmp_path / "changed.py").write_text(begin + settings)
        path = os.pathsep.join([str(Path(journeykit.__file__).parent.parent), str(SHOP), str(tmp_path)])
        own = {
            "PYTHONPATH": path,
            "DJANGO_SETTINGS_MODULE": "changed",
            "SHOP_SQLITE": str(tmp_path / "db"),
            "COLUMNS": "200",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, str(SHOP / "manage.py"), *command], check=False, env={**os.environ, **own}, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_an_action_that_nobody_has_is_told_before_a_worker_meets_it(manage):
    """By Django's own check, and as a line by the verb; the worker does not begin."""
    problem = 'care: steps[0].do[0]: no action "mail"; did you mean "email"?'
    code, said = manage("check")
    assert code == 1
    assert problem in said
    assert "(journeykit.E002)" in said
    assert manage("journeykit", "check") == (1, f"{problem}\n1 problem\n")
    assert manage("journeykit", "worker") == (1, f"{problem}\n1 problem\n")
    code, said = manage("journeykit", "check", "--json")
    assert (code, json.loads(said)) == (1, {"journeys": 0, "problems": [problem]})


def test_every_slip_in_the_setting_is_told_at_once(manage):
    """Keys that there are not, and what cannot be imported."""
    settings = "JOURNEYKIT['ACTION'] = {}\nJOURNEYKIT['ACTIONS'] = {'mail': 'orders.actions.send_mails', 'sms': 'orders.texts.send'}\n"
    code, said = manage("journeykit", "check", settings=settings)
    assert code == 1
    assert 'settings.JOURNEYKIT has no "ACTION"; there are ' in said
    assert 'did you mean "ACTIONS"?' in said
    assert 'ACTIONS["mail"]: "orders.actions.send_mails" cannot be imported' in said
    assert 'ACTIONS["sms"]: "orders.texts.send" cannot be imported' in said
    assert said.endswith("3 problems\n")


def test_a_journey_that_cannot_be_read_is_a_problem_of_the_project(manage, tmp_path):
    """With file, place and the way out, and no traceback."""
    (tmp_path / "journeys" / "care.yaml").write_text(CARE.replace("'{event.email}'", "{event.email}"))
    problem = 'care.yaml: steps[0].do.mail.to: {event.email} is read as a mapping by YAML; write "{event.email}" in quotes'
    assert manage("journeykit", "check") == (1, f"{problem}\n1 problem\n")
    assert problem in manage("check")[1]


def test_an_argument_that_no_engine_takes(manage):
    """OPTIONS are checked as well."""
    code, said = manage("check", settings="JOURNEYKIT['OPTIONS'] = {'leese': 600}\n")
    assert code == 1
    assert "settings.JOURNEYKIT: OPTIONS: " in said
    assert 'an engine takes no argument "leese"' in said


def test_what_will_be_a_nuisance_is_a_warning(manage):
    """A SQLite on which a view and a worker get in each other's way, and a worker that can perform nothing."""
    code, said = manage("check", settings="JOURNEYKIT.pop('ACTIONS')\nDATABASES['default'].pop('OPTIONS')\n")
    assert code == 0
    assert "(journeykit.W001) settings.JOURNEYKIT has no ACTIONS, and journeys ask for mail" in said
    assert "(journeykit.W002)" in said
    assert 'Set DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}' in said


def test_nothing_is_said_where_nothing_is_wrong(manage):
    """Neither by Django nor by the verb."""
    settings = "JOURNEYKIT['ACTIONS'] = {'mail': 'orders.actions.send_email'}\n"
    assert manage("check", settings=settings) == (0, "System check identified no issues (0 silenced).\n")
    assert manage("journeykit", "check", settings=settings) == (0, "1 journey, no problem\n")


def test_tables_that_are_not_there_are_made_by_django(manage):
    """The way out is the one of this framework."""
    settings = "JOURNEYKIT['ACTIONS'] = {'mail': 'orders.actions.send_email'}\n"
    code, said = manage("journeykit", "worker", settings=settings)
    assert code == 4
    assert said.endswith("; run python manage.py migrate\n")
    assert len(said.splitlines()) == 1


#: every verb that opens the database; they are said one after the other by one process
OPENING = (
    ["explain", "ann"], ["status"], ["outbox", "list"], ["outbox", "retry", "--all"], ["outbox", "drop", "1"], ["customer", "export", "ann"],
    ["customer", "erase", "ann"], ["customer", "merge", "ann", "ben"], ["pause", "--journey", "care"], ["resume", "--journey", "care"], ["versions"],
    ["migrate"], ["migrate", "--rehearse"], ["backfill"], ["retain", "--before", "2026-01-01"], ["map", "-o", "map.html"], ["export", "out"],
    ["replay"], ["diff", "care", "care"], ["serve"], ["worker"],
)  # fmt: skip
SAYING = """
import contextlib, io, json, sys
import django

django.setup()
sys.argv = ["manage.py"]
from journeykit.contrib.django.management.commands.journeykit import Command

said = {}
for verb, *arguments in json.loads(sys.stdin.read()):
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            Command(stdout=told, stderr=told).handle(verb=verb, arguments=arguments)
        except SystemExit as end:
            said[" ".join([verb, *arguments])] = [end.code, told.getvalue().strip()]
print(json.dumps(said))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def unmigrated(request, tmp_path):
    """Says what each verb says on a database that is there and in which nothing is."""
    (tmp_path / "db").touch()
    settings = "from shop.settings import *\nJOURNEYKIT['ACTIONS']['mail'] = JOURNEYKIT['ACTIONS']['email']\n"
    if request.param == "postgres":
        from psycopg.conninfo import conninfo_to_dict

        import postgres

        given = conninfo_to_dict(postgres.empty())
        named = {name.upper(): given[name] for name in ("user", "password", "host", "port") if name in given}
        own = {"ENGINE": "django.db.backends.postgresql", "NAME": given["dbname"], "OPTIONS": {"options": given["options"]}, **named}
        settings += f"DATABASES = {{'default': {own!r}}}\n"
    (tmp_path / "changed.py").write_text(settings)
    path = os.pathsep.join([str(Path(journeykit.__file__).parent.parent), str(SHOP), str(tmp_path)])
    own = {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "changed", "SHOP_SQLITE": str(tmp_path / "db"), "COLUMNS": "400"}

    def run(verbs):
        told = subprocess.run(
            [sys.executable, "-c", SAYING],
            check=True,
            input=json.dumps(verbs),
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        return json.loads(told.stdout)

    return run


def test_every_verb_names_the_migration_of_the_project(unmigrated, tmp_path):
    """On a database that nobody has migrated: no traceback, one line, and the way out that a project has."""
    said = unmigrated(OPENING)
    assert len(said) == len(OPENING)
    for verb, (code, line) in said.items():
        assert code == 4, verb
        assert "the database is not prepared (" in line, verb
        assert line.endswith("); run python manage.py migrate"), verb
        assert len(line.splitlines()) == 1, verb
    assert {file.name for file in tmp_path.iterdir()} - {"__pycache__"} == {"changed.py", "db"}


@pytest.mark.parametrize("unmigrated", ["sqlite"], indirect=True)
def test_another_database_is_named_in_the_words_of_the_command(unmigrated):
    """With ``--db`` no migration of the project would help; how it is called stands in the usage."""
    said = unmigrated([["status", "--db", "elsewhere.db"], ["explain"]])
    assert said["status --db elsewhere.db"][1].endswith("journeykit run makes one, or name another with --db")
    assert "manage.py journeykit explain" in said["explain"][1]


@pytest.mark.parametrize("unmigrated", ["sqlite"], indirect=True)
def test_a_file_that_is_not_there_yet_is_made_by_the_migration(unmigrated, tmp_path):
    """SQLite's file comes with the first migration, not with a history that is brought in."""
    (tmp_path / "db").unlink()
    code, line = unmigrated([["status"]])["status"]
    assert code in (1, 4)
    assert line.endswith("; run python manage.py migrate")


def test_journeys_that_are_wrong_stand_in_the_way_of_no_verb_that_needs_none(manage, tmp_path):
    """Somebody breaks a journey at night: dead letters can be seen all the same, and other verbs say what is wrong in lines."""
    fine = "JOURNEYKIT['ACTIONS'] = {'mail': 'orders.actions.send_email'}\n"
    assert manage("migrate", settings=fine)[0] == 0
    (tmp_path / "journeys" / "care.yaml").write_text(CARE.replace("steps:", "stepps:"))

    assert manage("journeykit", "outbox", "list", settings=fine) == (0, "none is dead\n")
    code, said = manage("journeykit", "draw", settings=fine)
    assert code == 1
    assert 'care.yaml: unknown key "stepps"; did you mean "steps"?' in said
    assert "Traceback" not in said


def test_a_setting_that_is_missing_is_a_line(manage):
    """And so is a database that there is not."""
    assert manage("journeykit", "status", settings="del JOURNEYKIT\n") == (
        1,
        'settings.JOURNEYKIT is missing; write JOURNEYKIT = {"DEFINITIONS": BASE_DIR / "journeys"}\n',
    )
    assert manage("journeykit", "status", settings="JOURNEYKIT['DATABASE'] = 'crm'\n") == (
        1,
        'settings.JOURNEYKIT: DATABASE: there is no database "crm" in settings.DATABASES\n',
    )


def test_without_a_verb_there_is_help_and_the_worker_takes_no_arguments(manage):
    """Nobody waits for ``--once`` to come back."""
    fine = "JOURNEYKIT['ACTIONS'] = {'mail': 'orders.actions.send_email'}\n"
    code, said = manage("journeykit", settings=fine)
    assert code == 0
    assert "Usage: manage.py journeykit [OPTIONS] COMMAND" in said
    code, said = manage("journeykit", "worker", "--once", settings=fine)
    assert (code, said) == (2, "the worker takes no arguments here; what it performs stands in settings.JOURNEYKIT\n")
