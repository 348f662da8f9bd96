"""SQL for the data that the sample app would have by now: people, plans, a few weeks of workouts. Always the same rows."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

_TABLES = """
CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE NOT NULL, name text NOT NULL,
    password_hash text NOT NULL, is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL);
CREATE TABLE plans (id serial PRIMARY KEY, name text UNIQUE NOT NULL, weeks integer NOT NULL);
CREATE TABLE workouts (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id),
    plan_id integer NOT NULL REFERENCES plans (id), minutes integer NOT NULL, device text NOT NULL,
    done_at timestamptz NOT NULL);
CREATE INDEX workouts_user_id ON workouts (user_id);
"""
_PLANS = (("Couch to 5K", 9), ("Beginner strength", 12), ("Morning mobility", 4), ("Half marathon", 14))
ROWS = {"users": 240, "plans": len(_PLANS), "workouts": 900}


def sample_data() -> str:
    """Statements for psql, the practised one and the real one."""
    return "\n".join(
        [
            _TABLES,
            _insert("plans", "name, weeks", (f"'{name}', {weeks}" for name, weeks in _PLANS)),
            _insert("users", "email, name, password_hash, is_active, created_at", _users()),
            _insert("workouts", "user_id, plan_id, minutes, device, done_at", _workouts()),
        ]
    )


def _insert(table: str, columns: str, rows: Iterable[str]) -> str:
    values = ",\n".join(f"({row})" for row in rows)
    return f"INSERT INTO {table} ({columns}) VALUES\n{values};"


def _users() -> Iterator[str]:
    for number in range(1, ROWS["users"] + 1):
        active = "true" if number % 9 else "false"
        who = f"'user{number}@example.org', 'User {number}', '{_digest('user', number)}'"
        yield f"{who}, {active}, '{_ago(2000 - number)}'"


def _workouts() -> Iterator[str]:
    for number in range(ROWS["workouts"]):
        owner, plan, minutes = 1 + number * 7 % ROWS["users"], 1 + number % len(_PLANS), 15 + number * 13 % 60
        yield f"{owner}, {plan}, {minutes}, '{_digest('device', number)[:40]}', '{_ago(1000 - number)}'"


def _digest(what: str, number: int) -> str:
    return hashlib.sha256(f"{what} {number}".encode()).hexdigest()


def _ago(hours: int) -> str:
    moment = datetime.now(UTC) - timedelta(hours=hours, minutes=hours % 60)
    return moment.strftime("%Y-%m-%d %H:%M:%S+00")
