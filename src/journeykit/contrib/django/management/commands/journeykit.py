"""``manage.py journeykit VERB``: the worker, and the verbs of the command on the project's definitions and database."""

from __future__ import annotations

import json
import os
import sys
from argparse import REMAINDER, ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand

from journeykit.cli import main
from journeykit.contrib.django import worker
from journeykit.contrib.django.checks import messages
from journeykit.contrib.django.configuration import alias, insight, places
from journeykit.contrib.django.connections import address_of, connections_on
from journeykit.contrib.django.words import reworded
from journeykit.errors import SchemaError

_JSON, _DATABASE = "--json", "--db"


class Command(BaseCommand):
    """Runs ``journeykit`` with what the settings say."""

    requires_system_checks = ()  # it looks by itself, where it matters
    help = "journeykit worker performs what is due; any other verb is that of the command, with the project's definitions and database"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whatever follows the verb is the verb's."""
        parser.add_argument("verb", nargs="?", default="--help", help="worker, or check, draw, explain, status, outbox, ...")
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *_: Any, verb: str, arguments: list[str], **__: Any) -> None:
        """Do what *verb* says; the exit code is the command's."""
        if verb == "worker" and arguments:
            self.stderr.write("the worker takes no arguments here; what it performs stands in settings.JOURNEYKIT")
            sys.exit(2)
        if verb == "worker" or (verb == "check" and set(arguments) <= {_JSON}):
            self._refuse_problems(_JSON in arguments)
        if verb == "worker":
            self._work()
            return
        if verb != "--help":
            self._name_places()
        elsewhere = any(one.partition("=")[0] == _DATABASE for one in arguments)
        sys.exit(main([verb, *arguments], f"{Path(sys.argv[0]).name} journeykit", str if elsewhere else reworded))

    def _name_places(self) -> None:
        """What the command reads where the arguments do not say otherwise; --settings would never arrive, it is Django's own."""
        try:
            connections_on(alias())
            os.environ.setdefault("JOURNEYKIT_DB", address_of(alias()))
            os.environ.setdefault("JOURNEYKIT_JOURNEYS", " ".join(map(str, places())))
            if (named := insight()) is not None:
                os.environ.setdefault("JOURNEYKIT_INSIGHT", str(named))
        except ImproperlyConfigured as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def _work(self) -> None:
        try:
            worker().run()
        except SchemaError as error:
            self.stderr.write(str(error))
            sys.exit(4)

    def _refuse_problems(self, as_json: bool) -> None:
        """Say what is wrong, a line each and no traceback, where settings and journeys do not fit together."""
        found = messages()
        problems = [one.msg for one in found if one.is_serious()]
        for one in () if as_json else found:
            self.stderr.write(one.msg)
        if as_json and problems:
            self.stdout.write(json.dumps({"journeys": 0, "problems": problems}, ensure_ascii=False, indent=2))
        elif problems:
            self.stderr.write(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")
        if problems:
            sys.exit(1)
