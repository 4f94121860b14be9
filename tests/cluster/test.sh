#!/usr/bin/env bash
# Runs the tests on a cluster, inside of one (see run.sh), and tells how its pods are when one has failed.
#
# Exit codes: those of the tests
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# Two at a time: they mostly wait. Whoever disturbs the others waits for them to end, and they for it.
timeout --foreground --kill-after 30 2700 cargo test --quiet --workspace --offline --test cluster -- --include-ignored --test-threads 2 --nocapture "$@"
status=$?
if [ "$status" -ne 0 ]; then tests/cluster/report.sh; fi
exit "$status"
