#!/usr/bin/env bash
# settings.sh: what up.sh and down.sh agree on.

# Not under /var or /run: inside the cluster, those are folders of its own.
STATE=/opt/lbscale-cluster
PKI=$STATE/pki
CGROUP=lbscale-cluster
HOST_LINK=lbscale0

NODES=${NODES:-1}
# Of nodes, pods and Services: 4, 6 or dual, where IPv4 is what a Service gets that asks for none.
FAMILY=${FAMILY:-4}

# of_family IPV4 IPV6 [SEPARATOR]: one of them, or both.
of_family() {
  case $FAMILY in
  4) echo "$1" ;;
  6) echo "$2" ;;
  dual) echo "$1${3:-,}$2" ;;
  esac
}

# All pods; each node has 254 addresses of them, or 2^64.
POD_CIDR=$(of_family 10.244.0.0/16 fd00:10:244::/48)
# The largest ranges that a Kubernetes of before 1.31 takes too: 20 bits of addresses.
SERVICE_CIDR=${SERVICE_CIDR:-$(of_family 10.96.0.0/12 fd00:10:96::/108)}
# Every address of the nodes: what Go listens at for both families, or for IPv4 alone.
ANY_ADDRESS=0.0.0.0 ANY_HOST=0.0.0.0
[ "$FAMILY" != 6 ] || ANY_ADDRESS=:: ANY_HOST=[::]
# The first of each, which the API server itself has.
SERVICE_FIRST_IPS=(10.96.0.1 fd00:10:96::1)

PROXY_MODE=${PROXY_MODE:-nftables}
PAUSE_IMAGE=localhost/pause:lbscale

KUBE_APISERVER=${BIN:-}/kube-apiserver
KUBE_CONTROLLER_MANAGER=${BIN:-}/kube-controller-manager
KUBE_SCHEDULER=${BIN:-}/kube-scheduler
KUBELET=${BIN:-}/kubelet
KUBE_PROXY=${KUBE_PROXY:-${BIN:-}/kube-proxy}
ETCD=${ETCD:-/usr/bin/etcd}
CNI_BIN=${CNI_BIN:-/usr/lib/cni}

# Of a node by its number: its name, its addresses, those of the gateway which joins it to the machine or to the first node,
# with their prefix lengths, and the addresses of its pods.
node_name() { if (($1 == 1)); then echo lbscale-node; else echo "lbscale-node-$1"; fi; }
gateway_ips() { of_family "10.213.0.$((4 * ($1 - 1) + 1))" "fd00:10:213:$1::1" ' '; }
node_ips() { of_family "10.213.0.$((4 * ($1 - 1) + 2))" "fd00:10:213:$1::2" ' '; }
pod_ranges() { of_family "10.244.$(($1 - 1)).0/24" "fd00:10:244:$1::/64" ' '; }
# The first of them, and as part of a URL.
node_ip() { node_ips "$1" | cut -d' ' -f1; }
node_host() { case $FAMILY in 6) echo "[$(node_ip "$1")]" ;; *) node_ip "$1" ;; esac; }
is_ipv6() { [[ $1 = *:* ]]; }
# add_addresses DEVICE ADDRESS...: commands of `ip`. Nobody else can have the address, so none is looked for.
add_addresses() {
  local device=$1 address
  shift
  for address in "$@"; do
    if is_ipv6 "$address"; then echo "addr add $address/64 dev $device nodad"; else echo "addr add $address/30 dev $device"; fi
  done
}

# cgroup_roots: where each cgroup hierarchy is mounted.
cgroup_roots() {
  awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts
}
