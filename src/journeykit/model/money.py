"""Currencies: amounts are whole numbers of minor units everywhere, and only people see a point in them."""

from __future__ import annotations

import re

CURRENCY = re.compile(r"[A-Z]{3}")  #: an ISO 4217 code

#: digits behind the point of currencies that do not have two
_MINOR = dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
_MINOR |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def digits(currency: str) -> int:
    """How many digits behind the point the minor unit of a currency has."""
    return _MINOR.get(currency, 2)
