"""The plugin of pytest, seen from a project that tests its journeys with it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import journeykit

pytest_plugins = ["pytester"]

PLUGIN = "journeykit.testing.pytest_plugin"
INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))

CART = """
journey: recover-cart
key: cart_id
entry: Product Added
exits: Order Completed
steps:
  - step: left
    stage: consideration
    wait: 2 hours
    when: {Product Added: left}
  - step: reminded
    do: {email: {template: cart-reminder}}
"""
MANNERS = """
policies: ['quiet 22:00 to 08:00']
"""


@pytest.fixture(name="project")
def _project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a journey and a catalog."""
    pytester.makefile(".toml", pyproject='[tool.pytest.ini_options]\njourneykit_journeys = ["journeys"]\n')
    folder = pytester.mkdir("journeys")
    (folder / "cart.yaml").write_text(CART)
    (folder / "manners.yaml").write_text(MANNERS)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """What pytest says in the project."""
    plugin = () if INSTALLED else ("-p", PLUGIN)
    return project.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", "-p", "no:randomly", *arguments)


# -- fixtures --------------------------------------------------------------------------------------------------------------


def test_a_story_of_the_configured_journeys(project: pytest.Pytester) -> None:
    """Without an import; each scenario of a test on a storage of its own."""
    project.makepyfile("""
        def test_a_cart(scenario):
            shop = scenario(at="2026-03-29 09:00", zone="Europe/Berlin")
            other = scenario(at="2026-03-29 09:00", zone="Europe/Berlin")
            shop.event("Product Added", cart_id="c1")
            shop.wait("2 hours")
            shop.expect("email", template="cart-reminder", at="2026-03-29 11:00")
            assert other.storage is not shop.storage
            assert other.storage.customers() == []

        def test_one_is_given_another_storage(scenario):
            from journeykit import MemoryStorage
            mine = MemoryStorage()
            assert scenario(storage=mine).storage is mine
    """)
    run(project).assert_outcomes(passed=2)


def test_an_engine_of_all_four_fixtures(project: pytest.Pytester) -> None:
    """For code that is given an engine: the clock is moved, the answers are scripted, what was attempted is there."""
    (project.path / "journeys" / "manners.yaml").unlink()
    project.makepyfile("""
        from journeykit import Event, Retry, Done

        def test_the_engine(journeykit_engine, journeykit_clock, journeykit_actions, journeykit_storage):
            journeykit_clock.set("2026-03-29T09:00:00+02:00")
            journeykit_actions.answer("email", Retry(after=60, reason="busy"), Done())
            added = {"cart_id": "c1"}
            journeykit_engine.identify("ann", id="1", zone="Europe/Berlin")
            journeykit_engine.handle(
                Event("Product Added", id="2", customer_id="ann", occurred_at="2026-03-29T09:00:00+02:00", properties=added)
            )
            for moment in ("2026-03-29T11:00:01+02:00", "2026-03-29T11:01:01+02:00"):
                journeykit_clock.set(moment)
                journeykit_engine.run_due()
                journeykit_engine.dispatch()
            assert [one.reason for one in journeykit_actions.attempts] == ["busy", ""]
            assert str(journeykit_actions.performed[0]) == "2026-03-29 09:01:01 UTC  email template='cart-reminder' for ann"
            assert journeykit_engine.storage is journeykit_storage
    """)
    run(project).assert_outcomes(passed=1)


def test_definitions_made_in_python(pytester: pytest.Pytester) -> None:
    """A conftest overrides the fixture; a test may give definitions of its own."""
    pytester.makeconftest("""
        import pytest
        from journeykit import Do, Journey, Step

        @pytest.fixture
        def journeykit_definitions():
            return [Journey("mail", entry="Signed Up", steps=[Step("sent", stage="awareness", do=Do("email"))])]
    """)
    pytester.makepyfile("""
        from journeykit import Do, Journey, Step

        def test_the_fixture(scenario):
            shop = scenario()
            shop.event("Signed Up")
            shop.expect("email")

        def test_its_own(scenario):
            shop = scenario(Journey("text", entry="Signed Up", steps=[Step("sent", stage="awareness", do=Do("sms"))]))
            shop.event("Signed Up")
            shop.expect("sms")
    """)
    run(pytester).assert_outcomes(passed=2)


