#!/usr/bin/env bash
# Docker Compose 2, wherever it is: the engine's own plugin, a program docker-compose, or, in a
# container, Debian's (tests/images/build.sh compose). Takes Compose's arguments.
set -euo pipefail

if docker compose version >/dev/null 2>&1; then
    exec docker compose "$@"
fi
if docker-compose version --short 2>/dev/null | grep -q '^v\{0,1\}[2-9]'; then
    exec docker-compose "$@"
fi

# The same paths inside as outside: the engine is asked to mount files by them.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
environment=()
while IFS= read -r name; do environment+=(--env "$name"); done < <(compgen -e | grep -E '^(ORDERS_|COMPOSE_)' || true)
exec docker run --rm --interactive --network host ${environment[@]+"${environment[@]}"} \
    --volume /var/run/docker.sock:/var/run/docker.sock \
    --volume "$root:$root" --workdir "$PWD" \
    orders-test/compose docker-compose "$@"
