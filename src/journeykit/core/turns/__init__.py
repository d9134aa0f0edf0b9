"""One customer while one signal is decided: what is read of them, what has been decided so far, and what is kept beside the enrollments."""
