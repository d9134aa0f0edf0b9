"""What is known about a customer: what is counted and told, over all time or a window, and what changes by it or by time alone."""
