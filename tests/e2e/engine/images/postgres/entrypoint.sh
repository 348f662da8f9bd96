#!/bin/sh
# First start: a cluster whose superuser is POSTGRES_USER (password POSTGRES_PASSWORD) and the database
# POSTGRES_DB. Trusted over the socket inside the container, password over TCP. Later starts: postgres only.
set -eu

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown postgres:postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups sh "$0" "$@"
fi

initialise() {
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    : "${POSTGRES_PASSWORD:?POSTGRES_PASSWORD is not set: refusing to make a database without a password}"
    # A first start that was killed half-way left something that was never a database: begin again.
    find "$PGDATA" -mindepth 1 -delete
    password_file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password_file"
    initdb --pgdata="$PGDATA" --username="$user" --pwfile="$password_file" --encoding=UTF8 \
        --auth-local=trust --auth-host=scram-sha-256 --no-sync
    rm -f "$password_file"
    printf '%s\n' 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    if [ "$database" != postgres ]; then
        printf 'CREATE DATABASE "%s" OWNER "%s"\n' "$database" "$user" | postgres --single -D "$PGDATA" postgres
    fi
    sync -f "$PGDATA"
    : > "$PGDATA/.initialised"
}

if [ "$1" = postgres ]; then
    [ -e "$PGDATA/.initialised" ] || initialise
    shift
    exec postgres -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
fi
exec "$@"
