# shellcheck shell=bash
# What the scripts share that build programs from Go modules.

readonly HEARTBEAT_SECONDS=20
building=
# What a build makes, until it is moved into place.
unfinished=
# Where `go` works. It would leave that behind when a signal ends it.
scratch=

say() { printf 'tools: %s\n' "$*" >&2; }

clean_up() {
  # With everything that it has started: it is a process group.
  if [ -n "$building" ]; then
    kill -- "-$building" 2>/dev/null || true
    wait "$building" 2>/dev/null || true
  fi
  if [ -n "$scratch" ]; then rm -rf "$scratch"; fi
  if [ -n "$unfinished" ]; then rm -rf "$unfinished"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# watched NAME COMMAND…: builds with a command, says now and then that it still does, and ends the script when it fails.
watched() {
  local name=$1 started=$SECONDS next=$HEARTBEAT_SECONDS
  shift
  scratch=$(mktemp -d)
  # Without the lock that the script may hold.
  set -m
  GOTMPDIR=$scratch "$@" >&2 9>&- </dev/null &
  building=$!
  set +m
  while kill -0 "$building" 2>/dev/null; do
    sleep 1
    if [ $((SECONDS - started)) -ge "$next" ]; then
      say "building $name … $((SECONDS - started)) s"
      next=$((next + HEARTBEAT_SECONDS))
    fi
  done
  if ! wait "$building"; then
    building=
    say "building $name failed"
    exit 1
  fi
  building=
  rm -rf "$scratch"
  scratch=
}
