#!/usr/bin/env bash
# Installs packages of Debian's, and waits while somebody else does: a machine that has just started often does by itself.
#
#   apt.sh PACKAGE…
#
# Exit codes: 0 installed · else what failed
set -euo pipefail

readonly patience_seconds=300
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# apt-get waits for dpkg's lock, but not for that of the lists.
until told=$(apt-get update -qq 2>&1); do
  if [[ $told != *'get lock'* ]] || [ "$SECONDS" -ge "$patience_seconds" ]; then
    printf '%s\n' "$told" >&2
    exit 1
  fi
  sleep 2
done
apt-get install -qq --no-install-recommends -o DPkg::Lock::Timeout="$patience_seconds" "$@" >/dev/null
