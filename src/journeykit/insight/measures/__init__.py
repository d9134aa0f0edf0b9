"""The numbers of each stage, one module for each."""
