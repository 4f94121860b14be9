#!/usr/bin/env bash
# Runs a command beside a cluster of one node that runs pods, and nothing of which is left afterwards, however it ends.
#
#   run.sh COMMAND [ARG…]        `run.sh bash` to look around; kubectl, helm and ctr are there and know the cluster
#
# IMAGES is a directory with image tars that the node is to have. LOGS is a directory for logs, which is emptied.
# It needs root, and the right to make namespaces and mounts, as a virtual machine or a privileged container gives it.
#
# Exit codes: the command's · 1 the cluster did not come up · 3 this machine cannot run it
set -euo pipefail

say() { printf 'cluster: %s\n' "$*" >&2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
: "${IMAGES:?a directory with image tars}" "${LOGS:?a directory for logs}"
if [ $# -eq 0 ]; then
  say 'which command?'
  exit 1
fi

programs=$("$here/install.sh" | tail -n 1)
readonly programs
rm -rf "$LOGS"
mkdir -p "$LOGS"

# Cgroups are the one thing that no namespace takes along. A name tells whose they are.
readonly cgroup=ssm-cluster-$$
sweep() {
  local dir owner
  for dir in /sys/fs/cgroup/ssm-cluster-* /sys/fs/cgroup/*/ssm-cluster-*; do
    owner=${dir##*-}
    if [ -d "$dir" ] && { [ "$owner" = $$ ] || [ ! -d "/proc/$owner" ]; }; then
      find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
    fi
  done
}
# With cgroup v2 a cgroup has the controllers that the one above hands down. Those that this run hands down, and takes back in the
# end:
handed_down=()
# write_control ROOT TEXT
write_control() { { printf '%s' "$2" >"$1/cgroup.subtree_control"; } 2>/dev/null; }
# hand_down ROOT: what the kubelet needs, and what else it uses where the kernel has it.
hand_down() {
  local controller wanted=() missing=()
  for controller in cpu cpuset memory pids hugetlb; do
    case $controller in
      cpuset | hugetlb) grep -qw "$controller" "$1/cgroup.controllers" || continue ;;
    esac
    if ! grep -qw "$controller" "$1/cgroup.subtree_control"; then wanted+=("$controller"); fi
  done
  if [ "${#wanted[@]}" -eq 0 ]; then return; fi
  # A write does it for all or for none.
  if write_control "$1" "${wanted[*]/#/+}"; then
    handed_down=("${wanted[@]}")
  else
    for controller in "${wanted[@]}"; do
      if write_control "$1" "+$controller"; then handed_down+=("$controller"); fi
    done
  fi
  for controller in "${wanted[@]}"; do
    if ! grep -qw "$controller" "$1/cgroup.subtree_control"; then missing+=("$controller"); fi
  done
  if [ "${#missing[@]}" -ne 0 ]; then
    say "the kubelet needs cgroup controllers that $1 does not hand down: ${missing[*]}"
    exit 3
  fi
}
# take_back ROOT: one by one, since somebody else may use one by now.
# shellcheck disable=SC2317 # The trap calls it.
take_back() {
  local controller
  for controller in "${handed_down[@]}"; do write_control "$1" "-$controller" || true; done
}
make_cgroup() {
  local made='' dir
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    set -- /sys/fs/cgroup/
    hand_down /sys/fs/cgroup
  else
    set -- /sys/fs/cgroup/*/
  fi
  for dir; do if mkdir "$dir$cgroup" 2>/dev/null; then made=yes; fi; done
  if [ -z "$made" ]; then
    say 'nobody may make a cgroup below /sys/fs/cgroup here: a container would have to be a privileged one'
    exit 3
  fi
}

node=
# shellcheck disable=SC2317 # The trap calls it.
end() {
  if [ -n "$node" ]; then
    kill -KILL "$node" 2>/dev/null || true
    wait "$node" 2>/dev/null || true
  fi
  # The last of the processes may take a moment to go.
  local tries=0
  while [ "$tries" -lt 10 ]; do
    tries=$((tries + 1))
    sweep
    compgen -G "/sys/fs/cgroup/$cgroup" >/dev/null || compgen -G "/sys/fs/cgroup/*/$cgroup" >/dev/null || break
    sleep 0.2
  done
  take_back /sys/fs/cgroup
}
sweep
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
make_cgroup

# With this shell goes `unshare`, and with that the first process of the namespaces, and so all of them.
CLUSTER_BIN=$programs CLUSTER_IMAGES=$(realpath "$IMAGES") CLUSTER_LOGS=$(realpath "$LOGS") CLUSTER_CGROUP=$cgroup \
  setpriv --pdeathsig KILL unshare --fork --kill-child --pid --mount-proc --mount --net --propagation private \
  "$here/node.sh" "$@" <&0 &
node=$!
status=0
wait "$node" || status=$?
node=
exit "$status"
