"""``python -m journeykit.cli`` is the command too."""

from __future__ import annotations

import sys

from journeykit.cli import main

sys.exit(main())
