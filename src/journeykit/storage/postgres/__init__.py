"""The storage in PostgreSQL; `storage.PostgresStorage` is its face, and psycopg is imported nowhere else."""
