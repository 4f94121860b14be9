#!/usr/bin/env bash
# Brings a cluster of one node up, runs a command in it, and ends. run.sh starts it as the first process of namespaces of
# its own, so that with it everything else ends: processes, mounts, network. For the same reason every address, port and path
# is the same each time.
#
#   node.sh COMMAND [ARG…]
#
# Given as environment variables:
#   CLUSTER_BIN      directories with the programs, separated by colons
#   CLUSTER_IMAGES   a directory with image tars, all of which are loaded
#   CLUSTER_LOGS     a directory for logs
#   CLUSTER_CGROUP   the cgroup below which pods are
#
# For the command, CLUSTER names the directory of what runs: NAME.pid of each program, started again whenever it ends.
#
# Exit codes: the command's · 1 the cluster did not come up
set -euo pipefail
umask 022
# Nothing in here goes outside.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly run=/run/cluster node_ip=10.250.0.1 etcd=http://127.0.0.1:2379
readonly api=https://$node_ip:6443
readonly volumes=24
# How long anything is waited for, and an image may take to be loaded.
readonly patience_seconds=180 image_seconds=300

export PATH=$CLUSTER_BIN:$PATH:/usr/sbin:/sbin
export CLUSTER=$run KUBECONFIG=$run/admin.kubeconfig
export CONTAINERD_ADDRESS=$run/containerd.sock CONTAINERD_NAMESPACE=k8s.io
export HELM_CACHE_HOME=$run/helm/cache HELM_CONFIG_HOME=$run/helm/config HELM_DATA_HOME=$run/helm/data

say() { printf 'cluster: %s\n' "$*" >&2; }