def test_options_of_every_scenario_and_engine(pytester: pytest.Pytester) -> None:
    """Policies, triggers and actions of the host are said once, and the zone; a scenario may say otherwise."""
    pytester.makeconftest("""
        import pytest
        from journeykit import Catalog, Do, Drop, Failed, Journey, Permit, Step

        class Spring:
            event = "Page Viewed"
            def __call__(self, event, /):
                return "spring" in event.properties["url"]

        def taste(question):
            return Drop("no taste") if question.customer_id == "bob" else Permit()

        @pytest.fixture
        def journeykit_definitions():
            mail = Journey("mail", entry="shop.spring()", steps=[Step("sent", stage="awareness", do=Do("email"))])
            return [mail, Catalog(policies=["taste"])]

        @pytest.fixture
        def journeykit_options():
            email = lambda request: Failed("full") if request.customer_id == "cem" else None
            given = {"policies": {"taste": taste}, "triggers": {"shop.spring": Spring()}, "actions": {"email": email}}
            return {**given, "zone": "Asia/Tokyo"}
    """)
    pytester.makepyfile("""
        from journeykit import Event

        def test_a_story(scenario):
            shop = scenario(at="2026-03-02 09:00")
            for name in ("ann", "bob", "cem"):
                shop.event("Page Viewed", customer=name, url="/spring")
            shop.expect("email", customer="ann")
            shop.expect_dropped("email", customer="bob", reason="no taste")
            shop.expect_dead("email", customer="cem", reason="full")
            assert (shop.zone, scenario(zone="UTC").zone) == ("Asia/Tokyo", "UTC")

        def test_an_engine(journeykit_engine, journeykit_actions):
            for name in ("ann", "bob", "cem"):
                seen = {"url": "/spring"}
                journeykit_engine.handle(Event("Page Viewed", id=name, customer_id=name, occurred_at="2026-01-01T09:00:00Z", properties=seen))
            assert journeykit_engine.dispatch() == (1, 0, 1, 1)
            assert [one.request.customer_id for one in journeykit_actions.attempts] == ["ann", "cem"]
    """)
    run(pytester).assert_outcomes(passed=2)


def test_without_journeys_the_way_out_is_named(pytester: pytest.Pytester) -> None:
    """Configuration, fixture or argument."""
    pytester.makepyfile("def test_it(scenario): scenario()")
    said = run(pytester)

    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines(["*no journeys: say journeykit_journeys = *override the fixture journeykit_definitions*"])


def test_a_failure_shows_the_story_and_not_the_kit(project: pytest.Pytester) -> None:
    """No line of the kit's own code stands between the test and the message."""
    project.makepyfile("""
        def test_it(scenario):
            shop = scenario(at="2026-03-29 09:00")
            shop.event("Product Added", cart_id="c1")
            shop.expect("email")
    """)
    said = run(project)

    said.stdout.fnmatch_lines(
        [
            '>       shop.expect("email")',
            "E       AssertionError: expected email, but nothing more was performed",
            "E       why not email for ann",
            "E       *recover-cart c1: is in left until 2026-03-29 11:00 UTC",
            "test_a_failure_shows_the_story_and_not_the_kit.py:4: AssertionError",
        ]
    )
    said.stdout.no_fnmatch_line("*expecting.py*")


# -- storages --------------------------------------------------------------------------------------------------------------

STORY = """
    def test_a_story(scenario, journeykit_storage, approved):
        shop = scenario(at="2026-03-29 09:00")
        shop.event("Product Added", cart_id="c1")
        shop.wait("2 hours")
        shop.expect("email")
        assert scenario().storage is not shop.storage is journeykit_storage
        approved(shop.explain())
        print("on", type(journeykit_storage).__name__)

    def test_something_else():
        pass
"""


