#!/usr/bin/env bash
# Drives one order through a platform that runs: stock, placement, confirmation, timeline, all by the
# one port of nginx; and looks its trace up in Jaeger, where that runs.
#
#   deploy/compose/smoke.sh
#
# Its trace is one that the caller records, so that services do too, whatever share of others they take.
# Where Jaeger does not run, that is a failure, unless ORDERS_SMOKE_WITHOUT_JAEGER=1 leaves the trace out.
# ORDERS_PORT and ORDERS_JAEGER_PORT are those of docker-compose.yml.
set -euo pipefail

url=http://127.0.0.1:${ORDERS_PORT:-8080}
jaeger=http://127.0.0.1:${ORDERS_JAEGER_PORT:-16686}
CONFIRMED_WITHIN_S=60
TRACED_WITHIN_S=60

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf 'compose-smoke: %s\n' "$*"; }
die() { say "FAILED: $*" >&2; exit 1; }

# json EXPRESSION: prints a Python expression over the JSON of the input, named `it`.
json() { python3 -c "import json, sys; it = json.load(sys.stdin); print($1)"; }

# post PATH BODY: prints the answer's body; its head is in $work/head.
post() {
    curl --silent --show-error --fail-with-body --max-time 30 --dump-header "$work/head" "$url$1" \
        -H 'Content-Type: application/json' -H "Idempotency-Key: $key$1" -H "Traceparent: $traceparent" \
        -d "$2" ||
        die "POST $1: $(cat "$work/head")"
}
get() { curl --silent --show-error --fail-with-body --max-time 30 "$@"; }
header() { tr -d '\r' <"$work/head" | sed -n "s/^$1: //Ip" | head -n 1; }

# Articles and keys of its own, so that it can be run again.
run=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
key=smoke-$run
trace=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
traceparent=00-$trace-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')-01
sku=SMOKE-$run

get "$url/healthz" >/dev/null || die "nobody answers at $url; start it with: make compose-up"
post "/v1/stock/$sku/receipts" '{"quantity": 5}' >/dev/null
order='{"customer_id": "smoke", "currency": "EUR", "payment_method": "tok_approve",
        "lines": [{"sku": "'$sku'", "quantity": 2, "unit_price": 1999}]}'
id=$(post /v1/orders "$order" | json 'it["order_id"]')
[ "$(header traceparent | cut -d - -f 2)" = "$trace" ] || die "the answer tells another trace: $(header traceparent)"
token=$(header consistency-token)
again=$(post /v1/orders "$order" | json 'it["order_id"]')
[ "$again" = "$id" ] || die "the same key placed two orders: $id and $again"
[ -n "$(header idempotent-replayed)" ] || die "the second answer is not the first again"
say "order $id is placed, and once; its trace is $trace"

get "$url/v1/orders/$id" -H "Consistency-Token: $token" -H "Traceparent: $traceparent" >"$work/order" ||
    die "the order is not read after its write: $(cat "$work/order")"
# until_is PATH EXPRESSION WANTED: asks until the answer is that one; each read model has its own pace.
until_is() {
    local found='' deadline=$((SECONDS + CONFIRMED_WITHIN_S))
    until found=$(get "$url$1" | json "$2") && [ "$found" = "$3" ]; do
        [ "$SECONDS" -lt "$deadline" ] ||
            die "$1: $2 is $found, not $3, after $CONFIRMED_WITHIN_S s"
        sleep 0.2
    done
}
until_is "/v1/orders/$id" 'it["status"]' confirmed
until_is "/v1/orders/$id/events" '"OrderConfirmed" in [event["type"] for event in it["items"]]' True
until_is "/v1/stock/$sku" 'it["available"]' 3
events=$(get "$url/v1/orders/$id/events" | json '", ".join(event["type"] for event in it["items"])')
say "confirmed; its timeline: $events"

# ---- gRPC, by the same port ----------------------------------------------------------------------

# call METHOD REQUEST: sends an encoded message, and prints the answer as it comes.
call() {
    curl --silent --show-error --max-time 30 --http2-prior-knowledge --dump-header "$work/head" \
        "$url/$1" -H 'Content-Type: application/grpc' -H 'TE: trailers' --data-binary "@$2"
}
answered() { [ "$(header grpc-status)" = 0 ]; }
printf '\0\0\0\0\0' >"$work/call"
call grpc.health.v1.Health/Check "$work/call" >/dev/null
answered || die "gRPC's health is not told: $(cat "$work/head")"
# The field 1 of GetOrderRequest: 36 bytes, in a message of 38.
printf '\0\0\0\0\x26\x0a\x24%s' "$id" >"$work/call"
call orders.v1.OrderQueries/GetOrder "$work/call" >"$work/order"
answered || die "the order is not got over gRPC: $(cat "$work/head")"
grep -aq "$id" "$work/order" || die "gRPC answers with another order"
say "the order is told over gRPC, too"

# ---- The trace ----------------------------------------------------------------------------------

# The services that must have a part in the trace of an order.
traced() {
    get "$jaeger/api/traces/$trace" >"$work/trace" 2>/dev/null || return 1
    json '" ".join(sorted({p["serviceName"] for t in it["data"] for p in t["processes"].values()}))' \
        <"$work/trace" >"$work/services"
    local service
    for service in command saga projector query; do
        grep -q "$service" "$work/services" || return 1
    done
}
if get "$jaeger/api/services" >/dev/null 2>&1; then
    deadline=$((SECONDS + TRACED_WITHIN_S))
    until traced; do
        [ "$SECONDS" -lt "$deadline" ] ||
            die "Jaeger has the trace $trace of: $(cat "$work/services" 2>/dev/null || echo nobody)"
        sleep 1
    done
    say "Jaeger has its trace, with spans of: $(cat "$work/services")"
elif [ "${ORDERS_SMOKE_WITHOUT_JAEGER:-}" = 1 ]; then
    say "SKIPPED the trace: ORDERS_SMOKE_WITHOUT_JAEGER=1"
else
    die "the trace cannot be looked up: no Jaeger answers at $jaeger (ORDERS_SMOKE_WITHOUT_JAEGER=1 leaves it out)"
fi
say "all is well"
