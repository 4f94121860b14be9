#!/usr/bin/env bash
# Checks what a release consists of, as far as that needs nothing from outside but package registries: the images, what Docker Compose
# makes of them, the programs on arm64, and how they hold out. All of it runs in a Docker engine of its own, in a directory that
# goes with it.
#
#   tests/release/check.sh [STEP…]      all of them by default, in the order of `readonly STEPS` below
#
# It needs root, Go, Node and Rust, and installs from Debian's packages what else is missing. With RELEASE_DIR the engine is
# kept in that directory, so that the next build takes less; nothing of it runs on, though.
#
# Exit codes: 0 all is well · 1 a step failed · 2 wrong arguments, or not root
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=lib.sh
. tests/release/lib.sh

readonly STEPS="engine bases images mongodb embedded sbom arm64 soak"
readonly here=tests/release

# run STEP: what it is.
run() {
  case $1 in
    engine) "$here/dockerd.sh" up "$RELEASE_DIR" ;;
    bases) "$here/base-images.sh" ;;
    images) "$here/images.sh" ;;
    mongodb | embedded) "$here/compose.sh" "$1" ;;
    sbom) make sbom ;;
    arm64 | soak) "$here/$1.sh" ;;
  esac
}

# needs STEP: the steps without which it makes no sense.
needs() {
  case $1 in
    bases) echo engine ;;
    images) echo engine bases ;;
    mongodb | embedded) echo engine bases images ;;
  esac
}

title() {
  case $1 in
    engine) echo 'a Docker engine of its own' ;;
    bases) echo 'the images to begin with' ;;
    images) echo 'images of server and operator' ;;
    mongodb) echo 'Docker Compose, with MongoDB' ;;
    embedded) echo 'Docker Compose, with the embedded database' ;;
    sbom) echo 'lists of what is in it' ;;
    arm64) echo 'on arm64' ;;
    soak) echo 'a long run' ;;
  esac
}

declare -A outcome
summary=

# check STEP: runs it, and notes how that ended.
check() {
  local step=$1 started=$SECONDS needed
  for needed in $(needs "$step"); do
    if [ "${outcome[$needed]:-}" = failed ] || [ "${outcome[$needed]:-}" = 'not run' ]; then outcome[$step]='not run'; fi
  done
  if [ -z "${outcome[$step]:-}" ]; then
    printf '\n== %s: %s\n' "$step" "$(title "$step")"
    if run "$step"; then outcome[$step]=passed; else outcome[$step]=failed; fi
  fi
  summary+=$(printf '  %-9s %-8s %5s s  %s' "$step" "${outcome[$step]}" $((SECONDS - started)) "$(title "$step")")$'\n'
}

at_the_end() {
  trap '' INT TERM
  "$here/dockerd.sh" down "$RELEASE_DIR" || say 'the engine did not end well'
  if [ -z "$kept" ]; then rm -rf "$RELEASE_DIR"; fi
}

readonly kept=${RELEASE_DIR:-}
steps=${*:-$STEPS}
for step in $steps; do
  if [ -z "$(title "$step")" ]; then
    say "there is no step '$step'; there are: $STEPS"
    exit 2
  fi
done
if [ "$(id -u)" -ne 0 ]; then
  say 'only root can start a Docker engine'
  exit 2
fi

DOCKER_CONFIG=$("$here/tools.sh")
export DOCKER_CONFIG PATH="$DOCKER_CONFIG/bin:$PATH"
RELEASE_DIR=${RELEASE_DIR:-$(mktemp --directory --tmpdir ssm-release.XXXXXX)}
export RELEASE_DIR DOCKER_HOST="unix://$RELEASE_DIR/docker.sock"
mkdir -p "$RELEASE_DIR/logs"
: >"$RELEASE_DIR/facts"
trap at_the_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for step in $steps; do
  # A step that is not there yet is not missing.
  if [[ $step != @(arm64|soak) || -x "$here/$step.sh" ]]; then check "$step"; fi
done

printf '\n== summary\n%s' "$summary"
sed 's/^/  /' "$RELEASE_DIR/facts"
printf '  after %s s\n' "$SECONDS"
[[ $summary != *' failed '* && $summary != *' not run '* ]]
