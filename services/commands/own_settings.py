"""What belongs to a database as such and stands in no dump of it: its settings, its grants, its connection limit.

Copied inside the server from one database to another. Values never become SQL text of ours: a list such as
search_path is set for the transaction and taken over from there, anything else is quoted by the server itself.
"""

from __future__ import annotations

from services.commands import words
from services.commands.command import Command, Word
from services.commands.docker import exec_
from services.commands.postgres import lasting
from services.projects import Database

# A search_path of the live database may name functions that its owner made: every name here says where it is from.
_COPY = """
DO $copy$
DECLARE
    live constant pg_catalog.text := pg_catalog.current_setting('opsgate.live');
    made constant pg_catalog.text := pg_catalog.current_setting('opsgate.incoming');
    at pg_catalog.text;
    one record;
BEGIN
    FOR one IN
        SELECT r.rolname, pg_catalog.split_part(s, '=', 1) AS name, pg_catalog.split_part(s, '=', 1)
            OPERATOR(pg_catalog.=) ANY (ARRAY['search_path', 'temp_tablespaces', 'local_preload_libraries',
            'session_preload_libraries', 'unix_socket_directories']) AS listed,
            pg_catalog.substr(s, pg_catalog.strpos(s, '=') OPERATOR(pg_catalog.+) 1) AS value
        FROM pg_catalog.pg_db_role_setting JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) setdatabase
        LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) setrole, pg_catalog.unnest(setconfig) s
        WHERE d.datname OPERATOR(pg_catalog.=) live::pg_catalog.name
    LOOP
        BEGIN
            at := pg_catalog.format('DATABASE %I', made);
            IF one.rolname IS NOT NULL THEN
                at := pg_catalog.format('ROLE %I IN DATABASE %I', one.rolname, made);
            END IF;
            IF one.listed THEN
                PERFORM pg_catalog.set_config(one.name, one.value, true);
                EXECUTE pg_catalog.format('ALTER %s SET %I FROM CURRENT', at, one.name);
                PERFORM pg_catalog.set_config('search_path', '', true);
            ELSE
                EXECUTE pg_catalog.format('ALTER %s SET %I TO %L', at, one.name, one.value);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'not copied: % of %: %', one.name, at, SQLERRM;
        END;
    END LOOP;
    FOR one IN
        SELECT d.datconnlimit FROM pg_catalog.pg_database d
        WHERE d.datname OPERATOR(pg_catalog.=) live::pg_catalog.name
            AND d.datconnlimit OPERATOR(pg_catalog.<>) (-1)
    LOOP
        EXECUTE pg_catalog.format('ALTER DATABASE %I CONNECTION LIMIT %s', made, one.datconnlimit);
    END LOOP;
    FOR one IN
        SELECT d.oid FROM pg_catalog.pg_database d
        WHERE d.datname OPERATOR(pg_catalog.=) live::pg_catalog.name AND d.datacl IS NOT NULL
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', made);
    END LOOP;
    FOR one IN
        SELECT r.rolname, a.privilege_type AS right,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS more
        FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
        LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
        WHERE d.datname OPERATOR(pg_catalog.=) live::pg_catalog.name
            AND a.grantee OPERATOR(pg_catalog.<>) d.datdba
    LOOP
        at := 'PUBLIC';
        IF one.rolname IS NOT NULL THEN
            at := pg_catalog.format('%I', one.rolname);
        END IF;
        EXECUTE pg_catalog.format('GRANT %s ON DATABASE %I TO %s%s', one.right, made, at, one.more);
    END LOOP;
END
$copy$
"""


def copy(container: str, database: Database, name: str) -> Command:
    """Gives a database of ours what belongs to the live one as such. Safe to run again.

    What only a superuser may set is left out with a warning on stderr where `database.user` is none. It speaks to the
    new database, which has no settings of its own yet.
    """
    live, made = words.identifier(database.name), lasting(name, database.name)
    argv: list[Word] = [
        *("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password"),
        *(
            f"--username={words.identifier(database.user)}",
            f"--dbname={made}",
            "--command",
            " ".join(_COPY.split()),
        ),
    ]
    options = f"-c opsgate.live={live} -c opsgate.incoming={made} -c search_path="
    return exec_(container, argv, env={"PGOPTIONS": options})
