#!/usr/bin/env bash
# Builds CoreDNS from its Go module, once for each version and choice of plugins.
#
# The last line on stdout is the directory that holds it; everything else goes to stderr.
#
# Exit codes: 0 ready · 1 the build failed · 3 Go is missing
set -euo pipefail

# shellcheck source=../../tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

cd "$(dirname "${BASH_SOURCE[0]}")"
wanted=$(cat go.mod go.sum main.go | cksum | cut -d ' ' -f 1)
readonly dir="${XDG_CACHE_HOME:-$HOME/.cache}/simple-secrets-manager/coredns-$wanted"

if [ ! -x "$dir/coredns" ]; then
  if ! command -v go >/dev/null; then
    say 'Go is not installed; it is needed once, to build CoreDNS.'
    exit 3
  fi
  say 'building CoreDNS, once'
  mkdir -p "$dir"
  unfinished="$dir/.coredns.$$"
  watched CoreDNS env CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$unfinished" .
  mv "$unfinished" "$dir/coredns"
  unfinished=
  say "it is ready after $SECONDS s"
fi
printf '%s\n' "$dir"
