#!/usr/bin/env bash
# Checks what is deployed: the compose file by Compose itself; then the whole of it, as containers:
# the runtime image, started as docker-compose.yml says, one order driven through nginx, and every
# service exchanged under load with no request failed.
#
#   deploy/compose/check.sh [DIRECTORY]
#
# DIRECTORY has the programs, built already: target/dist by default, or target/release. Where images
# cannot be pulled, stand-ins are built from Debian's packages (tests/images). Uses a project, ports
# and volumes of its own, and leaves no container behind.
#
# Where there is no Docker engine, and none can be started, it says so in one line and succeeds:
# CHECK_REQUIRED=1 makes that a failure.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
TARGET=${CARGO_TARGET_DIR:-target}
PROGRAMS="command projector saga query sandbox orders"
UP_WITHIN_S=120
IMAGES_WITHIN_S=${IMAGES_WITHIN_S:-900}

say() { printf 'compose-check: %s\n' "$*"; }
die() { say "FAILED: $*" >&2; exit 1; }
not_checked() {
    say "NOT CHECKED: $*"
    [ -z "${CHECK_REQUIRED:-}" ] || exit 1
    exit 0
}

project=orders-check-$$
work=$(mktemp -d)
started=
cleanup() {
    local status=$?
    if [ -n "$started" ]; then
        if [ "$status" -ne 0 ]; then
            say "the end of what the containers said:" >&2
            $COMPOSE logs --no-color --tail 200 2>&1 | grep -iE "warn|error|fatal|panic" | tail -n 40 >&2 || true
        fi
        $COMPOSE down --volumes --timeout 40 >/dev/null 2>&1 || true
    fi
    docker image rm "orders:$project" >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# within SECONDS COMMAND…: the command, in a time that is bounded.
within() { timeout --foreground --kill-after=10 "$@"; }

# What earlier checks left that were killed whole.
label=com.docker.compose.project
sweep() {
    local left
    docker ps --all --filter "label=$label" --format "{{.Label \"$label\"}}" | sort -u |
        { grep -x 'orders-check-[0-9]*' || true; } |
        while read -r left; do
            [ ! -d "/proc/${left##*-}" ] || continue
            docker ps --all --quiet --filter "label=$label=$left" | xargs -r docker rm --force --volumes
            docker volume ls --quiet --filter "label=$label=$left" | xargs -r docker volume rm
            docker network ls --quiet --filter "label=$label=$left" | xargs -r docker network rm
            docker image rm "orders:$left"
        done >/dev/null 2>&1 || true
}

# ---- What it is checked with --------------------------------------------------------------------

ENGINE_USER=${ENGINE_USER:-$$} within 180 tests/images/engine.sh || not_checked "no Docker engine is to be had here"
sweep
within "$IMAGES_WITHIN_S" tests/images/build.sh base postgres nats nginx prometheus compose \
    >"$work/images" 2>&1 ||
    not_checked "the stand-ins cannot be built, not within $IMAGES_WITHIN_S s: $(tail -n 1 "$work/images")"
export COMPOSE="tests/images/compose.sh --project-name $project"

deploy/compose/secrets.sh >/dev/null
$COMPOSE -f docker-compose.yml config --quiet || die "docker-compose.yml is not valid"
on_kurrentdb() { $COMPOSE -f docker-compose.yml -f deploy/compose/kurrentdb.yml --profile kurrentdb "$@"; }
on_kurrentdb config --quiet || die "docker-compose.yml is not valid with deploy/compose/kurrentdb.yml"
say "docker-compose.yml is valid, with each store (Compose $($COMPOSE version --short))"
docker run --rm -v "$PWD/deploy/compose:/etc/prometheus:ro" --entrypoint promtool \
    orders-test/prometheus check config /etc/prometheus/prometheus.yml >"$work/promtool" 2>&1 ||
    die "Prometheus does not take its configuration: $(cat "$work/promtool")"

# ---- The image ----------------------------------------------------------------------------------

directory=${1:-}
[ -n "$directory" ] || for directory in "$TARGET/dist" "$TARGET/release"; do
    [ ! -x "$directory/orders" ] || break
done
mkdir -p "$work/context/bin"
for program in $PROGRAMS; do
    [ -x "$directory/$program" ] || not_checked "there is no $directory/$program; build it first"
    install -m 755 "$directory/$program" "$work/context/bin/"
done
docker build --quiet --tag "orders:$project" --target prebuilt --file Dockerfile \
    --build-arg RUNTIME_IMAGE=orders-test/base "$work/context" >"$work/build" 2>&1 ||
    die "the image cannot be built: $(tail -n 5 "$work/build")"
say "the runtime image is built on a local base, of $directory: $(
    docker image inspect --format '{{.Size}}' "orders:$project" | numfmt --to=si)B"

# ---- The platform -------------------------------------------------------------------------------

ORDERS_PORT=$(free_port)
ORDERS_PROMETHEUS_PORT=$(free_port)
export ORDERS_PORT ORDERS_PROMETHEUS_PORT ORDERS_IMAGE=orders:$project
export COMPOSE_FILE=docker-compose.yml:tests/images/compose.yml
# Nobody answers there: the trace is somebody else's matter.
export ORDERS_JAEGER_PORT=1

# The settings of every service are taken, with each store.
for service in command query saga projector; do
    for run in "$COMPOSE" on_kurrentdb; do
        $run run --rm --no-deps --entrypoint orders "$service" config print >/dev/null 2>"$work/config" ||
            die "$service does not take its settings ($run): $(tail -n 3 "$work/config")"
    done
done

began=$SECONDS
started=yes
[ -z "${READY_MARK:-}" ] || touch "$READY_MARK"
within "$UP_WITHIN_S" $COMPOSE up --detach --no-build --wait nginx saga projector prometheus \
    >"$work/up" 2>&1 || die "the platform does not come up within $UP_WITHIN_S s: $(tail -n 5 "$work/up")"
say "the platform is up and healthy after $((SECONDS - began)) s"
for service in command query projector saga sandbox; do
    container=$($COMPOSE ps --quiet "$service" | sed -n 1p)
    ! docker exec "$container" sh -c 'touch /written 2>/dev/null' ||
        die "the root file system of $service can be written"
    [ "$(docker exec "$container" id -u)" != 0 ] || die "$service runs as root"
done
# Jaeger is one of the images that are not made here.
ORDERS_SMOKE_WITHOUT_JAEGER=1 deploy/compose/smoke.sh
# Everybody is scraped: two of command and of query, the others, and itself.
scraped() {
    curl -sf "http://127.0.0.1:$ORDERS_PROMETHEUS_PORT/api/v1/query?query=count(up==1)" |
        grep -q '"8"'
}
deadline=$((SECONDS + 60))
until scraped; do
    [ "$SECONDS" -lt "$deadline" ] || die "Prometheus does not reach all 8 processes"
    sleep 1
done

# ---- Rolling restart ----------------------------------------------------------------------------

deploy/compose/load.py "http://127.0.0.1:$ORDERS_PORT" --seconds 300 --clients 4 --pause 100 \
    >"$work/load" 2>&1 &
load=$!
deploy/compose/roll.sh command saga projector query || { kill "$load"; die "the services cannot be rolled"; }
kill -TERM "$load"
wait "$load" || die "under a rolling restart: $(cat "$work/load")"
say "every service was exchanged under load: $(cat "$work/load")"
python3 deploy/compose/dashboard.py "http://127.0.0.1:$ORDERS_PROMETHEUS_PORT" ||
    die "the dashboard asks for what cannot be answered"
say "all is well"
