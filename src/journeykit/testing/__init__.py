"""For host applications and plugin authors: what tests need."""
