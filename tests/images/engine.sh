#!/usr/bin/env bash
# Sees to it that a Docker engine answers: the one that runs, or one that is installed from Debian's
# packages and started, where this account may do that.
#
#   tests/images/engine.sh          exits 0 when `docker info` answers; else says why in one line
#   tests/images/engine.sh stop     ends the engine that this script has started, unless somebody uses it,
#                                   or containers run on it
#
# Who asks for it uses it for as long as he lives: the process that ENGINE_USER names, or else the one
# that runs this script. So the engine is not ended under another run, and whoever stops it last ends it.
set -euo pipefail

STATE=${ENGINE_STATE:-/run/orders-test-docker}
PID_FILE=$STATE/dockerd.pid
USERS=$STATE/users
LOG=${ENGINE_LOG:-/var/log/orders-test-docker.log}
READY_WITHIN_S=60
STOPPED_WITHIN_S=60
USER_PID=${ENGINE_USER:-$PPID}

say() { printf 'engine: %s\n' "$*" >&2; }
answers() { timeout 10 docker info >/dev/null 2>&1; }

# One at a time: two that find none would start two.
alone() {
    mkdir -p "$USERS"
    exec 9>"$STATE/lock"
    flock 9
}

# When a process began, in clock ticks since the machine did: its number may be somebody else's by now.
since() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

enter() { since "$USER_PID" >"$USERS/$USER_PID" || true; }

# somebody_else: whether anybody uses it who is alive. Who is not is forgotten.
somebody_else() {
    local entry user found=1
    for entry in "$USERS"/*; do
        user=${entry##*/}
        if [ ! -e "$entry" ] || [ "$user" = "$USER_PID" ]; then continue; fi
        if [ -s "$entry" ] && [ "$(<"$entry")" = "$(since "$user")" ]; then
            found=0
        else
            rm -f "$entry"
        fi
    done
    return $found
}

# ours: the engine that this script has started, if it runs.
ours() {
    local pid
    [ -s "$PID_FILE" ] || return 1
    pid=$(<"$PID_FILE")
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] && echo "$pid"
}

if [ "${1:-}" = stop ]; then
    if [ ! -d "$STATE" ] || [ "$(id -u)" -ne 0 ]; then exit 0; fi
    alone
    rm -f "$USERS/$USER_PID"
    if somebody_else; then
        say "the engine stays: another run uses it"
        exit 0
    fi
    # Whoever starts containers by hand on it says nothing here; they are not ended under him.
    if [ -n "$(timeout 10 docker ps --quiet 2>/dev/null)" ]; then
        say "the engine stays: containers run on it"
        exit 0
    fi
    if pid=$(ours); then
        kill -TERM "$pid"
        for _ in $(seq $((STOPPED_WITHIN_S * 5))); do
            [ -d "/proc/$pid" ] || break
            sleep 0.2
        done
    fi
    exit 0
fi

# Where only root can start one, only root has to say that he uses it.
if [ "$(id -u)" -ne 0 ]; then
    if answers; then exit 0; fi
    say "no Docker engine answers, and only root can start one"
    exit 1
fi
alone
enter
if answers; then exit 0; fi

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
# It does not keep the lock.
setsid nohup dockerd --pidfile "$PID_FILE" >"$LOG" 2>&1 </dev/null 9>&- &
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
