#!/usr/bin/env bash
# Builds the images of server and operator, and looks at what came out: how large, for whom, what is in them, and whether they
# run as they are to be run. The engine is that of DOCKER_HOST.
#
# Exit codes: 0 as they should be · 1 not, or not built
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly LIMIT_MIB=40
readonly user=65532:65532
version=$(version)
revision=$(git rev-parse HEAD)
readonly version revision

build() {
  local image=$1 target=$2 started=$SECONDS
  DOCKER_BUILDKIT=1 logged "build-$target.log" docker build --network=host --progress=plain \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    --target "$target" --tag "$image" .
  fact "$image: built in $((SECONDS - started)) s"
}

of() { docker image inspect --format "$2" "$1"; }

# expect WHAT IS SHOULD
expect() { [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"; }

label() { of "$1" "{{index .Config.Labels \"org.opencontainers.image.$2\"}}"; }

# compressed IMAGE: the bytes of its layers as a registry has them.
compressed() {
  local dir="$RELEASE_DIR/saved" layer
  rm -rf "$dir"
  mkdir "$dir"
  docker save "$1" | tar --directory "$dir" --extract
  # Layers are the files that are archives, whatever form the engine saves them in.
  find "$dir" -type f -size +1k | while read -r layer; do
    if tar --list --file "$layer" >/dev/null 2>&1; then gzip --stdout "$layer" | wc --bytes; fi
  done | awk '{ sum += $1 } END { print sum }'
  rm -rf "$dir"
}

# files IMAGE: a line for each of its files, with mode, owner, time and name.
files() {
  local container
  container=$(docker create "$1")
  docker export "$container" | TZ=UTC tar --list --verbose --numeric-owner --full-time
  docker rm --volumes "$container" >/dev/null
}

# look_at IMAGE PROGRAM: what holds for both.
look_at() {
  local image=$1 program=$2 bytes listed shells
  bytes=$(compressed "$image")
  fact "$image: $(awk -v bytes="$bytes" 'BEGIN { printf "%.1f", bytes / 1048576 }') MiB compressed, of at most $LIMIT_MIB"
  [ "$bytes" -le $((LIMIT_MIB * 1048576)) ] || fail "$image is too large"

  expect "$image: its user" "$(of "$image" '{{.Config.User}}')" "$user"
  expect "$image: its entrypoint" "$(of "$image" '{{json .Config.Entrypoint}}')" "[\"/usr/local/bin/$program\"]"
  expect "$image: its version" "$(label "$image" version)" "$version"
  expect "$image: its revision" "$(label "$image" revision)" "$revision"
  expect "$image: its licences" "$(label "$image" licenses)" "$(sed -n 's/^license = "\(.*\)"$/\1/p' Cargo.toml)"
  [ -n "$(label "$image" source)" ] || fail "$image does not tell its source"
  [ -n "$(label "$image" title)" ] || fail "$image has no title"

  listed=$(files "$image")
  shells=$(awk '{ print $6 }' <<<"$listed" | grep --extended-regexp '(^|/)(sh|ash|bash|dash|zsh|ksh|csh|busybox|toybox)$' || true)
  expect "$image: shells" "$shells" ''
  grep --quiet --extended-regexp "^-rwxr-xr-x 0/0 .* 1970-01-01 00:00:00 usr/local/bin/$program\$" <<<"$listed" ||
    fail "$image: /usr/local/bin/$program is not root's, or of another time than it always is"

  expect "$image: what --version tells" "$(confined "$image" --version)" "$program $version"
}

# confined IMAGE ARGUMENT…: runs it with nothing to write to, no capability and no network.
confined() { docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges:true --network none "$@"; }

is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]; }

look_at_server() {
  local image=$1 container
  expect "$image: its description of the API" "$(confined "$image" openapi | cksum)" "$(cksum <api-server/openapi.json)"
  container=$(docker run --detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true \
    --network none "$image")
  until_it_succeeds 60 "$image becomes healthy" is_healthy "$container"
  docker exec "$container" /usr/local/bin/ssm-server healthcheck
  if docker exec "$container" /bin/sh -c true >/dev/null 2>&1; then fail "$image has a shell"; fi
  docker exec "$container" /usr/local/bin/ssm-server audit verify >/dev/null
  docker stop --time 20 "$container" >/dev/null
  expect "$image: how it ends" "$(docker inspect --format '{{.State.ExitCode}}' "$container")" 0
  docker rm --volumes "$container" >/dev/null
  # Where it cannot be written to, and where nothing is mounted, it says so, rather than losing what it is given.
  if confined --tmpfs /data:mode=0500 "$image" >/dev/null 2>&1; then fail "$image serves without a place for its data"; fi
}

look_at_operator() {
  local image=$1
  expect "$image: its definition of the resource" "$(confined "$image" crd | cksum)" "$(cksum <crds/secretsyncs.yaml)"
}

readonly server="simple-secrets-manager:$version" operator="simple-secrets-manager-operator:$version"
build "$server" server
build "$operator" operator
look_at "$server" ssm-server
look_at "$operator" ssm-operator
look_at_server "$server"
look_at_operator "$operator"
