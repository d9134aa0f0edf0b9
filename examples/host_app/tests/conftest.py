"""The same invented stories each time; take the profile away to meet others."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("the same", derandomize=True)
settings.load_profile("the same")
