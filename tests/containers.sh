#!/usr/bin/env bash
# Runs the tests that need servers, with PostgreSQL and NATS (and KurrentDB, where its image is to be
# had) in containers; the platform's own programs stay processes of this machine.
#
#   tests/containers.sh [all|short]
#
# Images: ORDERS_TEST_POSTGRES_IMAGE, ORDERS_TEST_NATS_IMAGE and ORDERS_TEST_KURRENTDB_IMAGE; else the
# official ones, where they are there or can be pulled; else stand-ins of the first two, from Debian's
# packages (tests/images). Whatever becomes of the tests, no container stays behind.
#
# Where there is no Docker engine and none can be started, or there are no images, it says so in one
# line and succeeds: CHECK_REQUIRED=1 makes that a failure. Only then is anything built: tests,
# programs and who holds containers, with the profile TEST_PROFILE (release). ORDERS_TEST_BIN_DIR names
# another directory with programs that are built.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
TARGET=${CARGO_TARGET_DIR:-target}
PROFILE=${TEST_PROFILE:-release}
PULL_WITHIN_S=120
IMAGES_WITHIN_S=${IMAGES_WITHIN_S:-900}

say() { printf 'test-containers: %s\n' "$*"; }
not_checked() {
    say "NOT CHECKED: $*"
    [ -z "${CHECK_REQUIRED:-}" ] || exit 1
    exit 0
}

# ---- What is run ----------------------------------------------------------------------------------

SERVERS='package(servers)
    | binary_id(store::contract) & test(/^(over_postgres|over_kurrentdb_server|postgres)::/)
    | binary_id(bus::bus) & test(/^(broker|jetstream|jetstream_faults)::/)
    | binary_id(saga::saga) & test(/^(postgres|storage)::/)'
# All of a kind that takes its servers from outside. What starts some of its own, as `orders dev` does
# and a standby, is the same with and without containers.
ALL="($SERVERS | package(projector) | binary_id(query::api) | binary_id(notifier::notifier)
    | binary_id(vault::vault) | binary_id(backup::backup)
    | package(orders) & test(/^cli::(backup|events::check)::/)
    | binary_id(tests::platform))
    - test(/^(deployed|golden|hosts|rules|simulation)::|^postgres::standby::|_that_is_up_/)"
case ${1:-all} in
all) tests=$ALL ;;
short) tests="($SERVERS | binary_id(tests::platform) & test(/^(broker::|chaos::chaos_)/))
    - test(/^postgres::standby::/)" ;;
*) say "unknown: $1 (all, short)"; exit 1 ;;
esac

# ---- What it is run on ----------------------------------------------------------------------------

command -v cargo-nextest >/dev/null ||
    not_checked "cargo-nextest is missing: cargo install cargo-nextest --locked"
ENGINE_USER=${ENGINE_USER:-$$} timeout 180 tests/images/engine.sh || not_checked "no Docker engine is to be had here"

# official VARIABLE IMAGE: the image that is named, or the official one, if it can be had.
official() {
    [ -z "${!1:-}" ] || return 0
    docker image inspect "$2" >/dev/null 2>&1 ||
        timeout "$PULL_WITHIN_S" docker pull --quiet "$2" >/dev/null 2>&1 || return 1
    export "$1=$2"
}

# stand_in VARIABLE NAME OFFICIAL: builds the one that takes its place.
stand_in() {
    say "$3 is not to be had here: tests/images/$2 takes its place"
    timeout "$IMAGES_WITHIN_S" tests/images/build.sh base "$2" >/dev/null ||
        not_checked "the stand-in for $3 cannot be built, not within $IMAGES_WITHIN_S s"
    export "$1=orders-test/$2"
}

postgres=postgres:17-alpine nats=nats:2.12-alpine kurrentdb=kurrentplatform/kurrentdb:26.1.1
official ORDERS_TEST_POSTGRES_IMAGE $postgres || stand_in ORDERS_TEST_POSTGRES_IMAGE postgres $postgres
official ORDERS_TEST_NATS_IMAGE $nats || stand_in ORDERS_TEST_NATS_IMAGE nats $nats
# Nobody has asked for KurrentDB by name: where it is not to be had, or does not come up, its cases are
# skipped.
if [ -z "${ORDERS_TEST_KURRENTDB_IMAGE:-}" ]; then
    export ORDERS_TEST_KURRENTDB_OPTIONAL=1
    official ORDERS_TEST_KURRENTDB_IMAGE $kurrentdb ||
        export ORDERS_TEST_KURRENTDB_SKIPPED="the image $kurrentdb is not to be had here"
fi

# ---- What it is built of --------------------------------------------------------------------------

built=$(realpath -m "$TARGET/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE")")
ORDERS_TEST_BIN_DIR=$(realpath -m "${ORDERS_TEST_BIN_DIR:-$built}")
deploy/local/ensure.sh build grpc
if [ "$ORDERS_TEST_BIN_DIR" = "$built" ]; then
    cargo build --quiet --locked --workspace --bins --profile "$PROFILE"
fi
for program in command orders projector query saga sandbox; do
    [ -x "$ORDERS_TEST_BIN_DIR/$program" ] || {
        say "there is no $ORDERS_TEST_BIN_DIR/$program: build it, or leave ORDERS_TEST_BIN_DIR out"
        exit 1
    }
done
cargo build --quiet --locked --package servers --features containers --bin containers
ORDERS_TEST_CONTAINERS=$(realpath "$TARGET/debug/containers")
[ -z "${READY_MARK:-}" ] || touch "$READY_MARK"
ORDERS_TEST_SKIPPED=$(mktemp)
# Containers say by this to whom they belong.
ORDERS_TEST_RUN=$$
export ORDERS_TEST_CONTAINERS ORDERS_TEST_BIN_DIR ORDERS_TEST_SKIPPED ORDERS_TEST_RUN

# ---- Nothing stays behind -------------------------------------------------------------------------

# Those who hold containers remove them, as soon as nobody wants them. This is for the case that they
# were killed as well.
of_this_run() { docker ps --all --quiet --filter "label=orders-test.run=$ORDERS_TEST_RUN"; }
cleanup() {
    local left
    for _ in $(seq 100); do
        left=$(of_this_run)
        [ -n "$left" ] || break
        sleep 0.2
    done
    if [ -n "$left" ]; then
        say "removing what was left behind: $(echo $left)"
        docker rm --force --volumes $left >/dev/null 2>&1 || true
    fi
    rm -f "$ORDERS_TEST_SKIPPED"
}
trap cleanup EXIT

# Of runs that were killed whole.
docker ps --all --filter label=orders-test.run --format '{{.ID}} {{.Label "orders-test.run"}}' |
    while read -r container run; do
        [ -d "/proc/$run" ] || docker rm --force --volumes "$container" >/dev/null 2>&1 || true
    done

# ---- The tests ------------------------------------------------------------------------------------

say "Docker $(docker version --format '{{.Server.Version}}')"
status=0
"$ORDERS_TEST_CONTAINERS" run cargo nextest run --workspace --cargo-profile "$PROFILE" --no-fail-fast \
    --filterset "$tests" || status=$?
if [ -s "$ORDERS_TEST_SKIPPED" ]; then
    say "SKIPPED, by name and reason:"
    sort -u "$ORDERS_TEST_SKIPPED"
fi
exit "$status"
