#!/usr/bin/env bash
# deploy/local/planted.sh [BUG…]: plants known bugs in the platform, one after the other, and expects
# the simulation to find each within 1,000 seeds. Without arguments: all of them.
#
# One build has them all (--cfg planted), and ORDERS_PLANTED chooses one at run time. The build is of
# the workspace's own crates alone: cargo's wrapper for these keeps them apart from the others, and
# what they depend on is that of the tests.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/planted
profile=${TEST_PROFILE:-release}
seeds=${ORDERS_SIM_SEEDS:-1000}
limit_s=600 # for one bug: a planted bug may well make something go round for ever
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

mkdir -p "$target"
wrapper=$target/rustc.sh
printf '#!/bin/sh\nexec "$@" --cfg planted\n' >"$wrapper"
chmod +x "$wrapper"
export RUSTC_WORKSPACE_WRAPPER=$wrapper
# All packages, so that dependencies have the features that they have for the tests.
if ! cargo test --workspace --test platform --profile "$profile" --no-run >"$target/build.log" 2>&1; then
    tail -n 20 "$target/build.log"
    echo "the platform with planted bugs cannot be built"
    exit 2
fi
# Run by itself: what is timed is the simulation, and not the wait for another build.
program=$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' "$target/build.log")
program=$(realpath "$program") || exit 2

# simulate LOG SEEDS [NAME=VALUE…]: whether the simulation finds nothing wrong.
simulate() {
    local log=$1 seeds=$2
    shift 2
    env -u ORDERS_SIM_SEED -u ORDERS_PLANTED ORDERS_SIM_SEEDS="$seeds" "$@" \
        timeout "$limit_s" "$program" simulated_seeds --nocapture >"$log" 2>&1
}

# Without a bug it must find none, or it would prove nothing by what it finds.
if ! simulate "$target/none.log" 20; then
    tail -n 20 "$target/none.log"
    echo "no bug: the simulation fails all the same"
    exit 2
fi

failed=0
for bug in "${bugs[@]}"; do
    log="$target/$bug.log"
    if simulate "$log" "$seeds" ORDERS_PLANTED="$bug"; then
        echo "$bug: NOT FOUND within $seeds seeds"
        failed=1
    elif seed=$(grep -om1 'ORDERS_SIM_SEED=[0-9]*' "$log"); then
        echo "$bug: found after $((${seed#*=} + 1)) seeds: $(grep -m1 '^seed ' "$log" | cut -c1-160)"
    else
        tail -n 20 "$log"
        echo "$bug: the simulation could not be run, or not within $limit_s s"
        exit 2
    fi
done
exit $failed
