"""The ways out of errors, in the words of a Django project."""

from __future__ import annotations

_MIGRATE = "run python manage.py migrate"
_WAYS = {
    "call storage.migrate() once, before the first use": _MIGRATE,  # who has a storage of their own reads this
    "journeykit run makes one, or name another with --db": _MIGRATE,
}


def reworded(text: str) -> str:
    """What Django's users read instead of *text*: their tables are made by a migration of their project."""
    for way, own in _WAYS.items():
        text = text.replace(way, own)
    return text
