#!/usr/bin/env bash
# Sees to it that a Docker engine answers: the one that runs, or one that is installed from Debian's
# packages and started, where this account may do that.
#
#   tests/images/engine.sh          exits 0 when `docker info` answers; else says why in one line
#   tests/images/engine.sh stop     ends the engine that this script started, if it did
set -euo pipefail

PID_FILE=/run/orders-test-docker.pid
LOG=/var/log/orders-test-docker.log
READY_WITHIN_S=60

say() { printf 'engine: %s\n' "$*" >&2; }
answers() { timeout 10 docker info >/dev/null 2>&1; }

if [ "${1:-}" = stop ]; then
    [ -s "$PID_FILE" ] || exit 0
    pid=$(<"$PID_FILE")
    # Its number may be somebody else's by now.
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
        kill -TERM "$pid"
        for _ in $(seq 120); do
            [ -d "/proc/$pid" ] || break
            sleep 0.5
        done
    fi
    exit 0
fi

if answers; then exit 0; fi
if [ "$(id -u)" -ne 0 ]; then
    say "no Docker engine answers, and only root can start one"
    exit 1
fi

# install PROGRAM PACKAGE…
install() {
    command -v "$1" >/dev/null 2>&1 && return
    shift
    command -v apt-get >/dev/null 2>&1 || return 1
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" \
        >/dev/null 2>&1 && return
    apt-get -qq update >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" \
        >/dev/null 2>&1
}

install dockerd docker.io || {
    say "dockerd is missing, and cannot be installed from Debian's package docker.io"
    exit 1
}
install iptables iptables || true
install debootstrap debootstrap || true
if answers; then exit 0; fi

say "starting dockerd; its log is $LOG"
setsid nohup dockerd --pidfile "$PID_FILE" >"$LOG" 2>&1 </dev/null &
began=$SECONDS
until answers; do
    if [ $((SECONDS - began)) -ge "$READY_WITHIN_S" ]; then
        say "dockerd does not answer within $READY_WITHIN_S s: $(tail -n 1 "$LOG")"
        exit 1
    fi
    if ! kill -0 $! 2>/dev/null; then
        say "dockerd ended: $(tail -n 1 "$LOG")"
        exit 1
    fi
    sleep 0.5
done
