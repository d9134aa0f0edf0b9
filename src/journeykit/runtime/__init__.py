"""The shell: clock, engine, dispatcher, worker. Everything that reads the time or calls somebody else's code."""
