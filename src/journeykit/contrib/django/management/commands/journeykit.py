"""``manage.py journeykit VERB``: the worker, and the verbs of the command on the project's definitions and database."""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from journeykit.cli import main
from journeykit.contrib.django import worker
from journeykit.contrib.django.configuration import Configuration, places
from journeykit.contrib.django.connections import address_of


class Command(BaseCommand):
    """Runs ``journeykit`` with what the settings say."""

    help = "journeykit worker performs what is due; any other verb is that of the command, with the project's definitions and database"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whatever follows the verb is the verb's."""
        parser.add_argument("verb", help="worker, or check, draw, explain, status, outbox, ...")
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *_: Any, verb: str, arguments: list[str], **__: Any) -> None:
        """Do what *verb* says; the exit code is the command's."""
        if verb == "worker":
            worker().run()
            return
        # Both are read by the command where the arguments do not say otherwise.
        os.environ.setdefault("JOURNEYKIT_DB", address_of(Configuration.read().database))
        os.environ.setdefault("JOURNEYKIT_JOURNEYS", " ".join(map(str, places())))
        sys.exit(main([verb, *arguments]))
