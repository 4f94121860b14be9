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
# With cgroup v2 a cgroup has the controllers that the one above hands down, and the kubelet wants all that there are.
hand_down_controllers() {
  local controller
  for controller in $(</sys/fs/cgroup/cgroup.controllers); do
    if ! { printf '+%s' "$controller" >/sys/fs/cgroup/cgroup.subtree_control; } 2>/dev/null; then
      say "the cgroup controller $controller cannot be handed down from /sys/fs/cgroup; the kubelet may want it"
    fi
  done
}
make_cgroup() {
  local made='' dir
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    set -- /sys/fs/cgroup/
    hand_down_controllers
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
