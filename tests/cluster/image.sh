#!/usr/bin/env bash
# Writes an image, in the form that `docker load` and `ctr images import` read, out of a directory; without a daemon.
#
#   image.sh OUT.tar NAME:TAG ROOT CONFIG
#
# ROOT is what the image has at /, all of it root's. CONFIG is the object `config` of the image, as JSON.
#
# Exit codes: 0 written · else what failed
set -euo pipefail

readonly out=$1 name=$2 root=$3 config=$4
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

tar --create --file "$work/layer.tar" --directory "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
layer=$(digest "$work/layer.tar")
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  "$architecture" "$config" "$layer" >"$work/config.json"
image=$(digest "$work/config.json")
mv "$work/config.json" "$work/$image.json"
printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$image" "$name" >"$work/manifest.json"
tar --create --file "$out" --directory "$work" manifest.json "$image.json" layer.tar
