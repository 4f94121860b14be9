#!/usr/bin/env bash
# Builds helm from its Go module, once for each version.
#
# The last line on stdout is the program's path; everything else goes to stderr.
# HELM, where set, is that program, and nothing is built.
#
# Exit codes: 0 ready · 1 the build failed · 2 HELM is no program · 3 Go is missing
set -euo pipefail

readonly VERSION=4.3.1
readonly HEARTBEAT_SECONDS=20

say() { printf 'tools: %s\n' "$*" >&2; }

if [ -n "${HELM:-}" ]; then
  if [ ! -x "$HELM" ]; then
    say "HELM is $HELM, where there is no program. Point it at helm $VERSION, or unset it to have it built."
    exit 2
  fi
  printf '%s\n' "$HELM"
  exit 0
fi

readonly dir="${XDG_CACHE_HOME:-$HOME/.cache}/simple-secrets-manager/helm-v$VERSION"
if [ -x "$dir/helm" ]; then
  printf '%s\n' "$dir/helm"
  exit 0
fi

if ! command -v go >/dev/null; then
  say "Go is not installed; it is needed once, to build helm v$VERSION (about 3 minutes)."
  say "Install it from https://go.dev/dl, or set HELM to a helm $VERSION of your own."
  exit 3
fi

mkdir -p "$dir"
building=
readonly unfinished="$dir/.building.$$"
clean_up() {
  if [ -n "$building" ]; then kill "$building" 2>/dev/null || true; fi
  rm -rf "$unfinished"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "building helm v$VERSION, once; it takes some minutes"
GOBIN="$unfinished" GOWORK=off GOFLAGS='' go install -ldflags '-s -w' "helm.sh/helm/v4/cmd/helm@v$VERSION" >&2 &
building=$!
next=$HEARTBEAT_SECONDS
while kill -0 "$building" 2>/dev/null; do
  sleep 1
  if [ "$SECONDS" -ge "$next" ]; then
    say "building helm … $SECONDS s"
    next=$((next + HEARTBEAT_SECONDS))
  fi
done
if ! wait "$building"; then
  building=
  say "building helm failed"
  exit 1
fi
building=
# Two builds at once are harmless, since each moves a whole program into place.
mv "$unfinished/helm" "$dir/helm"
say "helm is ready after $SECONDS s"
printf '%s\n' "$dir/helm"
