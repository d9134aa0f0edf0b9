"""Asking for numbers: measures and flows in periods and slices, as SQL over the tables."""
