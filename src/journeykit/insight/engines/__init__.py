"""What holds the tables: SQLite for small histories, which Python brings along, and DuckDB for large ones."""
