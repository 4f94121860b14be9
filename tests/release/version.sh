#!/usr/bin/env bash
# What a version's tag stands for: `git tag --list | tests/release/version.sh v1.2.3`.
#
# The tag has to be the version in Cargo.toml, and both versions in Chart.yaml. On stdout are the tags of its images: 1.2.3,
# and of 1.2, 1 and latest those that no newer version among the tags on stdin has. So a mended old version stays beside
# what came after it.
#
# Exit codes: 0 it is the version · 1 it is not · 2 it is no tag of a version
set -euo pipefail

readonly tag=${1:-}
if [[ ! $tag =~ ^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]]; then
  printf 'version: %q is no tag of a version, such as v1.2.3\n' "$tag" >&2
  exit 2
fi
readonly version=${tag#v}
readonly major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
root="$(dirname "${BASH_SOURCE[0]}")/../.."
readonly root

# expect WHAT FOUND: what a file has is the version.
expect() {
  if [ "$2" = "$version" ]; then return; fi
  printf 'version: the tag is %s, but %s is %s\n' "$tag" "$1" "${2:-missing}" >&2
  exit 1
}

# in_chart FIELD: what it is in Chart.yaml, without quotes.
in_chart() { sed -n "s/^$1: *[\"']\{0,1\}\([^\"' ]*\).*/\1/p" "$root/charts/simple-secrets-manager/Chart.yaml"; }

expect 'the version in Cargo.toml' "$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")"
expect 'the version in Chart.yaml' "$(in_chart version)"
expect 'the appVersion in Chart.yaml' "$(in_chart appVersion)"

all=$(cat; printf '\n%s\n' "$tag")

# newest PATTERN: whether no tag that looks like that is of a later version.
newest() {
  [ "$(grep -Ex 'v[0-9]+\.[0-9]+\.[0-9]+' <<<"$all" | grep -E "^v$1" | sort --version-sort | tail -n 1)" = "$tag" ]
}

printf '%s\n' "$version"
if newest "$major\.$minor\."; then printf '%s\n' "$major.$minor"; fi
if newest "$major\."; then printf '%s\n' "$major"; fi
if newest ''; then printf 'latest\n'; fi
