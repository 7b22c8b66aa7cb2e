#!/usr/bin/env bash
# deploy/local/build.sh PROGRAM CARGO-ARGUMENTS…: builds, and says before a first build that it
# takes a while. Silent when PROGRAM is up to date.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=$1
shift

if [ ! -x "$program" ]; then
    echo "Building for the first time. That takes some minutes (8 on two cores); later starts take seconds."
    exec cargo build "$@"
fi
exec cargo build --quiet "$@"
