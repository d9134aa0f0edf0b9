"""The command ``journeykit``: check and draw definitions, bring histories in, ask and put right, work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

MISSING = "the command needs typer and rich, which are not installed; pip install 'journeykit[cli]'"


def main(arguments: Sequence[str] | None = None, called: str = "journeykit", reworded: Callable[[str], str] = str) -> int:
    """
    Run the command.

    Args:
        arguments: what stands behind its name; that of the process where not said.
        called: how people call it, where it stands in a command of a framework.
        reworded: gives the words of an error that the framework's users read, where their way out is another.

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

    return run(sys.argv[1:] if arguments is None else list(arguments), called, reworded)
