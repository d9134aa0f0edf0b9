"""The command ``journeykit``: check and draw definitions, bring histories in, ask and put right, work."""

from __future__ import annotations

import sys
from collections.abc import Sequence

MISSING = "the command needs typer and rich, which are not installed; pip install 'journeykit[cli]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command.

    Args:
        arguments: what stands behind its name; that of the process where not said.

    Returns:
        The exit code, see docs/command.md.
    """
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError:
        print(f"journeykit: {MISSING}", file=sys.stderr)  # noqa: T201 (it talks to a terminal)
        return 2
    from journeykit.cli.application import run

    return run(sys.argv[1:] if arguments is None else list(arguments))
