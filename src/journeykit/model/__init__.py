"""Nouns: frozen values that check themselves. Nothing here decides, reads a clock or touches the world."""
