# shellcheck shell=bash
# What the scripts of this directory share. They are run from the root of the project.

say() { printf 'release: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# The version in Cargo.toml, which every crate has.
version() { sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml; }

# fact TEXT…: something for the summary.
fact() {
  say "$*"
  printf '%s\n' "$*" >>"$RELEASE_DIR/facts"
}

# until_it_succeeds SECONDS WHAT COMMAND…: tries a command until it succeeds.
until_it_succeeds() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then fail "in vain: $what"; fi
    sleep 1
  done
}

# logged FILE COMMAND…: runs a command whose output is only of interest when it fails. It is a process group of its own, all of
# which ends when the script is interrupted.
logged() {
  local file="$RELEASE_DIR/logs/$1" started=$SECONDS next=60 pid
  shift
  set -m
  "$@" >"$file" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'end_group "$pid"; exit 130' INT
  trap 'end_group "$pid"; exit 143' TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    if [ $((SECONDS - started)) -ge "$next" ]; then
      say "… $((SECONDS - started)) s"
      next=$((next + 60))
    fi
  done
  trap - INT TERM
  if ! wait "$pid"; then
    tail --lines=60 "$file" >&2
    return 1
  fi
}

# end_group PID: ends a process group, and waits for its leader.
end_group() {
  kill -- "-$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
