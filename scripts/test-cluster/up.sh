#!/usr/bin/env bash
# up.sh: brings up a real Kubernetes cluster and returns when its nodes are Ready. down.sh takes it away again. BIN is the
# folder of the Kubernetes programs; PROXY_MODE, SERVICE_CIDR, NODES and FAMILY change what settings.sh says.
#
# Every process lives in one set of new namespaces (network, mounts, processes)
# whose process 1 is `up.sh node 1`. So the machine's own rules, mounts and
# interfaces stay as they are, and killing that one process ends everything.
# The first node has the control plane. Every other node is a set of namespaces
# within the first's, with a container runtime, a kubelet and a kube-proxy of its
# own; the first node routes between them, over veth pairs.
# What is left outside: one end of a veth pair (it goes with the namespace), one
# cgroup directory per hierarchy, and $STATE. While it is up, the machine's idle
# CPUs poll: see keep_awake.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/settings.sh"

# --- inside the namespaces -------------------------------------------------

node() {
  local index=$1
  # Without -n, mount keeps a folder of its own in the machine's /run.
  mount -nt proc proc /proc

  # Mounts made for containers must reach the containers' namespaces; this
  # shares them among this cluster's namespaces only.
  mount -n --make-rshared /

  # A /run and a /var of its own: whatever folder a component likes, it is
  # inside $STATE or gone with the namespace.
  mount -nt tmpfs tmpfs /run
  local var=$STATE/var-$index
  mkdir -p "$var"/{lib,log,tmp}
  ln -s /run "$var/run"
  mount -n --bind "$var" /var

  # These settings belong to the whole kernel and the kubelet writes them:
  # give it files of its own, which already say what it wants.
  local name file
  for name in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1; do
    file=/run/sysctl.${name//\//.}
    echo "${name#*=}" >"$file"
    mount -n --bind "$file" "/proc/sys/${name%=*}"
  done

  ((index > 1)) || keep_awake

  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
  # Without looking for others of the same address, which takes a second for each pod.
  [ "$FAMILY" = 4 ] || sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.all.forwarding=1 \
    net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.bridge.bridge-nf-call-ip6tables=1

  mkdir /run/cni
  pod_network "$index" >/run/cni/10-bridge.conflist

  # The containers' image store and runtime.
  run "containerd-$index" containerd --config "$STATE/containerd.toml"

  if ((index == 1)); then
    api_server
    local other
    for ((other = 2; other <= NODES; other++)); do add_node "$other"; done
  fi

  until ctr version >/dev/null 2>&1; do sleep 0.1; done
  local image
  for image in "$STATE"/images/*.tar; do
    ctr -n k8s.io images import "$image"
  done

  # The rest gives up when no API server answers, or retries slowly.
  until api /readyz >/dev/null 2>&1; do sleep 0.2; done

  ((index > 1)) || controllers
  run "kubelet-$index" "$KUBELET" \
    --kubeconfig "$STATE/kubelet-$index.kubeconfig" --config "$STATE/kubelet-$index.yaml" \
    --hostname-override "$(node_name "$index")" --node-ip "$(node_ips "$index" | tr ' ' ,)"
  run "kube-proxy-$index" "$KUBE_PROXY" --config "$STATE/kube-proxy.yaml" --hostname-override "$(node_name "$index")"

  # Process 1 keeps the namespaces and collects what others leave behind.
  while :; do wait || true; sleep 1; done
}

# keep_awake: idle CPUs poll for as long as the cluster is up. Where they sleep, a packet that wakes one waits longer, and how
# often it does depends on whatever else runs: percentiles of connections differ more from minute to minute. It holds for the
# whole kernel and goes with the process that has the file open (Documentation/power/pm_qos_interface.rst). Machines without
# states of idle CPUs have no such file, and a container may not open it.
keep_awake() {
  [ -e /dev/cpu_dma_latency ] || return 0
  # The longest wake-up that is tolerated, in microseconds: four bytes, as the kernel has integers.
  { printf '\0\0\0\0' && exec sleep infinity; } >/dev/cpu_dma_latency &
}

api_server() {
  run etcd "$ETCD" --name node --data-dir /var/lib/etcd \
    --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --log-level warn

  run_again kube-apiserver "$KUBE_APISERVER" \
    --advertise-address "$(node_ip 1)" --bind-address "$ANY_ADDRESS" --secure-port 6443 \
    --etcd-servers http://127.0.0.1:2379 \
    --service-cluster-ip-range "$SERVICE_CIDR" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --client-ca-file "$PKI/ca.crt" \
    --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
    --kubelet-client-certificate "$PKI/kubelet-client.crt" --kubelet-client-key "$PKI/kubelet-client.key" \
    --kubelet-preferred-address-types InternalIP \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$PKI/service-account.key" \
    --service-account-signing-key-file "$PKI/service-account.key"
}

controllers() {
  run kube-controller-manager "$KUBE_CONTROLLER_MANAGER" \
    --kubeconfig "$STATE/controller-manager.kubeconfig" \
    --use-service-account-credentials --leader-elect=false \
    --flex-volume-plugin-dir /var/lib/kubelet/volume-plugins \
    --root-ca-file "$PKI/ca.crt" \
    --service-account-private-key-file "$PKI/service-account.key"
  run kube-scheduler "$KUBE_SCHEDULER" \
    --kubeconfig "$STATE/scheduler.kubeconfig" --leader-elect=false
}

# add_node INDEX: another node, joined to the first: its pods' addresses lie behind its own.
add_node() {
  local pid
  unshare --net --mount --pid --fork --propagation private "$here/up.sh" node "$1" &
  until [ -s "$STATE/pid-$1" ]; do sleep 0.05; done
  pid=$(cat "$STATE/pid-$1")
  ip link add "node$1" type veth peer name eth0 netns "$pid"
  raise "node$1" "$1"
  local ranges nexts i
  read -ra ranges <<<"$(pod_ranges "$1")"
  read -ra nexts <<<"$(node_ips "$1")"
  for i in "${!ranges[@]}"; do ip route add "${ranges[i]}" via "${nexts[i]}"; done
  link_node "$1" "$pid"
}

# link_node INDEX PID: the node's end of its veth pair. Nothing is routed beyond the machine; a Service's address needs some
# route before the rules see the packet.
link_node() {
  local gateway
  {
    # shellcheck disable=SC2046 # one word each
    add_addresses eth0 $(node_ips "$1")
    echo "link set eth0 up"
    for gateway in $(gateway_ips "$1"); do echo "route add default via $gateway"; done
  } | nsenter --target "$2" --net ip -batch -
  : >"$STATE/linked-$1"
}

# raise DEVICE INDEX: the gateway's end of a node's veth pair.
raise() {
  # shellcheck disable=SC2046 # one word each
  add_addresses "$1" $(gateway_ips "$2") | ip -batch -
  ip link set "$1" up
}

# run NAME COMMAND...: start a component, its output in a log of its own. None
# ends while all is well; where one does, up.sh need not wait for its deadline.
run() {
  local name=$1
  shift
  {
    "$@" >"$STATE/log/$name.log" 2>&1 || true
    echo "$name" >>"$STATE/ended"
  } &
}

# run_again NAME COMMAND...: the same, started again after a kill: that is how a test restarts the API server.
run_again() {
  local name=$1 status
  shift
  {
    while status=0; "$@" >>"$STATE/log/$name.log" 2>&1 || status=$?; ((status > 128)); do :; done
    echo "$name" >>"$STATE/ended"
  } &
}

# --- outside ---------------------------------------------------------------

up() {
  [ ! -e "$STATE" ] || { echo "test-cluster: $STATE exists: a cluster is up, or one was not taken down: scripts/test-cluster.sh down" >&2; exit 2; }
  local program
  for program in "$ETCD" "$KUBE_APISERVER" "$KUBE_CONTROLLER_MANAGER" "$KUBE_SCHEDULER" \
    "$KUBELET" "$KUBE_PROXY" containerd ctr runc "$CNI_BIN/bridge" "$CNI_BIN/host-local" \
    iptables nft conntrack openssl curl gcc ip unshare; do
    command -v "$program" >/dev/null || { echo "test-cluster: $program is missing: scripts/test-cluster.sh tools installs it" >&2; exit 2; }
  done

  mkdir -p "$STATE"/{log,images,pki}
  chmod 700 "$STATE"
  certificates
  configuration
  "$here/images.sh"

  # The kubelet refuses a cgroup root that is not there, and removes pods that it does not know from its own.
  local cgroup index
  for cgroup in $(cgroup_roots); do
    for ((index = 1; index <= NODES; index++)); do mkdir -p "$cgroup/$CGROUP-$index"; done
  done

  setsid unshare --net --mount --pid --fork --propagation private \
    "$here/up.sh" node 1 </dev/null >"$STATE/log/node.log" 2>&1 &
  local outer=$!
  until [ -s "$STATE/pid-1" ]; do
    kill -0 $outer || { cat "$STATE/log/node.log" >&2; exit 1; }
    sleep 0.05
  done

  local first
  first=$(cat "$STATE/pid-1")
  ip link add "$HOST_LINK" type veth peer name eth0 netns "$first"
  raise "$HOST_LINK" 1
  link_node 1 "$first"

  # A Pod needs its namespace's ServiceAccount, which comes a little later
  # than the node.
  local i
  for ((i = 0; i < 600; i++)); do
    if are_ready && api /api/v1/namespaces/default/serviceaccounts/default >/dev/null 2>&1; then
      publish_proxy_configuration
      echo "KUBECONFIG=$STATE/admin.kubeconfig"
      return
    fi
    [ -e "/proc/$first" ] && [ ! -e "$STATE/ended" ] || break
    sleep 0.2
  done
  echo "a node did not become Ready; ended too early: $(cat "$STATE/ended" 2>/dev/null)" >&2
  tail -n 20 "$STATE"/log/*.log >&2
  exit 1
}

are_ready() {
  local index
  for ((index = 1; index <= NODES; index++)); do
    api "/api/v1/nodes/$(node_name "$index")" 2>/dev/null | grep -q '"Ready"' || return 1
  done
  # The node controller takes the taint of a node that is not ready away a little after the kubelet calls it Ready.
  [ -z "$("$BIN/kubectl" --kubeconfig "$STATE/admin.kubeconfig" get nodes -o 'jsonpath={.items[*].spec.taints}')" ]
}

# publish_proxy_configuration: as kubeadm does, so that whoever may read kube-system sees how kube-proxy was started.
publish_proxy_configuration() {
  "$BIN/kubectl" --kubeconfig "$STATE/admin.kubeconfig" -n kube-system create configmap kube-proxy \
    --from-file="config.conf=$STATE/kube-proxy.yaml" >"$STATE/log/kubectl.log"
}

# api PATH: ask the API server as administrator. The table form has the same
# STATUS column as kubectl.
api() {
  curl -fsS -m 5 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" \
    -H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json' \
    -g "https://$(node_host 1):6443$1"
}

certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj /CN=lbscale-cluster -keyout "$PKI/ca.key" -out "$PKI/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/service-account.key"
  certificate apiserver /CN=kube-apiserver \
    "subjectAltName=IP:$(node_ip 1)$(printf ',IP:%s' "${SERVICE_FIRST_IPS[@]}"),IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  certificate kubelet-client /O=system:masters/CN=kube-apiserver
  certificate admin /O=system:masters/CN=admin
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate proxy /CN=system:kube-proxy
  local user index
  for user in admin controller-manager scheduler proxy; do kubeconfig $user; done
  for ((index = 1; index <= NODES; index++)); do
    certificate "kubelet-$index" "/O=system:nodes/CN=system:node:$(node_name "$index")"
    kubeconfig "kubelet-$index"
  done
}

certificate() {
  openssl req -x509 -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj "$2" -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth,clientAuth ${3:+-addext "$3"} \
    -keyout "$PKI/$1.key" -out "$PKI/$1.crt" 2>/dev/null
}

kubeconfig() {
  cat >"$STATE/$1.kubeconfig" <<EOF
apiVersion: v1
kind: Config
clusters: [{name: lbscale, cluster: {server: "https://$(node_host 1):6443", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$PKI/$1.crt"), client-key-data: $(base64 -w0 "$PKI/$1.key")}}]
contexts: [{name: lbscale, context: {cluster: lbscale, user: $1}}]
current-context: lbscale
EOF
}

configuration() {
  cat >"$STATE/containerd.toml" <<EOF
version = 2
# It would make /opt/containerd.
disabled_plugins = ["io.containerd.internal.v1.opt"]
[plugins."io.containerd.grpc.v1.cri"]
  # There is no registry to pull it from: it is imported.
  sandbox_image = "$PAUSE_IMAGE"
  # A root without CAP_SYS_RESOURCE can't make a process less likely to be
  # killed than itself; runc would fail with "can't get final child's PID".
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "$CNI_BIN"
  conf_dir = "/run/cni"
EOF
  local index
  for ((index = 1; index <= NODES; index++)); do kubelet_configuration "$index" >"$STATE/kubelet-$index.yaml"; done
  cat >"$STATE/kube-proxy.yaml" <<EOF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: $PROXY_MODE
clusterCIDR: $POD_CIDR
clientConnection: {kubeconfig: $STATE/proxy.kubeconfig}
bindAddress: "$ANY_ADDRESS"
# So that the API server can ask it for its mode (nodes/proxy).
metricsBindAddress: "$ANY_HOST:10249"
# The table's size belongs to the whole kernel and can't be set from here.
conntrack: {maxPerCore: 0}
EOF
}

# kubelet_configuration INDEX
kubelet_configuration() {
  cat <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
address: "$ANY_ADDRESS"
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP-$1
# 1.35 and later refuse cgroup v1 unless told otherwise.
failCgroupV1: false
failSwapOn: false
# By default it is a folder under /usr, which the kubelet makes.
volumePluginDir: /var/lib/kubelet/volume-plugins
# Pods get no cluster DNS: the cluster runs none.
resolvConf: ""
# A full disk of the machine must neither evict Pods nor delete the imported
# images, which cannot be pulled again.
evictionHard: {imagefs.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.inodesFree: 0%}
imageGCHighThresholdPercent: 100
EOF
}

# pod_network INDEX: a bridge for the pods of one node.
pod_network() {
  local ranges routes
  ranges=$(printf '[{"subnet": "%s"}],' $(pod_ranges "$1"))
  routes=$(printf '{"dst": "%s"},' $(of_family 0.0.0.0/0 ::/0 ' '))
  cat <<EOF
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "pods0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [${ranges%,}], "routes": [${routes%,}]}}]}
EOF
}

case ${1:-} in
node)
  # The old /proc still names processes as whoever started the node does.
  read -r pid _ </proc/self/stat
  echo "$pid" >"$STATE/pid-$2"
  until [ -e "$STATE/linked-$2" ]; do sleep 0.05; done
  node "$2"
  ;;
'') up ;;
*) echo "usage: up.sh" >&2; exit 2 ;;
esac
