"""A JSON Schema of definitions, for editors that complete and check while one writes. What they mean is checked later."""

from __future__ import annotations
from typing import Any

def json_schema() -> dict[str, Any]:
    return {}
