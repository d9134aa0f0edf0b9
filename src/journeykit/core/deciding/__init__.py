"""Verbs on a whole customer: a signal decided in its order, ids and versions brought together, what is declared late filled in."""
