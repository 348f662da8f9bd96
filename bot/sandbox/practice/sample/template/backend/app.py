"""The practice backend: plans from a table, or from its data file while there is no table yet."""
# Runs in its container only: Flask and psycopg2 are not among Opsgate's dependencies.
# mypy: ignore-errors

import csv
import logging
import os
import signal
import threading
from pathlib import Path

import psycopg2
from flask import Flask, jsonify
from werkzeug.serving import make_server

HERE = Path(__file__).parent
RELEASE = (HERE / "VERSION.txt").read_text().strip()
ACCEPTS_TRAFFIC = True

app = Flask(__name__)
logging.getLogger("werkzeug").setLevel(logging.WARNING)


def query(sql: str) -> list[tuple]:
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


@app.get("/api/health")
def health() -> object:
    if not ACCEPTS_TRAFFIC:
        print(f"backend {RELEASE}: plan catalogue is inconsistent, refusing traffic", flush=True)
        return jsonify(status="refusing traffic", release=RELEASE), 503
    query("SELECT 1")
    return jsonify(status="ok", release=RELEASE)


@app.get("/api/version")
def version() -> object:
    return jsonify(release=RELEASE)


@app.get("/api/plans")
def plans() -> object:
    [(table_exists,)] = query("SELECT to_regclass('plans') IS NOT NULL")
    if table_exists:
        return jsonify(
            [
                {"name": name, "weeks": weeks}
                for name, weeks in query("SELECT name, weeks FROM plans ORDER BY id")
            ]
        )
    with (HERE / "plans.csv").open(newline="") as file:
        return jsonify([{"name": row["name"], "weeks": int(row["weeks"])} for row in csv.DictReader(file)])


def serve() -> None:
    """Until SIGTERM: then no new request is taken, and answers under way are finished, so that it can be rolled."""
    server = make_server("0.0.0.0", 5000, app, threaded=True)  # noqa: S104  (inside its own container network)
    server.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"backend {RELEASE}: listening on port 5000", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    serve()
