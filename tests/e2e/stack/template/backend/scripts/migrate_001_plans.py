"""Makes the table of plans."""
# mypy: ignore-errors  (runs in the backend's container only)

import os

import psycopg2

with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS plans (id serial PRIMARY KEY, name text UNIQUE NOT NULL, weeks integer NOT NULL)"
    )
print("migrate_001_plans: done")
