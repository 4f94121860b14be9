#!/usr/bin/env bash
# Builds helm from its Go module, once for each version.
#
# The last line on stdout is the program's path; everything else goes to stderr.
# HELM, where set, is that program, and nothing is built.
#
# Exit codes: 0 ready · 1 the build failed · 2 HELM is no program · 3 Go is missing
set -euo pipefail

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly VERSION=4.3.1

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
unfinished="$dir/.building.$$"
say "building helm v$VERSION, once; it takes some minutes"
watched helm env GOBIN="$unfinished" GOWORK=off GOFLAGS= go install -ldflags '-s -w' "helm.sh/helm/v4/cmd/helm@v$VERSION"
# Two builds at once are harmless, since each moves a whole program into place.
mv "$unfinished/helm" "$dir/helm"
say "helm is ready after $SECONDS s"
printf '%s\n' "$dir/helm"
