#!/usr/bin/env bash
# Sees to it that what a cluster of one node needs is there: Debian's packages, where they are missing; and from Go modules,
# once for each version, Kubernetes' programs, CoreDNS and helm.
#
# The last line on stdout are the directories of the programs, separated by colons; everything else goes to stderr.
#
# Exit codes: 0 ready · 1 an installation failed · 3 this machine cannot run a cluster, or Go is missing
set -euo pipefail

say() { printf 'cluster: %s\n' "$*" >&2; }

cd "$(dirname "${BASH_SOURCE[0]}")"
export PATH=$PATH:/usr/sbin:/sbin

# Program or file, and the package that has it.
readonly needed="
containerd containerd
ctr containerd
runc runc
/usr/lib/cni/ptp containernetworking-plugins
ip iproute2
iptables iptables
nft nftables
conntrack conntrack
mount mount
unshare util-linux
setpriv util-linux
sysctl procps
openssl openssl
curl curl
strip binutils
"

# What Debian's packages ask whether they may start a service, and how an answer of ours is known.
readonly policy=/usr/sbin/policy-rc.d ours='By the tests of Simple Secrets Manager, while they install packages.'

# The packages of what is missing.
missing() {
  local program package
  while read -r program package; do
    if [ -n "$program" ] && ! command -v "$program" >/dev/null; then printf '%s\n' "$package"; fi
  done <<<"$needed" | sort -u | tr '\n' ' '
}

if [ "$(id -u)" -ne 0 ]; then
  say 'a node that runs pods needs root: run this as root, on a machine or in a privileged container'
  exit 3
fi
if ! true 2>/dev/null </dev/kmsg; then
  say 'the kubelet ends without /dev/kmsg, which cannot be read here: a container would have to be a privileged one'
  exit 3
fi

packages=$(missing)
if [ -n "$packages" ]; then
  if ! command -v apt-get >/dev/null; then
    say "these packages are missing, under Debian's names: $packages"
    exit 3
  fi
  say "installing $packages"
  # A service that the package would start is none of ours: the cluster starts its own. What a run that was killed left is ours.
  if [ ! -e "$policy" ] || grep -qF "$ours" "$policy"; then
    printf '#!/bin/sh\n# %s\nexit 101\n' "$ours" >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  # shellcheck disable=SC2086 # They are several words.
  ../tools/apt.sh $packages
fi
if [ -e "$policy" ] && grep -qF "$ours" "$policy"; then rm -f "$policy"; fi

if ! unshare --fork --pid --mount-proc --mount --net --propagation private mount -t tmpfs tmpfs /run 2>/dev/null; then
  say 'this machine lets nobody make namespaces and mounts: a container would have to be a privileged one'
  exit 3
fi
if ! unshare --net nft add table ip test 2>/dev/null; then
  say 'the kernel has no nf_tables, with which kube-proxy leads Services to their pods'
  exit 3
fi
# Those of one version, whatever KUBEBUILDER_ASSETS has for the tests without a node.
kubernetes=$(env -u KUBEBUILDER_ASSETS ../tools/build.sh etcd kube-apiserver kube-controller-manager \
  kube-scheduler kube-proxy kubelet kubectl | tail -n 1)
coredns=$(coredns/build.sh | tail -n 1)
helm=$(../tools/helm.sh | tail -n 1)
printf '%s:%s:%s\n' "$kubernetes" "$coredns" "$(dirname "$helm")"
