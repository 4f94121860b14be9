#!/usr/bin/env bash
# Sees to it that there is what a check of a release runs: a Docker engine with its client, and debootstrap, from Debian's packages,
# which root installs where they are missing; and Docker Compose, which is built from its Go module, once for each version.
#
# The last line on stdout is a directory for DOCKER_CONFIG, in which `bin` has the client to use and `cli-plugins` Compose.
#
# Exit codes: 0 ready · 1 an installation or build failed · 3 something is missing and not ours to install
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=lib.sh
. ./lib.sh

version=$(sed -n 's/^.*github\.com\/docker\/compose\/v2 v\([0-9.]*\).*$/\1/p' compose/go.mod)
readonly version
readonly dir="${XDG_CACHE_HOME:-$HOME/.cache}/simple-secrets-manager/docker-compose-v$version"

# packages: those of Debian that are missing.
packages() {
  if ! command -v dockerd >/dev/null; then printf 'docker.io '; fi
  if ! command -v debootstrap >/dev/null; then printf 'debootstrap '; fi
  if ! command -v iptables >/dev/null; then printf 'iptables '; fi
  if ! command -v curl >/dev/null; then printf 'curl '; fi
}

install_packages() {
  local missing
  missing=$(packages)
  if [ -z "$missing" ]; then return; fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say "missing, and not ours to install: $missing"
    exit 3
  fi
  say "installing $missing, once"
  apt-get update -qq >&2
  # shellcheck disable=SC2086 # They are words.
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $missing >&2
}

# can_build CLIENT: whether it builds with BuildKit, as old ones do by themselves and newer ones with their plugin.
can_build() {
  local major
  major=$("$1" version --format '{{.Client.Version}}' 2>/dev/null | sed 's/\..*//')
  [ "${major:-0}" -lt 23 ] || "$1" buildx version >/dev/null 2>&1
}

choose_client() {
  local client
  while read -r client; do
    if can_build "$client"; then
      ln --symbolic --force "$client" "$dir/bin/docker"
      return
    fi
  done < <(type -ap docker)
  say "no docker of this machine builds with BuildKit: install docker.io, or the plugin buildx"
  exit 3
}

build_compose() {
  if [ -x "$dir/cli-plugins/docker-compose" ]; then return; fi
  if ! command -v go >/dev/null; then
    say "Go is not installed; it is needed once, to build Docker Compose $version (about 3 minutes)"
    exit 3
  fi
  say "building Docker Compose $version, once"
  (cd compose && CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=v$version" \
    -o "$dir/docker-compose.new" github.com/docker/compose/v2/cmd >&2)
  mv "$dir/docker-compose.new" "$dir/cli-plugins/docker-compose"
}

install_packages
mkdir -p "$dir/bin" "$dir/cli-plugins"
choose_client
build_compose
printf '%s\n' "$dir"
