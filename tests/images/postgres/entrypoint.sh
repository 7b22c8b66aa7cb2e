#!/bin/bash
# Sets the database up at the first start, as the official image does: POSTGRES_PASSWORD,
# POSTGRES_USER, POSTGRES_DB (each also as …_FILE), POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD, and what lies in /docker-entrypoint-initdb.d.
set -euo pipefail

# from_file NAME DEFAULT: the variable, or the contents of the file that NAME_FILE names.
from_file() {
    local name=$1 file=$1_FILE value
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
        echo "error: both $name and $file are set" >&2
        exit 1
    fi
    value=${!name:-$2}
    [ -z "${!file:-}" ] || value=$(<"${!file}")
    export "$name=$value"
    unset "$file"
}

initialize() {
    from_file POSTGRES_PASSWORD ''
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    : "${POSTGRES_HOST_AUTH_METHOD:=scram-sha-256}"
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # They are words.
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
        ${POSTGRES_INITDB_ARGS:-}
    printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
    # Only on a socket: nobody is to find a server that goes away again.
    PGUSER=$POSTGRES_USER pg_ctl -w start -o "-c listen_addresses='' -p 5432"
    local psql=(psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER")
    if [ "$POSTGRES_DB" != postgres ]; then
        PGHOST=/var/run/postgresql "${psql[@]}" --dbname postgres --set db="$POSTGRES_DB" \
            <<<'CREATE DATABASE :"db";'
    fi
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
        *.sh) bash "$file" ;;
        *.sql) PGHOST=/var/run/postgresql "${psql[@]}" --dbname "$POSTGRES_DB" -f "$file" ;;
        esac
    done
    PGUSER=$POSTGRES_USER pg_ctl -m fast -w stop
    printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA"
        chown -R postgres "$PGDATA"
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    mkdir -p "$PGDATA"
    chmod 00700 "$PGDATA"
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        initialize
    fi
    shift
    set -- postgres -c listen_addresses='*' "$@"
fi
exec "$@"
