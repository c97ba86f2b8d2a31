#!/usr/bin/env bash
# A real Kubernetes cluster on this machine, of one node unless told, for the tests of the cluster lane (Linux, root):
#   scripts/test-cluster.sh up [--mode nftables|iptables] [--nodes 1..9] [--family 4|6|dual] [--service-range CIDR]
#                                                          ends with a line KUBECONFIG=FILE
#   scripts/test-cluster.sh down                           leaves nothing behind, also after `up` failed halfway
#   scripts/test-cluster.sh packages                       installs what it takes from Debian
#   scripts/test-cluster.sh tools                          the same, and builds the rest
# Everything runs in namespaces of its own. Its state is in /opt/lbscale-cluster, its programs are in the cache folder.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here

usage() {
  printf 'usage: test-cluster.sh up [--mode nftables|iptables] [--nodes 1..9] [--family 4|6|dual] [--service-range CIDR] | down | packages | tools\n' >&2
  exit 2
}

readonly command=${1:-}
shift || usage
while (($# > 0)); do
  [ $# -ge 2 ] || usage
  case $command$1 in
  up--mode) export PROXY_MODE=$2 ;;
  up--nodes) export NODES=$2 ;;
  up--family) export FAMILY=$2 ;;
  up--service-range) export SERVICE_CIDR=$2 ;;
  *) usage ;;
  esac
  shift 2
done
case ${PROXY_MODE:-nftables} in nftables | iptables) ;; *) usage ;; esac
case ${NODES:-1} in [1-9]) ;; *) usage ;; esac
case ${FAMILY:-4} in 4 | 6 | dual) ;; *) usage ;; esac

# etcd, containerd, runc and the CNI plugins; the others make certificates and rules.
readonly packages=(etcd-server containerd runc containernetworking-plugins conntrack curl gcc libc6-dev iproute2 iptables nftables openssl)

case $command in
up)
  [ "$(id -u)" = 0 ] || { echo "test-cluster: run it as root: it makes namespaces" >&2; exit 2; }
  BIN=$("$here/install-kubernetes.sh")
  export BIN
  exec "$here/test-cluster/up.sh"
  ;;
down)
  [ "$(id -u)" = 0 ] || { echo "test-cluster: run it as root: it removes namespaces" >&2; exit 2; }
  exec "$here/test-cluster/down.sh"
  ;;
packages | tools)
  # Debian starts a service as it installs it: here it is to run in the cluster's namespaces only.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
  [ "$command" = packages ] || "$here/install-kubernetes.sh"
  ;;
*) usage ;;
esac
