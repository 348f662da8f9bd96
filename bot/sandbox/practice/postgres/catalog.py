"""The system catalog: pg_catalog and information_schema as tables in memory, filled before a statement reads them."""

import sqlite3

from bot.sandbox.practice.postgres.cluster import Cluster, Database
from bot.sandbox.practice.postgres.sessions import activities

PUBLIC, PG_CATALOG = 2200, 11
FIRST_RELATION = 16384
_PLPGSQL = 13562

# Columns by table; those of type oid and boolean are told apart, as JSON writes them differently.
COLUMNS: dict[str, dict[str, str]] = {
    "pg_database": {
        "oid": "oid",
        "datname": "text",
        "datdba": "oid",
        "encoding": "int",
        "datlocprovider": "text",
        "datistemplate": "boolean",
        "datallowconn": "boolean",
        "datconnlimit": "int",
        "datfrozenxid": "oid",
        "datminmxid": "oid",
        "dattablespace": "oid",
        "datcollate": "text",
        "datctype": "text",
        "daticulocale": "text",
        "datcollversion": "text",
        "datacl": "text",
    },
    "pg_roles": {
        "rolname": "text",
        "rolsuper": "boolean",
        "rolinherit": "boolean",
        "rolcreaterole": "boolean",
        "rolcreatedb": "boolean",
        "rolcanlogin": "boolean",
        "rolreplication": "boolean",
        "rolconnlimit": "int",
        "rolpassword": "text",
        "rolvaliduntil": "text",
        "rolbypassrls": "boolean",
        "rolconfig": "text",
        "oid": "oid",
    },
    "pg_authid": {"oid": "oid", "rolname": "text", "rolsuper": "boolean", "rolpassword": "text"},
    "pg_stat_activity": {
        "datid": "oid",
        "datname": "text",
        "pid": "int",
        "usesysid": "oid",
        "usename": "text",
        "application_name": "text",
        "client_addr": "text",
        "client_hostname": "text",
        "client_port": "int",
        "backend_start": "text",
        "xact_start": "text",
        "query_start": "text",
        "state": "text",
        "query": "text",
        "backend_type": "text",
    },
    "pg_namespace": {"oid": "oid", "nspname": "text", "nspowner": "oid"},
    "pg_class": {
        "oid": "oid",
        "relname": "text",
        "relnamespace": "oid",
        "relowner": "oid",
        "relkind": "text",
        "reltuples": "int",
        "relpersistence": "text",
        "relispartition": "boolean",
    },
    "pg_depend": {
        "classid": "oid",
        "objid": "oid",
        "refclassid": "oid",
        "refobjid": "oid",
        "deptype": "text",
    },
    "pg_extension": {
        "oid": "oid",
        "extname": "text",
        "extowner": "oid",
        "extnamespace": "oid",
        "extversion": "text",
    },
    "pg_tables": {"schemaname": "text", "tablename": "text", "tableowner": "text"},
    "pg_stat_user_tables": {"relid": "oid", "schemaname": "text", "relname": "text", "n_live_tup": "int"},
    "pg_db_role_setting": {"setdatabase": "oid", "setrole": "oid", "setconfig": "text"},
    "pg_tablespace": {"oid": "oid", "spcname": "text", "spcowner": "oid"},
    "pg_available_extension_versions": {
        "name": "text",
        "version": "text",
        "superuser": "boolean",
        "trusted": "boolean",
    },
    "pg_event_trigger": {"oid": "oid", "evtname": "text", "evtowner": "oid"},
    "pg_publication": {"oid": "oid", "pubname": "text", "pubowner": "oid", "puballtables": "boolean"},
}
_SCHEMA_COLUMNS: dict[str, dict[str, str]] = {
    "tables": {"table_catalog": "text", "table_schema": "text", "table_name": "text", "table_type": "text"},
    "columns": {
        "table_catalog": "text",
        "table_schema": "text",
        "table_name": "text",
        "column_name": "text",
        "ordinal_position": "int",
        "data_type": "text",
        "is_nullable": "text",
    },
}
# What stands in pg_class for the tables whose names a statement may turn into a regclass.
SYSTEM_RELATIONS = {
    "pg_class": 1259,
    "pg_database": 1262,
    "pg_namespace": 2615,
    "pg_extension": 3079,
    "pg_event_trigger": 3466,
}
_KINDS = {"table": "r", "index": "i", "view": "v"}

Row = tuple[object, ...]


def attach(connection: sqlite3.Connection) -> None:
    """Makes the empty tables. Not possible inside a transaction."""
    for schema, tables in (("pg_catalog", COLUMNS), ("information_schema", _SCHEMA_COLUMNS)):
        connection.execute(f"ATTACH ':memory:' AS {schema}")
        for table, columns in tables.items():
            defined = ", ".join(
                f"{name} {'text' if kind == 'text' else kind}" for name, kind in columns.items()
            )
            connection.execute(f"CREATE TABLE {schema}.{table} ({defined})")