def test_a_test_runs_on_each_storage(postgres: str, project: pytest.Pytester) -> None:
    """Memory, a file and a PostgreSQL server, whose address and password are in no name of a test; what was made there is gone."""
    import psycopg

    from journeykit.testing.storages import fresh

    project.makepyfile(STORY)
    url = f"postgresql:///?{_parameters(postgres)}"
    run(project, "--journeykit-approve", "--journeykit-storage", "memory").assert_outcomes(passed=2)
    said = run(project, "-rP", "-v", "--journeykit-storage", f"memory,sqlite, {url}")

    said.assert_outcomes(passed=4)
    said.stdout.fnmatch_lines([
        "*::test_a_story[[]memory[]] PASSED*", "*::test_a_story[[]sqlite[]] PASSED*", "*::test_a_story[[]postgresql[]] PASSED*",
        "on MemoryStorage", "on SQLiteStorage", "on PostgresStorage",
    ])  # fmt: skip
    with psycopg.connect(postgres) as connection:
        left = connection.execute("select nspname from pg_namespace where nspname like 'journeykit_test_%'").fetchall()
        with fresh(url, project.path):
            made = connection.execute("select count(*) from pg_namespace where nspname like 'journeykit_test_%'").fetchone()
    assert (left, made) == ([], (1,))


def _parameters(conninfo: str) -> str:
    """The same server as an address, for its own schemas."""
    from urllib.parse import quote, urlencode

    from psycopg.conninfo import conninfo_to_dict

    return urlencode({name: value for name, value in conninfo_to_dict(conninfo).items() if name != "options"}, quote_via=quote)


def test_storages_are_configured_once(project: pytest.Pytester) -> None:
    """In the configuration; the command line says otherwise; alone it adds nothing to a test's name."""
    (project.path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\njourneykit_journeys = ["journeys"]\njourneykit_storage = ["memory", "sqlite"]\n'
    )
    project.makepyfile(test_it="def test_it(scenario, approved): approved('on any storage')")
    run(project, "--journeykit-approve")
    run(project, "-v").stdout.fnmatch_lines(["*::test_it[[]memory[]] PASSED*", "*::test_it[[]sqlite[]] PASSED*"])
    run(project, "-v", "--journeykit-storage", "sqlite").stdout.fnmatch_lines(["*::test_it PASSED*"])
    run(project, "-v", "--journeykit-storage", "sqlite,sqlite").stdout.fnmatch_lines(["*::test_it[[]sqlite1[]] PASSED*"])


def test_a_storage_that_is_none_is_refused(project: pytest.Pytester) -> None:
    """With what can be written instead."""
    project.makepyfile(STORY)
    said = run(project, "--journeykit-storage", "memory,sqlit")

    assert said.ret != 0
    said.stdout.fnmatch_lines(['*no storage "sqlit"; write memory, sqlite, postgresql://HOST/DATABASE*did you mean "sqlite"*'])


def test_a_storage_of_the_hosts_own(project: pytest.Pytester) -> None:
    """Who overrides the fixture has every scenario on it."""
    (project.path / "journeys" / "manners.yaml").unlink()
    project.makeconftest("""
        import pytest
        from journeykit import SQLiteStorage

        @pytest.fixture
        def journeykit_storage(tmp_path):
            storage = SQLiteStorage(tmp_path / "mine.db")
            storage.migrate()
            yield storage
            storage.close()
    """)
    project.makepyfile("""
        def test_it(scenario, journeykit_storage, journeykit_engine):
            assert scenario().storage is scenario().storage is journeykit_engine.storage is journeykit_storage
    """)
    run(project).assert_outcomes(passed=1)


# -- boundaries ------------------------------------------------------------------------------------------------------------


