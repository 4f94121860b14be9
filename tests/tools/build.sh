#!/usr/bin/env bash
# Builds what the tests run against from Go modules, once for each version: etcd, kube-apiserver and
# kube-controller-manager, or the programs of Kubernetes that are named.
#
#   build.sh [NAME…]
#
# The last line on stdout is the directory that holds them; everything else goes to stderr.
# KUBEBUILDER_ASSETS, where set, is that directory, and nothing is built.
#
# Exit codes: 0 ready · 1 a build failed · 2 KUBEBUILDER_ASSETS lacks a binary · 3 Go is missing
set -euo pipefail

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly BINARIES="${*:-etcd kube-apiserver kube-controller-manager}"

# missing_in DIR: the names in BINARIES that DIR has no executable for.
missing_in() {
  local name
  for name in $BINARIES; do
    if [ ! -x "$1/$name" ]; then printf '%s ' "$name"; fi
  done
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  missing=$(missing_in "$KUBEBUILDER_ASSETS")
  if [ -n "$missing" ]; then
    say "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which lacks: $missing"
    say "Point it at a directory with $BINARIES, or unset it to have them built."
  case $missing in *kube-controller-manager*) say "What setup-envtest installs has no kube-controller-manager: copy one of the same version there." ;; esac
    exit 2
  fi
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit 0
fi

cd "$(dirname "${BASH_SOURCE[0]}")"
version=$(sed -n 's/^\(require \)\{0,1\}[[:space:]]*k8s\.io\/kubernetes v\([0-9.]*\).*/\2/p' go.mod)
readonly version
readonly dir="${XDG_CACHE_HOME:-$HOME/.cache}/simple-secrets-manager/kube-v$version"

if [ -z "$(missing_in "$dir")" ]; then
  printf '%s\n' "$dir"
  exit 0
fi

if ! command -v go >/dev/null; then
  say "Go is not installed; it is needed once, to build $BINARIES v$version (about 10 minutes)."
  say "Install Go $(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod) or newer from https://go.dev/dl, or set KUBEBUILDER_ASSETS to a directory that has them."
  exit 3
fi

mkdir -p "$dir"

# Two builds at once are harmless, since each moves a whole binary into place; the lock only saves the second one's work.
if command -v flock >/dev/null; then
  exec 9>"$dir/.lock"
  until flock -w "$HEARTBEAT_SECONDS" 9; do say "waiting for another build in $dir"; done
fi

package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

# Without these an API server believes to be v0.0.0 and refuses features by its supposed age.
stamp=k8s.io/component-base/version
minor=${version#*.}
ldflags="-s -w -X $stamp.gitVersion=v$version -X $stamp.gitMajor=${version%%.*} -X $stamp.gitMinor=${minor%%.*}"

build() {
  local name=$1 started=$SECONDS
  unfinished="$dir/.$name.$$"
  say "building $name (Kubernetes v$version), once; it takes some minutes"
  watched "$name" env CGO_ENABLED=0 GOWORK=off \
    go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$unfinished" "$(package_of "$name")"
  mv "$unfinished" "$dir/$name"
  unfinished=
  say "$name is ready after $((SECONDS - started)) s"
}

for name in $(missing_in "$dir"); do build "$name"; done
printf '%s\n' "$dir"
