"""How many invented customers a property test meets: few and always the same in `make test`, many and new ones in `make proof`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("test", deadline=None, derandomize=True, suppress_health_check=_CALM)
settings.register_profile("proof", deadline=None, max_examples=1_000, suppress_health_check=_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))