def test_every_boundary_of_the_zones_that_are_named(project: pytest.Pytester) -> None:
    """Two changes of clocks, eleven ends of months and a new year in each; the story begins a day before, in that zone."""
    project.makepyfile("""
        import pytest
        from datetime import timedelta

        @pytest.mark.every_boundary(zones=["Europe/Berlin", "America/New_York"], year=2026)
        def test_nobody_is_woken(scenario, boundary):
            shop = scenario()
            assert shop.zone == boundary.zone
            assert shop.told[0].options["at"] == f"{boundary.local - timedelta(days=1):%Y-%m-%d %H:%M:%S}"
            for number in range(6):
                shop.event("Product Added", customer=f"customer {number}", cart_id="c1")
                shop.wait("8 hours")
            shop.wait("1 day")
            assert len(shop.messages()) == 6
            assert all(8 <= message.when.hour < 22 for message in shop.messages())

        @pytest.mark.every_boundary(zones=["Europe/Berlin"], year=2024)
        def test_the_clock(journeykit_clock, boundary):
            assert journeykit_clock.now() == (boundary.at.timestamp() - 86400) * 1_000_000

        def test_without(scenario):
            scenario()
    """)
    said = run(project, "-v")

    said.assert_outcomes(passed=2 * 14 + 15 + 1)
    said.stdout.fnmatch_lines(
        [
            "*::test_nobody_is_woken[[]Europe/Berlin 2026-01-01 new year[]] PASSED*",
            "*::test_nobody_is_woken[[]Europe/Berlin 2026-03-29 gap[]] PASSED*",
            "*::test_nobody_is_woken[[]America/New_York 2026-11-01 fold[]] PASSED*",
            "*::test_the_clock[[]Europe/Berlin 2024-02-29 leap day[]] PASSED*",
            "*::test_without PASSED*",
        ]
    )


def test_every_change_of_clocks_in_the_world(project: pytest.Pytester) -> None:
    """Without zones: one zone for each, Lord Howe's half hour among them."""
    project.makepyfile("""
        import pytest

        @pytest.mark.every_boundary(year=2026)
        def test_it(boundary):
            assert boundary.kind in ("gap", "fold")
    """)
    said = run(project, "-v")

    said.stdout.fnmatch_lines(["*::test_it[[]Australia/* 2026-04-05 fold[]] PASSED*"])
    assert 40 < said.parseoutcomes()["passed"] < 120


@pytest.mark.parametrize(
    ("marker", "test", "error"),
    [
        ('zones=["Europe/Berln"], year=2026', "boundary", '*no time zone "Europe/Berln"*did you mean "Europe/Berlin"*'),
        ("", "boundary", "*write every_boundary(year=2026, zones=*"),
        ("year=2026", "tmp_path", "*every_boundary is for tests that ask for scenario, journeykit_clock or boundary*"),
    ],
)
def test_a_marker_that_cannot_be_used_is_refused(pytester: pytest.Pytester, marker: str, test: str, error: str) -> None:
    """A zone that is none, no year, a test that asks for nothing."""
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.every_boundary({marker})
        def test_it({test}):
            pass
    """)
    said = run(pytester)

    assert said.ret != 0
    said.stdout.fnmatch_lines([error])
    said.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_a_boundary_without_the_marker_is_refused(pytester: pytest.Pytester) -> None:
    """The marker is named."""
    pytester.makepyfile("def test_it(boundary): pass")
    run(pytester).stdout.fnmatch_lines(["*boundary is for tests with the marker @pytest.mark.every_boundary(year=2026)"])


# -- approvals -------------------------------------------------------------------------------------------------------------

APPROVED = """
    import pytest

    TEXT = "one\\ntwo  \\nthree\\n\\n"

    def test_it(approved):
        approved(TEXT)

    @pytest.mark.parametrize("name", ["a/b", "c"])
    def test_each(approved, name):
        approved(f"it is {name}")
        approved("more", "by name")
