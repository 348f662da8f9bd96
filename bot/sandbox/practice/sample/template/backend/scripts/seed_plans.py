"""Fills the table of plans from plans.csv; rows that are there already stay."""
# Runs in its container only: Flask and psycopg2 are not among Opsgate's dependencies.
# mypy: ignore-errors

import csv
import os
from pathlib import Path

import psycopg2

source = Path(__file__).resolve().parent.parent / "plans.csv"
if not source.exists():
    source = Path("/app/plans.csv")
with (
    source.open(newline="") as file,
    psycopg2.connect(os.environ["DATABASE_URL"]) as connection,
    connection.cursor() as cursor,
):
    for row in csv.DictReader(file):
        cursor.execute(
            "INSERT INTO plans (name, weeks) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING",
            (row["name"], row["weeks"]),
        )
print("seed_plans: done")
