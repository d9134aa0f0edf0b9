"""What the package shows in its window, and what looking into it costs."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys

import pytest

import journeykit
from journeykit import errors
from journeykit.codec import yaml_keys

NAMES = 60
YAML_KEYS = 45

#: Every public name, those of the extras among them.
PUBLIC = [name for name in dir(journeykit) if not name.startswith("_")]

#: What a host application must not pay for unless it asks: adapters, codecs, engines, frameworks and test tools.
HEAVY = {"sqlite3", "yaml", "cattrs", "pendulum", "transitions", "hypothesis", "pytest", "_pytest", "asyncio", "socket"}

LOOK = """
import json, sys, time
before = set(sys.modules)
begun = time.process_time()
import journeykit
print(json.dumps({"ms": (time.process_time() - begun) * 1000, "modules": sorted({m.split(".")[0] for m in set(sys.modules) - before})}))
"""


def test_at_most_sixty_names_are_public() -> None:
    """One more needs one to go."""
    print(f"{len(PUBLIC)} of {NAMES} public names: {' '.join(PUBLIC)}")  # noqa: T201

    assert len(PUBLIC) <= NAMES


def test_at_most_forty_five_yaml_keys_are_known() -> None:
    """One more needs one to go; none of them is ``on``, which a YAML 1.1 reader turns into a truth."""
    keys = sorted(yaml_keys())
    print(f"{len(keys)} of {YAML_KEYS} YAML keys: {' '.join(keys)}")  # noqa: T201

    assert len(keys) <= YAML_KEYS
    assert "on" not in keys


def test_all_equals_the_public_names() -> None:
    """What ``dir`` shows and what can be asked for are the same; ``*`` brings all of it but what needs an extra."""
    ours = [name for name, value in vars(journeykit).items() if getattr(value, "__module__", "").startswith("journeykit.")]

    assert journeykit.__all__ == sorted(set(journeykit.__all__))
    assert sorted(set(PUBLIC) - set(journeykit.__all__)) == ["PostgresStorage"]
    assert set(ours) <= set(PUBLIC)
    assert [name for name in PUBLIC if not hasattr(journeykit, name)] == []


WITHOUT = """
import sys
sys.modules["psycopg"] = None
from journeykit import *
try:
    from journeykit import PostgresStorage
except ImportError as error:
    print(error)
"""


def test_a_missing_driver_is_named() -> None:
    """Without psycopg all the rest is there, and whoever asks for its storage reads what to install."""
    said = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, check=True, text=True)

    assert said.stdout == "PostgreSQL needs its driver; pip install 'journeykit[postgres]'\n"


def test_every_error_is_public() -> None:
    """Whoever catches an error finds it in the window."""
    raised = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}

    assert raised - set(PUBLIC) == set()


def test_every_public_name_is_explained() -> None:
    """Each public class and function, and each public method of theirs, has a docstring of its own."""
    unexplained = [name for name in PUBLIC if not (getattr(journeykit, name).__doc__ or "").strip()]
    for name in PUBLIC:
        value = getattr(journeykit, name)
        if inspect.isclass(value):
            methods = {m: f for m, f in vars(value).items() if not m.startswith("_") and (inspect.isfunction(f) or isinstance(f, property))}
            unexplained += [f"{name}.{method}" for method, function in methods.items() if not (function.__doc__ or "").strip()]

    assert unexplained == []


def test_every_module_is_explained() -> None:
    """Each module says in its docstring what it is for."""
    modules = {getattr(journeykit, name).__module__ for name in PUBLIC}

    assert [module for module in sorted(modules) if not (importlib.import_module(module).__doc__ or "").strip()] == []


def test_importing_takes_nothing_heavy_along() -> None:
    """``import journeykit`` loads nouns and errors only, in less than 150 ms of the processor (the best of some tries, on a busy machine)."""
    for _ in range(20):
        look = json.loads(subprocess.run([sys.executable, "-c", LOOK], capture_output=True, check=True).stdout)
        assert HEAVY & set(look["modules"]) == set()
        if look["ms"] < 150:
            break

    assert look["ms"] < 150


def test_an_unknown_name_is_refused() -> None:
    """A misspelt name is an ``AttributeError`` like that of any module."""
    with pytest.raises(AttributeError, match="module 'journeykit' has no attribute 'Jorney'"):
        journeykit.Jorney  # noqa: B018
