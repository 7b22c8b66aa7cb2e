#!/usr/bin/env bash
# Exchanges the containers of services one by one, for new ones of the image and the settings that
# hold now, while they go on serving:
#
#   deploy/compose/roll.sh SERVICE…
#
# For each container a new one is started first; once that is healthy, the old one is told to finish
# what it has begun, and is removed. What nginx sends to one that has stopped listening, it sends to
# another.
#
# COMPOSE is the command to use, with its options: `docker compose` by default.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
read -r -a compose <<<"${COMPOSE:-docker compose}"
HEALTHY_WITHIN_S=120

say() { printf 'roll: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
running() { "${compose[@]}" ps --quiet "$1" | sort; }

# Until the container is healthy; one that ends has failed.
healthy() {
    local deadline=$((SECONDS + HEALTHY_WITHIN_S)) state
    while :; do
        state=$(docker inspect --format '{{.State.Status}} {{.State.Health.Status}}' "$1")
        case $state in
        "running healthy") return ;;
        exited* | dead*) die "the new container $1 ended; the old ones run on: docker logs $1" ;;
        esac
        [ "$SECONDS" -lt "$deadline" ] ||
            die "the new container $1 is not healthy within $HEALTHY_WITHIN_S s; the old ones run on"
        sleep 0.5
    done
}

[ $# -gt 0 ] || die "which services? for example: deploy/compose/roll.sh command query saga projector"
for service in "$@"; do
    old=$(running "$service")
    count=$(wc -w <<<"$old")
    [ "$count" -gt 0 ] || die "$service does not run"
    for container in $old; do
        before=$(running "$service")
        "${compose[@]}" up --detach --no-deps --no-recreate --no-build \
            --scale "$service=$((count + 1))" "$service" >/dev/null 2>&1 ||
            die "$service: no further container can be started"
        new=$(comm -13 <(echo "$before") <(running "$service"))
        healthy "$new"
        # 40 s: more than a service takes to finish.
        docker stop --time 40 "$container" >/dev/null
        docker rm "$container" >/dev/null
        say "$service: ${container:0:12} gave way to ${new:0:12}"
    done
done
