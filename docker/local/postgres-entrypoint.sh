#!/bin/sh
# The part of the official image's contract that dbverdict, testcontainers and compose use: POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB, POSTGRES_INITDB_ARGS, PGDATA, and the scripts in /docker-entrypoint-initdb.d on the first start.
set -eu

: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"

first_start() {
    : "${POSTGRES_PASSWORD:?is not set: the superuser needs a password}"
    umask 077
    mkdir -p "$PGDATA"
    printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password
    # shellcheck disable=SC2086  # several options in one variable, as in the official image
    initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 --no-instructions ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    # Only on a Unix socket until everything is ready, so that nobody outside takes the half-made server for the real one.
    PGPASSWORD=$POSTGRES_PASSWORD
    export PGPASSWORD
    pg_ctl -D "$PGDATA" -w -s -o "-c listen_addresses='' -c unix_socket_directories=/tmp" start
    if [ "$POSTGRES_DB" != postgres ]; then
        createdb -h /tmp -U "$POSTGRES_USER" --maintenance-db=postgres "$POSTGRES_DB"
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        run_script "$script"
    done
    pg_ctl -D "$PGDATA" -w -s -m fast stop
    unset PGPASSWORD
}

run_script() {
    case $1 in
        *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -q -h /tmp -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$1" ;;
        *.sh) (PGHOST=/tmp PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB; export PGHOST PGUSER PGDATABASE; . "$1") ;;
    esac
}

case ${1:-postgres} in
    postgres) [ $# -eq 0 ] || shift ;;
    -*) ;;  # options for the server
    *) exec "$@" ;;
esac
[ -s "$PGDATA/PG_VERSION" ] || first_start
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
