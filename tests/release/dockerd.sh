#!/usr/bin/env bash
# Starts a Docker engine of its own, and ends it: `dockerd.sh up DIR`, `dockerd.sh down DIR`. Everything that it has lies in DIR, and it
# changes no rule of the machine's firewall: what it runs is reached at ports of this machine, and reaches nothing outside.
#
# It needs root. Exit codes: 0 done · 1 it did not start, or not end · 2 wrong arguments · 3 there is no dockerd
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ $# -ne 2 ]; then
  say "dockerd.sh up|down DIR"
  exit 2
fi
readonly dir=$2
export DOCKER_HOST="unix://$dir/docker.sock"

answers() { docker version >/dev/null 2>&1; }

# engine: the process of the engine. A file that was left behind may name any process, so the arguments tell.
engine() {
  local pid
  pid=$(cat "$dir/docker.pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep --quiet --line-regexp --fixed-strings -- "$dir/docker.pid" || return 1
  printf '%s\n' "$pid"
}

is_running() { engine >/dev/null; }

up() {
  local flags=(--host "$DOCKER_HOST" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/docker.pid"
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
    --default-ulimit nofile=20000:20000)
  if ! command -v dockerd >/dev/null; then
    say "there is no dockerd; on Debian: apt-get install docker.io"
    exit 3
  fi
  # Root may lack the right to lower it, which is what the engine would do by itself.
  if dockerd --help | grep --quiet -- --oom-score-adjust; then flags+=(--oom-score-adjust=0); fi
  mkdir -p "$dir/logs"
  # One that an earlier run had to leave ends first.
  down
  rm -f "$dir/docker.pid"
  setsid dockerd "${flags[@]}" >"$dir/logs/dockerd.log" 2>&1 </dev/null &
  if ! (until_it_succeeds 60 'dockerd does not answer' answers); then
    tail --lines=20 "$dir/logs/dockerd.log" >&2
    exit 1
  fi
}

has_ended() { ! is_running; }

down() {
  local mounted
  if is_running; then
    if answers; then
      docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
      docker network prune --force >/dev/null
    fi
    kill "$(engine)"
    until_it_succeeds 60 'dockerd does not end' has_ended
  fi
  # What it leaves mounted would keep its directory from being removed.
  while read -r mounted; do umount "$mounted"; done < <(
    awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort --reverse
  )
}

case $1 in
  up) up ;;
  down) down ;;
  *)
    say "dockerd.sh up|down DIR"
    exit 2
    ;;
esac
