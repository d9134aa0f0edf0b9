"""
How many invented customers a property test meets: few and always the same in `make test`, many and new ones in `make proof`; PostgreSQL
for whoever asks; and what the tests have counted, at the end.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts so what it starts in the background: nothing there hears Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("test", deadline=None, derandomize=True, suppress_health_check=_CALM)
settings.register_profile("proof", deadline=None, max_examples=1_000, suppress_health_check=_CALM)
settings.register_profile("defects", settings.get_profile("test"), phases=[Phase.explicit, Phase.generate])  # noticed, not shrunk
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_configure(config: pytest.Config) -> None:
    """From Python 3.13 on connections to nothing but memory, which tests leave to go by themselves, are warned of."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed database:ResourceWarning")


@pytest.fixture(name="postgres")
def _postgres() -> Iterator[str]:
    """A conninfo of a PostgreSQL schema with all tables, and nothing in them."""
    import postgres

    with postgres.migrated() as conninfo:
        yield conninfo


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests have counted (pytest's `record_property`): how often they killed and in which phase, for instance."""
    counted = [
        f"{report.nodeid}: {name} {value}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, value in report.user_properties
    ]
    if counted:
        terminalreporter.section("counted")
        terminalreporter.write_line("\n".join(counted))
