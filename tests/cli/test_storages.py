"""Databases that the command opens: files of SQLite, and whatever an installed package opens at an address."""

from __future__ import annotations

import sys

import pytest

from journeykit.cli import main

JOURNEY = """
journey: welcome
entry: Joined
steps: [{step: in, stage: awareness, do: email}]
"""
POINTS = "[journeykit.storages]\nshelf = shelves:open_shelf\nfallen = shelves:fallen\nbroken = not_installed_at_all:Storage\n"
MODULE = """
from journeykit import SQLiteStorage

def open_shelf(address):
    return SQLiteStorage(address.removeprefix("shelf://"))

def fallen(address):
    raise OSError(f"cannot reach {address}")
"""


@pytest.fixture(name="call")
def _call(tmp_path, monkeypatch, capsys):
    """A terminal in an empty folder, with a package installed that offers storages."""
    info = tmp_path / "site" / "shelves-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelves\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "site" / "shelves.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "shelves", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "welcome.yaml").write_text(JOURNEY)

    def call(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_an_address_is_opened_by_the_package_that_knows_it(call, tmp_path):
    """A history is brought into a shelf, a worker works in it, and its state is asked for; the file lies where the package puts it."""
    (tmp_path / "joined.csv").write_text("who,at\nann,2025-03-03T09:00\n")
    (tmp_path / "joined.map.yaml").write_text("{zone: UTC, customer: who, time: at, id: '{line}', rows: [{event: Joined}]}")
    address = f"shelf://{tmp_path}/shop.db"
    code, _, err = call("run", "welcome.yaml", "--events", "joined.csv", "--map", "joined.map.yaml", "--db", address, "--quiet")

    assert (code, err) == (0, "")
    assert (tmp_path / "shop.db").is_file()
    assert call("worker", "welcome.yaml", "--db", address, "--perform", "sent.jsonl", "--once")[:2] == (0, "0 decided, 0 performed\n")
    assert "entered in on Joined" in call("explain", "ann", "--db", address)[1]
    assert call("outbox", "list", "--db", address)[1] == "none is dead\n"


@pytest.mark.parametrize(
    ("address", "code", "line"),
    [
        (
            "shelv://shop",
            1,
            'no storage "shelv"; there are broken, fallen, postgres, postgresql, shelf, and packages offer more under journeykit.storages; a file is one of SQLite',
        ),
        (
            "fallen://ann:secret@shop",
            4,
            "the fallen storage cannot be opened: OSError; look at its address and whether it runs",
        ),
        (
            "broken://shop",
            1,
            (
                'storage "broken" of package shelves 1.0 cannot be loaded from not_installed_at_all:Storage (ModuleNotFoundError: No module '
                "named 'not_installed_at_all'); mend or uninstall it"
            ),
        ),
    ],
)
def test_what_cannot_be_opened_says_why_and_shows_no_password(call, address, code, line):
    """The scheme, what there is, and the way out."""
    found, out, err = call("status", "--db", address)

    assert (found, out) == (code, "")
    assert " ".join(err.split()) == f"journeykit: {line}"
    assert "secret" not in err
