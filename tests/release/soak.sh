#!/usr/bin/env bash
# Keeps a server and an operator busy for SOAK_MINUTES (10) with reads, writes, imports, watch streams and sign-ins at once. No answer
# may be an error, the Secret has to follow, and memory may grow by less than 5 % once it is warm.
#
# SOAK_PROFILE names cargo's profile to build with: dev, which is what the tests have built, or release.
#
# Exit codes: 0 passed · 1 failed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly profile=${SOAK_PROFILE:-dev}

tests/tools/build.sh >/dev/null
cargo build --quiet --profile "$profile" --workspace --bins
cargo run --quiet --profile "$profile" --package ssm-tests --bin soak
