#!/usr/bin/env bash
# Starts the platform as a newcomer does, with `make run`, feeds it real orders through its API,
# and checks what the API then answers: once, and once more after a second import that must change
# nothing. Uses free ports and data of its own, and leaves nothing behind.
#
#   deploy/local/smoke.sh [ONLINE-RETAIL.csv]
#
# The file is also found by ORDERS_TEST_ONLINE_RETAIL, and beside the clone.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
input=${1:-${ORDERS_TEST_ONLINE_RETAIL:-../shared/data/online-retail-2010-12.csv}}
orders=${CARGO_TARGET_DIR:-target}/release/orders

READY_WITHIN_S=1200 # the first start builds
IMPORT_WITHIN_S=600
SETTLED_WITHIN_S=300
STOPPED_WITHIN_S=60

work=$(mktemp -d)
# PostgreSQL runs as another account when we are root, and must be able to pass.
chmod 711 "$work"
make_pid=

say() { printf 'smoke: %s\n' "$*"; }
die() {
    say "FAILED: $*" >&2
    if [ -s "$work/run.log" ]; then
        say "the end of what the platform said:" >&2
        tail -n 40 "$work/run.log" >&2
    fi
    exit 1
}

# The children of a process, without procps.
children() { cat "/proc/$1/task/$1/children" 2>/dev/null || pgrep -P "$1" || true; }

# The platform's own process: make waits for it.
platform_pid() {
    local pids
    pids=$(children "$make_pid")
    echo "${pids%% *}"
}

cleanup() {
    local status=$?
    if [ -n "$make_pid" ] && kill -0 "$make_pid" 2>/dev/null; then
        local pid
        pid=$(platform_pid)
        kill -TERM ${pid:+"$pid"} "$make_pid" 2>/dev/null || true
        wait "$make_pid" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT

# A port that nobody listens on, below those of outgoing connections.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# until SECONDS WHAT COMMAND…: repeats the command until it succeeds, or fails with what it said.
until_ok() {
    local limit=$1 what=$2 deadline
    shift 2
    deadline=$((SECONDS + limit))
    until "$@" >"$work/last" 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || die "$what: not within $limit s; last: $(tail -n 3 "$work/last")"
        kill -0 "$make_pid" 2>/dev/null || die "$what: the platform ended"
        sleep 0.5
    done
}

port=$(free_port)
url=http://127.0.0.1:$port
get() { curl --silent --show-error --fail-with-body --max-time 30 "$url$1"; }

# ---- Start --------------------------------------------------------------------------------------

say "make run on port $port, data in a fresh directory"
began=$SECONDS
ORDERS__HTTP__PORT=$port ORDERS_DATA_DIR=$work/data make --no-print-directory run \
    >"$work/run.log" 2>&1 &
make_pid=$!
until_ok "$READY_WITHIN_S" "ready" get /readyz
say "ready after $((SECONDS - began)) s"
get /openapi.json | python3 -c 'import json, sys; assert json.load(sys.stdin)["openapi"].startswith("3.1")' ||
    die "/openapi.json is no OpenAPI 3.1"

# ---- Real orders --------------------------------------------------------------------------------

# Asks the API for all that the import must have led to; prints it, or says what is missing.
answers() {
    python3 deploy/local/smoke_answers.py "$url" "$input"
}

import() {
    timeout "$IMPORT_WITHIN_S" "$orders" import online-retail "$input" --receive-stock \
        --url "$url" --report "$work/refusals-$1.csv" >"$work/import-$1.log" 2>&1 ||
        die "import $1: $(tail -n 5 "$work/import-$1.log")"
}

# An import that is killed once some of its orders are there, and not all of them.
interrupted_import() {
    "$orders" import online-retail "$input" --receive-stock --concurrency 1 \
        --url "$url" --report "$work/refusals-0.csv" >"$work/import-0.log" 2>&1 &
    local import_pid=$!
    until_ok "$IMPORT_WITHIN_S" "the first orders" some_orders
    kill -KILL "$import_pid" 2>/dev/null || die "the import was over before it could be killed"
    wait "$import_pid" 2>/dev/null || true
}
some_orders() { get '/v1/orders?limit=1' | grep -q '"order_id"'; }

if [ -f "$input" ]; then
    interrupted_import
    placed=$(python3 deploy/local/smoke_answers.py --placed "$url") || die "how many orders there are"
    [ "$placed" -gt 0 ] && [ "$placed" -lt 1450 ] || die "killed half-way, and there are $placed orders"
    say "an import was killed after $placed orders"
    began=$SECONDS
    import 1
    say "an import that ran to its end took $((SECONDS - began)) s"
    until_ok "$SETTLED_WITHIN_S" "the figures of the import" answers
    say "the API answers: $(cat "$work/last")"
    cp "$work/last" "$work/first"
    python3 deploy/local/smoke_answers.py --refusals "$work/refusals-1.csv" ||
        die "the report of refusals"

    began=$SECONDS
    import 2
    until_ok "$SETTLED_WITHIN_S" "the figures of the second import" answers
    cmp -s "$work/first" "$work/last" ||
        die "the second import changed something: $(cat "$work/first") became $(cat "$work/last")"
    say "second import took $((SECONDS - began)) s and changed nothing"
elif [ -n "${1:-${ORDERS_TEST_ONLINE_RETAIL:-}}" ]; then
    die "there is no file $input"
else
    say "SKIPPED the import of real orders: there is no file $input; ORDERS_TEST_ONLINE_RETAIL names one"
fi

# ---- Stop ---------------------------------------------------------------------------------------

pid=$(platform_pid)
[ -n "$pid" ] || die "make has no child to stop"
kill -TERM "$pid"
deadline=$((SECONDS + STOPPED_WITHIN_S))
while kill -0 "$make_pid" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || die "it does not stop within $STOPPED_WITHIN_S s of SIGTERM"
    sleep 0.2
done
status=0
wait "$make_pid" || status=$?
make_pid=
[ "$status" -eq 0 ] || die "exit status $status after SIGTERM, not 0"
say "stopped in good order; all is well"
