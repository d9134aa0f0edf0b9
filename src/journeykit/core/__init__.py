"""Verbs, pure: no clock, no chance, no input or output. The same input gives the same decision anywhere."""
