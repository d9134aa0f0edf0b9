"""What an expression means: values and moments, functions, and each tree as a function of what can be seen."""
