#!/usr/bin/env bash
# Installs what others made and the product is held against: the readers of .env and YAML files that the world uses,
# schemathesis, SecantusDB and Argo CD's interpreter of health scripts. Versions are in the lock files beside this script; nothing is done when they are installed already.
#
# The last line on stdout is the directory that holds them; everything else goes to stderr.
#
# Exit codes: 0 ready · 1 an installation failed · 3 Node, Python or Go is missing
set -euo pipefail

say() { printf 'tools: %s\n' "$*" >&2; }

cd "$(dirname "${BASH_SOURCE[0]}")"
readonly dir="${XDG_CACHE_HOME:-$HOME/.cache}/simple-secrets-manager/foreign"
# What is installed is named by what was to be installed, the interpreter included: a virtual environment goes with it.
wanted=$({ cat -- * compose/* argocd/*; python3 --version; } 2>/dev/null | cksum)
readonly wanted

is_ready() { [ -f "$dir/stamp" ] && [ "$(cat "$dir/stamp")" = "$wanted" ]; }

if ! is_ready; then
  for program in npm python3 go; do
    if ! command -v "$program" >/dev/null; then
      say "$program is not installed; tests need Node 20, Python 3.11 and Go 1.24 or newer."
      exit 3
    fi
  done
  mkdir -p "$dir"
  if command -v flock >/dev/null; then
    exec 9>"$dir/../.foreign.lock"
    flock 9
  fi
fi

if ! is_ready; then
  say "installing the readers of .env and YAML files, schemathesis, SecantusDB and Argo CD's interpreter, once"
  rm -rf "$dir"
  mkdir -p "$dir"
  cp package.json package-lock.json read.mjs read.py "$dir"
  npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund --loglevel error >&2
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.txt >&2
  (cd compose && CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -o "$dir/read-compose" .) >&2
  (cd argocd && CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -o "$dir/argocd-health" .) >&2
  printf '%s' "$wanted" >"$dir/stamp"
  say "they are ready after $SECONDS s"
fi
printf '%s\n' "$dir"
