"""What a signal does to one enrollment: let in, moved, held, let go, with its timers and what it asks for."""