# fail WHY: ends, and says what the programs said last: not every machine is there afterwards to be looked at.
fail() {
  say "$1"
  tail -n 5 "$CLUSTER_LOGS"/*.log >&2 || true
  say "the logs are in $CLUSTER_LOGS"
  exit 1
}

# await WHAT COMMAND…: until the command succeeds, once a tenth of a second.
await() {
  local deadline=$((SECONDS + patience_seconds)) what=$1 told=$run/awaited.$BASHPID
  shift
  until timeout 20 "$@" >"$told" 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      fail "waited in vain for $what: $(tail -n 1 "$told")"
    fi
    sleep 0.1
  done
}

# keep NAME COMMAND…: runs it, and again whenever it ends, as the init of a real node does.
keep() {
  local name=$1
  shift
  while :; do
    "$@" >>"$CLUSTER_LOGS/$name.log" 2>&1 </dev/null &
    printf '%s\n' $! >"$run/$name.pid"
    # Without the shell's word on how it ended, which tests see to.
    wait $! 2>/dev/null || true
    sleep 0.5
  done &
}

mounts() {
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p "$run"/{var,var-work,pki,cni,etc,kubelet,volume-plugins,pod-logs,volumes}
  # What runc, CNI and the kubelet write to fixed places stays in here.
  mount -t overlay -o "lowerdir=/var,upperdir=$run/var,workdir=$run/var-work" overlay /var
  # What the kubelet would set for the whole machine is set already, as far as it can see.
  local setting
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    local copy=$run/etc/${setting//\//-}
    printf '%s\n' "${setting#*=}" >"$copy"
    mount --bind "$copy" "/proc/sys/${setting%=*}"
  done
  # For volumes that are seen in both directions.
  mount --make-rshared /
}

network() {
  ip link set lo up
  # The two ends of one cable: an address that is up, whoever else is there.
  ip link add node0 type veth peer name node1
  ip link set node1 up
  ip address add "$node_ip/24" dev node0
  ip link set node0 up
  # kubelet and kube-proxy want a default route. It leads nowhere.
  ip route add default via 10.250.0.254 dev node0
  sysctl -qw net.ipv4.ip_forward=1
  printf 'nameserver %s\n' "$node_ip" >"$run/resolv.conf"
}

# key NAME SUBJECT [SAN]: a key and a certificate of the cluster's own authority.
key() {
  local name=$run/pki/$1
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$name.key" -subj "$2" -out "$name.csr" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA "$run/pki/ca.crt" -CAkey "$run/pki/ca.key" -CAcreateserial -days 30 \
    -extfile <(printf 'extendedKeyUsage=clientAuth,serverAuth\n%s\n' "${3:+subjectAltName=$3}") -out "$name.crt" 2>/dev/null
}

# user FILE NAME UID GROUP: a kubeconfig with a token that the API server knows.
user() {
  local token
  token=$(openssl rand -hex 16)
  printf '%s,%s,%s,"%s"\n' "$token" "$2" "$3" "$4" >>"$run/pki/tokens.csv"
  cat >"$run/$1.kubeconfig" <<K
apiVersion: v1
kind: Config
clusters: [{ name: test, cluster: { server: "$api", certificate-authority: $run/pki/ca.crt } }]
users: [{ name: test, user: { token: $token } }]
contexts: [{ name: test, context: { cluster: test, user: test } }]
current-context: test
K
}

credentials() {
  local pki=$run/pki
  umask 077
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/ca.key" -subj /CN=test-cluster -days 30 \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature -out "$pki/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$pki/accounts.key"
  openssl ec -in "$pki/accounts.key" -pubout -out "$pki/accounts.pub" 2>/dev/null
  local service=kubernetes.default.svc
  key apiserver /CN=kube-apiserver "DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local,IP:$node_ip,IP:10.96.0.1"
  key kubelet-client /O=system:masters/CN=kube-apiserver
  user admin admin 1 system:masters
  user kube-controller-manager system:kube-controller-manager 2 ''
  user kube-scheduler system:kube-scheduler 3 ''
  user kube-proxy system:kube-proxy 4 ''
  user kubelet system:node:node 5 system:nodes
  umask 022
}

control_plane() {
  local pki=$run/pki
  keep etcd etcd --data-dir="$run/etcd" --unsafe-no-fsync --listen-client-urls="$etcd" --advertise-client-urls="$etcd"
  keep kube-apiserver kube-apiserver --etcd-servers="$etcd" \
    --bind-address=0.0.0.0 --advertise-address="$node_ip" --service-cluster-ip-range=10.96.0.0/16 \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --token-auth-file="$pki/tokens.csv" --client-ca-file="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/kubelet-client.crt" --kubelet-client-key="$pki/kubelet-client.key" \
    --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$pki/accounts.pub" --service-account-signing-key-file="$pki/accounts.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true
  keep kube-controller-manager kube-controller-manager --kubeconfig="$run/kube-controller-manager.kubeconfig" \
    --bind-address=127.0.0.1 --leader-elect=false --kube-api-qps=500 --kube-api-burst=500 \
    --service-account-private-key-file="$pki/accounts.key" --root-ca-file="$pki/ca.crt" --use-service-account-credentials=true \
    --cluster-cidr=10.244.0.0/16 --service-cluster-ip-range=10.96.0.0/16 --allocate-node-cidrs=false
  keep kube-scheduler kube-scheduler --kubeconfig="$run/kube-scheduler.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false
}

node() {
  keep kubelet kubelet --config="$here/etc/kubelet.yaml" --kubeconfig="$run/kubelet.kubeconfig" --root-dir="$run/kubelet" \
    --cert-dir="$run/pki" --hostname-override=node --node-ip="$node_ip" --cgroup-root="/$CLUSTER_CGROUP"
  keep kube-proxy kube-proxy --config="$here/etc/kube-proxy.yaml"
  keep coredns coredns -conf "$here/etc/Corefile"
}

# Volumes for claims, since nothing makes any on demand. Each is used once.
make_volumes() {
  local number
  for number in $(seq "$volumes"); do
    mkdir -m 755 "$run/volumes/$number"
    cat <<K
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: local-$number }
spec:
  storageClassName: local
  capacity: { storage: 20Gi }
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  local: { path: $run/volumes/$number }
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [node] }] }] } }
K
  done
}

load_images() {
  await containerd ctr version
  local image
  for image in "$CLUSTER_IMAGES"/*.tar; do
    timeout "$image_seconds" ctr images import "$image" >>"$CLUSTER_LOGS/images.log"
  done
}

up() {
  mounts
  network
  cp "$here/etc/cni.conflist" "$run/cni/10-pods.conflist"
  keep containerd containerd --config "$here/etc/containerd.toml"
  load_images &
  local loading=$!
  credentials
  control_plane
  await 'the API server' kubectl get --raw /readyz
  { cat "$here/etc/objects.yaml"; make_volumes; } | timeout "$patience_seconds" kubectl apply -f - >>"$CLUSTER_LOGS/objects.log"
  # Before the kubelet starts, which looks at mounts once and would later ask in vain about those that an import makes and takes away.
  wait "$loading" || fail 'the images were not loaded'
  node
  await 'the node' kubectl wait --for=condition=Ready node/node --timeout=2s
  await kube-proxy curl -sf http://127.0.0.1:10256/healthz
  await DNS curl -sf http://127.0.0.1:8181/ready
  await 'the default service account' kubectl -n default get serviceaccount default
  say "up after $SECONDS s"
}

trap 'exit 130' INT
trap 'exit 143' TERM
up
# Not in the foreground, where the traps would wait for it.
"$@" <&0 &
status=0
wait $! || status=$?
# What the pods said, for whoever looks for the reason of a failure.
cp -r "$run/pod-logs" "$CLUSTER_LOGS/pods" 2>/dev/null || true
exit "$status"
