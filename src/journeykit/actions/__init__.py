"""Actions that come with the library."""
