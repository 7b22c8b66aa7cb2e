#!/usr/bin/env bash
# deploy/local/planted.sh [BUG…]: builds the platform with a known bug in it, one after the other,
# and expects the simulation to find each within 1,000 seeds. Without arguments: all of them.
#
# A bug is planted by --cfg in the workspace's own crates alone, through cargo's wrapper for these,
# so that the dependencies are built once for all bugs: in a target directory beside the others.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/planted
export CARGO_TARGET_DIR=$target
profile=${TEST_PROFILE:-release}
seeds=${ORDERS_SIM_SEEDS:-1000}
bugs=("$@")
if [ ${#bugs[@]} -eq 0 ]; then
    bugs=(
        no_version_check
        checkpoint_outside_transaction
        publish_before_commit
        at_most_once_feed
        command_record_outside_transaction
    )
fi

failed=0
for bug in "${bugs[@]}"; do
    # A wrapper of its own for each bug: cargo tells builds apart by its path.
    mkdir -p "$target/bugs"
    wrapper="$target/bugs/$bug.sh"
    printf '#!/bin/sh\nexec "$@" --cfg '\''planted="%s"'\''\n' "$bug" >"$wrapper"
    chmod +x "$wrapper"
    log="$target/bugs/$bug.log"
    run=(cargo test --package tests --test platform --profile "$profile")
    if ! RUSTC_WORKSPACE_WRAPPER="$wrapper" "${run[@]}" --no-run >"$log" 2>&1; then
        tail -n 20 "$log"
        echo "$bug: cannot be built"
        exit 2
    fi
    if RUSTC_WORKSPACE_WRAPPER="$wrapper" ORDERS_SIM_SEEDS="$seeds" \
        "${run[@]}" simulated_seeds -- --nocapture >"$log" 2>&1; then
        echo "$bug: NOT FOUND within $seeds seeds"
        failed=1
    elif seed=$(grep -om1 'ORDERS_SIM_SEED=[0-9]*' "$log"); then
        echo "$bug: found after $((${seed#*=} + 1)) seeds: $(grep -m1 '^seed ' "$log" | cut -c1-160)"
    else
        tail -n 20 "$log"
        echo "$bug: the simulation could not be run"
        exit 2
    fi
done
exit $failed
