#!/usr/bin/env bash
# settings.sh: what up.sh and down.sh agree on.

# Not under /var or /run: inside the cluster, those are folders of its own.
STATE=/opt/lbscale-cluster
PKI=$STATE/pki
CGROUP=lbscale-cluster
HOST_LINK=lbscale0

NODES=${NODES:-1}
# All pods; each node has 254 addresses of them.
POD_CIDR=10.244.0.0/16
# The largest range the API server takes: 20 bits of addresses.
SERVICE_CIDR=${SERVICE_CIDR:-10.96.0.0/12}
SERVICE_FIRST_IP=10.96.0.1

PROXY_MODE=${PROXY_MODE:-nftables}
PAUSE_IMAGE=localhost/pause:lbscale

KUBE_APISERVER=${BIN:-}/kube-apiserver
KUBE_CONTROLLER_MANAGER=${BIN:-}/kube-controller-manager
KUBE_SCHEDULER=${BIN:-}/kube-scheduler
KUBELET=${BIN:-}/kubelet
KUBE_PROXY=${KUBE_PROXY:-${BIN:-}/kube-proxy}
ETCD=${ETCD:-/usr/bin/etcd}
CNI_BIN=${CNI_BIN:-/usr/lib/cni}

# Of a node by its number: its name, its address, that of the gateway which joins it to the machine or to the first node, and
# the addresses of its pods.
node_name() { if (($1 == 1)); then echo lbscale-node; else echo "lbscale-node-$1"; fi; }
gateway_ip() { echo "10.213.0.$((4 * ($1 - 1) + 1))"; }
node_ip() { echo "10.213.0.$((4 * ($1 - 1) + 2))"; }
pod_range() { echo "10.244.$(($1 - 1)).0/24"; }

# cgroup_roots: where each cgroup hierarchy is mounted.
cgroup_roots() {
  awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts
}
