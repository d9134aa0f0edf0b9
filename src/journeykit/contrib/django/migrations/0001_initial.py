"""The tables, made by the storage itself, which knows each release's changes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations, models

from journeykit.contrib.django.connections import storage_on


def migrate(apps: Any, schema_editor: Any) -> None:
    """Bring the tables to this release; nothing happens in a database that they are not kept in."""
    if schema_editor.connection.alias == _database():
        storage_on(schema_editor.connection.alias).migrate()


def _database() -> str:
    return str(getattr(settings, "JOURNEYKIT", {}).get("DATABASE", "default"))


class Migration(migrations.Migration):
    """Not atomic as a whole: what PostgreSQL does without a lock on a full table, it does outside transactions."""

    initial = True
    atomic = False
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunPython(migrate, migrations.RunPython.noop),
        migrations.CreateModel(
            "Customer",
            [("id", models.TextField(primary_key=True, serialize=False))],
            options={"db_table": "journeykit_customers", "ordering": ("id",), "managed": False},
        ),
        migrations.CreateModel(
            "DeadLetter",
            [
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("customer", models.TextField()),
                ("journey", models.TextField()),
                ("action", models.TextField()),
                ("attempts", models.IntegerField()),
                ("reason", models.TextField(null=True)),
                ("due_at", models.BigIntegerField()),
                ("state", models.TextField()),
            ],
            options={"verbose_name": "dead letter", "db_table": "journeykit_outbox", "ordering": ("-id",), "managed": False},
        ),
    ]
