#!/usr/bin/env bash
# up.sh: brings up a real one-node Kubernetes cluster and returns when its node is Ready. down.sh takes it away again. BIN is
# the folder of the Kubernetes programs; PROXY_MODE and SERVICE_CIDR change what settings.sh says.
#
# Every process lives in one set of new namespaces (network, mounts, processes)
# whose process 1 is `up.sh node`. So the machine's own rules, mounts and
# interfaces stay as they are, and killing that one process ends everything.
# What is left outside: one end of a veth pair (it goes with the namespace), one
# cgroup directory per hierarchy, and $STATE.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/settings.sh"

# --- inside the namespaces -------------------------------------------------

node() {
  # Without -n, mount keeps a folder of its own in the machine's /run.
  mount -nt proc proc /proc

  # Mounts made for containers must reach the containers' namespaces; this
  # shares them among this cluster's namespaces only.
  mount -n --make-rshared /

  # A /run and a /var of its own: whatever folder a component likes, it is
  # inside $STATE or gone with the namespace.
  mount -nt tmpfs tmpfs /run
  mkdir -p "$STATE"/var/{lib,log,tmp}
  ln -s /run "$STATE/var/run"
  mount -n --bind "$STATE/var" /var

  # These settings belong to the whole kernel and the kubelet writes them:
  # give it files of its own, which already say what it wants.
  local name file
  for name in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1; do
    file=/run/sysctl.${name//\//.}
    echo "${name#*=}" >"$file"
    mount -n --bind "$file" "/proc/sys/${name%=*}"
  done

  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1

  # The containers' image store and runtime.
  run containerd containerd --config "$STATE/containerd.toml"

  run etcd "$ETCD" --name node --data-dir /var/lib/etcd \
    --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --log-level warn

  run_again kube-apiserver "$KUBE_APISERVER" \
    --advertise-address "$NODE_IP" --secure-port 6443 \
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

  until ctr version >/dev/null 2>&1; do sleep 0.1; done
  local image
  for image in "$STATE"/images/*.tar; do
    ctr -n k8s.io images import "$image"
  done

  # The rest gives up when no API server answers, or retries slowly.
  until api /readyz >/dev/null 2>&1; do sleep 0.2; done

  run kube-controller-manager "$KUBE_CONTROLLER_MANAGER" \
    --kubeconfig "$STATE/controller-manager.kubeconfig" \
    --use-service-account-credentials --leader-elect=false \
    --flex-volume-plugin-dir /var/lib/kubelet/volume-plugins \
    --root-ca-file "$PKI/ca.crt" \
    --service-account-private-key-file "$PKI/service-account.key"
  run kube-scheduler "$KUBE_SCHEDULER" \
    --kubeconfig "$STATE/scheduler.kubeconfig" --leader-elect=false
  run kubelet "$KUBELET" \
    --kubeconfig "$STATE/kubelet.kubeconfig" --config "$STATE/kubelet.yaml" \
    --hostname-override "$NODE_NAME" --node-ip "$NODE_IP"
  run kube-proxy "$KUBE_PROXY" --config "$STATE/kube-proxy.yaml" --hostname-override "$NODE_NAME"

  # Process 1 keeps the namespaces and collects what others leave behind.
  while :; do wait || true; sleep 1; done
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

  mkdir -p "$STATE"/{log,images,cni,pki}
  chmod 700 "$STATE"
  certificates
  configuration
  "$here/images.sh"

  # The kubelet refuses a cgroup root that is not there.
  local cgroup
  for cgroup in $(cgroup_roots); do mkdir -p "$cgroup/$CGROUP"; done

  setsid unshare --net --mount --pid --fork --propagation private \
    "$here/up.sh" node </dev/null >"$STATE/log/node.log" 2>&1 &
  local outer=$!
  until [ -s "$STATE/pid" ]; do
    kill -0 $outer || { cat "$STATE/log/node.log" >&2; exit 1; }
    sleep 0.05
  done

  ip link add "$HOST_LINK" type veth peer name eth0 netns "$(cat "$STATE/pid")"
  ip addr add "$HOST_IP/30" dev "$HOST_LINK"
  ip link set "$HOST_LINK" up
  nsenter --target "$(cat "$STATE/pid")" --net sh -e <<EOF
ip addr add $NODE_IP/30 dev eth0
ip link set eth0 up
# Nothing is routed beyond the machine; a Service's address needs some route
# before the rules see the packet.
ip route add default via $HOST_IP
EOF
  : >"$STATE/linked"

  # A Pod needs its namespace's ServiceAccount, which comes a little later
  # than the node.
  local i
  for ((i = 0; i < 600; i++)); do
    if api "/api/v1/nodes/$NODE_NAME" 2>/dev/null | grep -q '"Ready"' &&
      api /api/v1/namespaces/default/serviceaccounts/default >/dev/null 2>&1; then
      publish_proxy_configuration
      echo "KUBECONFIG=$STATE/admin.kubeconfig"
      return
    fi
    [ -e "/proc/$(cat "$STATE/pid")" ] && [ ! -e "$STATE/ended" ] || break
    sleep 0.2
  done
  echo "the node did not become Ready; ended too early: $(cat "$STATE/ended" 2>/dev/null)" >&2
  tail -n 20 "$STATE"/log/*.log >&2
  exit 1
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
    "https://$NODE_IP:6443$1"
}

certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj /CN=lbscale-cluster -keyout "$PKI/ca.key" -out "$PKI/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/service-account.key"
  certificate apiserver /CN=kube-apiserver \
    "subjectAltName=IP:$NODE_IP,IP:$SERVICE_FIRST_IP,IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  certificate kubelet-client /O=system:masters/CN=kube-apiserver
  certificate admin /O=system:masters/CN=admin
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate kubelet "/O=system:nodes/CN=system:node:$NODE_NAME"
  certificate proxy /CN=system:kube-proxy
  local user
  for user in admin controller-manager scheduler kubelet proxy; do kubeconfig $user; done
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
clusters: [{name: lbscale, cluster: {server: "https://$NODE_IP:6443", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}]
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
  conf_dir = "$STATE/cni"
EOF
  cat >"$STATE/cni/10-bridge.conflist" <<EOF
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "pods0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
EOF
  cat >"$STATE/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
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
  cat >"$STATE/kube-proxy.yaml" <<EOF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: $PROXY_MODE
clusterCIDR: $POD_CIDR
clientConnection: {kubeconfig: $STATE/proxy.kubeconfig}
# So that the API server can ask it for its mode (nodes/proxy).
metricsBindAddress: 0.0.0.0:10249
# The table's size belongs to the whole kernel and can't be set from here.
conntrack: {maxPerCore: 0}
EOF
}

case ${1:-} in
node)
  # The old /proc still names processes as the machine does.
  read -r pid _ </proc/self/stat
  echo "$pid" >"$STATE/pid"
  until [ -e "$STATE/linked" ]; do sleep 0.05; done
  node
  ;;
'') up ;;
*) echo "usage: up.sh" >&2; exit 2 ;;
esac
