"""
Definitions to text and back: YAML for people, canonical JSON for storage, and the schema for their editors.

The way of a text: `text` reads it into plain values, `reading` makes definitions of them, `writing` takes them apart again.
`forms` is the one table of keys; `migrations` are documents of their own.
"""

from journeykit.codec.files import definition_hash, dumps, journey_from_text, journey_text, load, loads
from journeykit.codec.forms import yaml_keys
from journeykit.codec.migrations import load_migrations, migration, migration_text
from journeykit.codec.schema import json_schema

__all__ = [
    "definition_hash",
    "dumps",
    "journey_from_text",
    "journey_text",
    "json_schema",
    "load",
    "load_migrations",
    "loads",
    "migration",
    "migration_text",
    "yaml_keys",
]