def fill(connection: sqlite3.Connection, cluster: Cluster, database: Database) -> None:
    """Writes what is true now."""
    content: dict[str, list[Row]] = {
        "pg_catalog.pg_database": _databases(cluster),
        "pg_catalog.pg_roles": [_role(name, oid) for name, oid in cluster.roles().items()],
        "pg_catalog.pg_authid": [
            (oid, name, 1, cluster.verifiers()[name]) for name, oid in cluster.roles().items()
        ],
        "pg_catalog.pg_stat_activity": _activities(cluster),
        "pg_catalog.pg_namespace": [(PG_CATALOG, "pg_catalog", 10), (PUBLIC, "public", 10)],
        "pg_catalog.pg_extension": [(_PLPGSQL, "plpgsql", 10, PG_CATALOG, "1.0")],
        "pg_catalog.pg_depend": [],
        "pg_catalog.pg_db_role_setting": [],
        "pg_catalog.pg_tablespace": [(1663, "pg_default", 10), (1664, "pg_global", 10)],
        "pg_catalog.pg_available_extension_versions": [("plpgsql", "1.0", True, True)],
        "pg_catalog.pg_event_trigger": [],
        "pg_catalog.pg_publication": [],
        **_relations(connection, database),
    }
    for table, rows in content.items():
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  (names from above)
        for row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608  (as above)


def relations(connection: sqlite3.Connection) -> list[tuple[int, str, str, str]]:
    """Oid, name, kind as in sqlite_schema and the table's name, of everything in public."""
    listed = "SELECT rowid, name, type, tbl_name FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    return [
        (FIRST_RELATION + row, name, kind, table) for row, name, kind, table in connection.execute(listed)
    ]


def quoted(name: str) -> str:
    """For SQLite."""
    return "`" + name.replace("`", "``") + "`"


def _databases(cluster: Cluster) -> list[Row]:
    owners = cluster.roles()
    return [
        (
            *(one.oid, one.name, owners[one.owner], 6, "i" if one.icu_locale else "c", one.is_template),
            *(one.allows_connections, one.connection_limit, 717, 1, 1663, one.collation, one.ctype),
            *(one.icu_locale, None, None),
        )
        for one in cluster.databases()
    ]


def _role(name: str, oid: int) -> Row:
    """Every role is a superuser here."""
    return (name, True, True, True, True, True, True, -1, "********", None, True, None, oid)


def _activities(cluster: Cluster) -> list[Row]:
    names = {one.oid: one.name for one in cluster.databases()}
    roles = cluster.roles()
    return [
        (
            *(
                one.database,
                names.get(one.database),
                one.pid,
                roles.get(one.user),
                one.user,
                one.application_name,
            ),
            *(None, None, -1, one.backend_start, one.xact_start, one.query_start, one.state, one.query),
            "client backend",
        )
        for one in activities(cluster)
    ]


def _relations(connection: sqlite3.Connection, database: Database) -> dict[str, list[Row]]:
    classes: list[Row] = [
        (oid, name, PG_CATALOG, 10, "r", 0, "p", False) for name, oid in SYSTEM_RELATIONS.items()
    ]
    tables: list[Row] = []
    counts: list[Row] = []
    described: list[Row] = []
    columns: list[Row] = []
    for oid, name, kind, _ in relations(connection):
        count = 0
        if kind == "table":
            ((count,),) = connection.execute(f"SELECT count(*) FROM main.{quoted(name)}").fetchall()  # noqa: S608  (a quoted name)
            tables.append(("public", name, database.owner))
            counts.append((oid, "public", name, count))
        if kind in {"table", "view"}:
            described.append((database.name, "public", name, "BASE TABLE" if kind == "table" else "VIEW"))
            columns += _columns(connection, database, name)
        classes.append((oid, name, PUBLIC, 10, _KINDS.get(kind, "?"), count, "p", False))
    return {
        "pg_catalog.pg_class": classes,
        "pg_catalog.pg_tables": tables,
        "pg_catalog.pg_stat_user_tables": counts,
        "information_schema.tables": described,
        "information_schema.columns": columns,
    }


def _columns(connection: sqlite3.Connection, database: Database, table: str) -> list[Row]:
    info = connection.execute(f"PRAGMA main.table_info({quoted(table)})").fetchall()
    return [
        (database.name, "public", table, name, position + 1, kind.lower(), "NO" if required or key else "YES")
        for position, name, kind, required, _, key in info
    ]
