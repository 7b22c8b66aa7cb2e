#!/bin/sh
# deploy/image/skeleton.sh DIRECTORY: the workspace of the current directory with its manifests
# alone, and an empty source for each target that Cargo finds by itself. What it makes changes with
# the manifests only, so that a layer of built libraries stays good while sources change.
set -eu

into=$1
mkdir -p "$into"
cp Cargo.toml Cargo.lock "$into/"

for manifest in */Cargo.toml; do
    room=${manifest%/Cargo.toml}
    mkdir -p "$into/$room/src"
    cp "$manifest" "$into/$room/"
    if [ -f "$room/src/lib.rs" ]; then : >"$into/$room/src/lib.rs"; fi
    if [ -f "$room/src/main.rs" ]; then echo 'fn main() {}' >"$into/$room/src/main.rs"; fi
    if [ -f "$room/build.rs" ]; then echo 'fn main() {}' >"$into/$room/build.rs"; fi
    for program in "$room"/src/bin/*.rs "$room"/src/bin/*/main.rs; do
        [ -f "$program" ] || continue
        mkdir -p "$into/${program%/*}"
        echo 'fn main() {}' >"$into/$program"
    done
done