"""


def test_a_story_is_approved_and_a_change_is_shown(pytester: pytest.Pytester) -> None:
    """Nothing is approved by itself; the flag writes; a change shows line by line; the file is one that a person can read."""
    file = pytester.makepyfile(APPROVED)
    first = run(pytester)
    first.assert_outcomes(failed=3)
    first.stdout.fnmatch_lines(["*nothing has been approved yet; run pytest with --journeykit-approve to keep this", "*two"])
    assert not (pytester.path / "approved").exists()

    run(pytester, "--journeykit-approve").assert_outcomes(passed=3)
    stem = file.stem
    assert {path.name: path.read_text() for path in (pytester.path / "approved").iterdir()} == {
        f"{stem}.test_it.txt": "one\ntwo\nthree\n",
        f"{stem}.test_each_a_b_.txt": "it is a/b\n",
        f"{stem}.test_each_c_.txt": "it is c\n",
        "by_name.txt": "more\n",
    }
    run(pytester).assert_outcomes(passed=3)
    file.write_text(file.read_text().replace("two  ", "2"))
    changed = run(pytester)
    changed.assert_outcomes(passed=2, failed=1)
    changed.stdout.fnmatch_lines([
        "*test_it.txt: not as approved; run pytest with --journeykit-approve if this is how it is to be",
        "*--- approved", "*+++ now", "* one", "*-two", "*+2", "* three",
    ])  # fmt: skip
    changed.stdout.no_fnmatch_line("*approvals.py*")


# -- comparisons -----------------------------------------------------------------------------------------------------------


def test_what_was_performed_is_compared_line_by_line(project: pytest.Pytester) -> None:
    """What stands on one side only is marked; two that are told alike show what differs; other lists are pytest's own affair."""
    project.makepyfile("""
        def told(scenario, *customers):
            shop = scenario(at="2026-03-29 09:00")
            for customer in customers:
                shop.event("Product Added", customer=customer, cart_id="c1")
            shop.wait("3 hours")
            return shop.messages()

        def test_nothing(scenario):
            assert told(scenario, "ann") == []

        def test_others(scenario):
            assert told(scenario, "ann", "bob") == told(scenario, "bob", "cem")

        def test_keys(scenario):
            (message,) = told(scenario, "ann")
            assert [message] == [message._replace(at=message.at + 1)]

        def test_numbers():
            assert [1] == [2]
    """)
    said = run(project)
    line = "2026-03-29 11:00 UTC  email template='cart-reminder' for"

    said.assert_outcomes(failed=4)
    said.stdout.fnmatch_lines([
        "E       AssertionError: assert 1 performed on the left, 0 on the right", f"E         < {line} ann",
        "E       AssertionError: assert 2 performed on the left, 2 on the right", f"E         < {line} ann", f"E           {line} bob",
        f"E         > {line} cem",
        "E       AssertionError: assert 1 performed on the left, 1 on the right, told alike", "E         < Performed(*", "E         > Performed(*",
        "E       assert [[]1] == [[]2]*",
    ])  # fmt: skip


def test_a_count_of_messages_shows_which(project: pytest.Pytester) -> None:
    """Where only their number is compared, each stands there as people read it."""
    project.makepyfile("""
        def test_two(scenario):
            shop = scenario(at="2026-03-29 09:00")
            shop.event("Product Added", customer="ann", cart_id="c1")
            shop.wait("3 hours")
            assert len(shop.messages("ann")) == 2
    """)
    run(project).stdout.fnmatch_lines(["*where 1 = len([[]<2026-03-29 11:00 UTC  email template='cart-reminder' for ann>[]])"])


# -- as it is installed ----------------------------------------------------------------------------------------------------

COST = f"""
import sys
import {PLUGIN}
print(sorted(name for name in sys.modules if name.split(".")[0] in ("hypothesis", "yaml", "cattrs", "pendulum", "transitions", "sqlite3")
             or name.startswith(("journeykit.runtime", "journeykit.core", "journeykit.storage", "journeykit.codec"))))
"""


def test_importing_the_plugin_costs_little() -> None:
    """Whoever has the library installed and tests something else does not pay for engines, storages and libraries."""
    done = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.fixture(name="installed", scope="module")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library as pip leaves it."""
    pytest.importorskip("hatchling", reason="the library's build backend; make installs it")
    root, made, folder = Path(__file__).parents[2], tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    for command in (
        ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", made, root],
        ["install", "--no-deps", "--target", folder, made / f"journeykit-{journeykit.__version__}-py3-none-any.whl"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pip", *map(str, command), "--no-index", "-q"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return folder


def test_the_installed_plugin_is_found(project: pytest.Pytester, installed: Path) -> None:
    """Out of the wheel, by its entry point, also where several processes run the tests; and it can be left out."""
    pytest.importorskip("xdist")
    project.makepyfile(STORY)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    environment["PYTHONPATH"] = str(installed)

    def pytest_says(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=project.path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    assert "2 passed" in pytest_says("-W", "error", "--journeykit-approve")
    assert "3 passed" in pytest_says("-W", "error", "-n", "2", "--journeykit-storage", "memory,sqlite")
    assert "1 passed" in pytest_says("-p", "no:journeykit", "-k", "something_else")
