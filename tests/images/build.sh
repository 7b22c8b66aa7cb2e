#!/usr/bin/env bash
# Builds stand-ins for images, from Debian's packages, for machines that cannot pull:
#
#   tests/images/build.sh [base] [postgres] [nats] [nginx] [prometheus] [compose]  (all by default)
#
#   orders-test/base        Debian, with certificates and wget: what programs run on
#   orders-test/postgres    PostgreSQL 17         instead of postgres:17-alpine
#   orders-test/nats        nats-server           instead of nats:2.12-alpine
#   orders-test/nginx       nginx                 instead of nginx:1.30-alpine
#   orders-test/prometheus  Prometheus            instead of prom/prometheus
#   orders-test/compose     Docker Compose 2, where the engine has none
#
# What is there is left as it is, as long as what it was made of is the same: its files, this script,
# nats-server, and the base below it (label orders-test.digest). REBUILD=1 makes it anew. Needs root for
# debootstrap, and a Docker engine (tests/images/engine.sh).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
ROOT=$(cd ../.. && pwd)

# The release of Debian that has PostgreSQL 17.
SUITE=${ORDERS_TEST_DEBIAN_SUITE:-trixie}
MIRROR=${ORDERS_TEST_DEBIAN_MIRROR:-http://deb.debian.org/debian}

say() { printf 'images: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

work=
cleanup() { [ -z "$work" ] || rm -rf "$work"; }
trap cleanup EXIT

id_of() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# The label says what an image was made of.
LABEL=orders-test.digest
label_of() { docker image inspect --format "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null || true; }
there() { [ -z "${REBUILD:-}" ] && [ "$(label_of "orders-test/$1")" = "$(digest_of "$1")" ]; }

# digest_of NAME: of all that it is made of.
digest_of() {
    {
        echo "$SUITE $MIRROR"
        sed -n '/^# ---- How/,$p' build.sh
        [ "$1" = base ] || label_of orders-test/base
        [ ! -d "$1" ] || find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        [ "$1" != nats ] || sha256sum <"$(nats_program)"
    } | sha256sum | cut -d ' ' -f 1
}

# nats-server as deploy/local/ensure.sh finds it or fetches it.
nats_program() {
    "$ROOT/deploy/local/ensure.sh" nats
    echo "${NATS_SERVER_BIN:-$(command -v nats-server || echo "$ROOT/.data/tools/nats-server")}"
}

# ---- How they are made ----------------------------------------------------------------------------

# build NAME DIRECTORY: an image on the base. Packages come over the network of this machine.
build() {
    say "building orders-test/$1"
    docker build --quiet --network host --label "$LABEL=$(digest_of "$1")" --tag "orders-test/$1" \
        "$2" >/dev/null
}

make_base() {
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
    [ "$(id -u)" -eq 0 ] || die "debootstrap needs root"
    say "building orders-test/base: Debian $SUITE"
    work=$(mktemp -d)
    debootstrap --variant=minbase --include=ca-certificates,wget "$SUITE" "$work/root" "$MIRROR" \
        >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "debootstrap failed"; }
    rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
    tar --directory "$work/root" --numeric-owner --one-file-system --create . |
        docker import --change 'CMD ["bash"]' --change "LABEL $LABEL=$(digest_of base)" \
            - orders-test/base >/dev/null
    rm -rf "$work"
    work=
}

# With the program beside the Dockerfile.
make_nats() {
    work=$(mktemp -d)
    cp nats/* "$work/"
    install -m 755 "$(nats_program)" "$work/nats-server"
    build nats "$work"
    rm -rf "$work"
    work=
}

[ $# -gt 0 ] || set -- base postgres nats nginx prometheus compose
for image in "$@"; do
    case $image in
    base | postgres | nats | nginx | prometheus | compose) ;;
    *) die "unknown: $image (base, postgres, nats, nginx, prometheus, compose)" ;;
    esac
    if there "$image"; then continue; fi
    before=$(id_of "orders-test/$image")
    case $image in
    base) make_base ;;
    nats) make_nats ;;
    *) build "$image" "$image" ;;
    esac
    # What nobody uses any more only takes up room.
    if [ -n "$before" ] && [ "$before" != "$(id_of "orders-test/$image")" ]; then
        docker image rm "$before" >/dev/null 2>&1 || true
    fi
done
