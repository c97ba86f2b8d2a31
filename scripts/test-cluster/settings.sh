#!/usr/bin/env bash
# settings.sh: what up.sh and down.sh agree on.

# Not under /var or /run: inside the cluster, those are folders of its own.
STATE=/opt/lbscale-cluster
PKI=$STATE/pki
CGROUP=lbscale-cluster
HOST_LINK=lbscale0

NODE_NAME=lbscale-node
HOST_IP=10.213.0.1
NODE_IP=10.213.0.2
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

# cgroup_roots: where each cgroup hierarchy is mounted.
cgroup_roots() {
  awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts
}
