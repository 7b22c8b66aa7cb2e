#!/bin/sh
# Arguments alone are those of nats-server.
set -e
if [ "${1#-}" != "$1" ] || [ $# -eq 0 ]; then set -- nats-server "$@"; fi
exec "$@"
