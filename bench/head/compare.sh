#!/bin/sh
# Compares the two heads of docs/adr/0001, interleaved, without and with a snapshot that somebody
# holds: compare.sh URL [SECONDS]. The database at URL must be durable, and nobody else's.
set -eu
url=$1
seconds=${2:-20}
here=$(cd "$(dirname "$0")" && pwd)
PGOPTIONS="-c client_min_messages=warning"
export PGOPTIONS
psql -qX -v ON_ERROR_STOP=1 -f "$here/schema.sql" "$url"

run() { # head clients batch
    pgbench -n -M prepared -c "$2" -j 1 -T "$seconds" -D batch="$3" -f "$here/by_$1.sql" "$url" 2>/dev/null |
        awk -v head="$1" -v clients="$2" -v batch="$3" -v snapshot="$snapshot" '
            /^latency average/ { latency = $4 }
            /^tps/ { printf "%-8s %-4s %7d %5d %10.0f %12.3f\n", snapshot, head, clients, batch, $3 * batch, latency }'
}

echo "snapshot head clients batch   events/s   latency ms"
for snapshot in none held; do
    holder=
    if [ "$snapshot" = held ]; then
        psql -qX -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT count(*) FROM head_bench.head' \
            -c "SELECT pg_sleep(100000)" "$url" >/dev/null 2>&1 &
        holder=$!
        sleep 1
    fi
    for round in 1 2 3; do
        for shape in "1 1" "2 1" "16 1" "1 64" "2 64"; do
            # shellcheck disable=SC2086
            for head in row lock; do run "$head" $shape; done
        done
    done
    if [ -n "$holder" ]; then
        psql -qXt -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE query LIKE '%pg_sleep(100000)%' AND pid <> pg_backend_pid()" "$url" >/dev/null
        wait "$holder" || true
    fi
done
