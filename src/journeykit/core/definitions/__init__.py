"""A definition laid out before anything is made of it: its shape, all that stands in it with its place, and the words that others bring."""
