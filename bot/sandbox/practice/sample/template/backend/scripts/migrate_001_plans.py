"""Makes the table of plans."""
# Runs in its container only: Flask and psycopg2 are not among Opsgate's dependencies.
# mypy: ignore-errors

import os

import psycopg2

with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS plans (id serial PRIMARY KEY, name text UNIQUE NOT NULL, weeks integer NOT NULL)"
    )
print("migrate_001_plans: done")
