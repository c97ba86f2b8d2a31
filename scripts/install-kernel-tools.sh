#!/usr/bin/env bash
# Installs what the kernel lane uses, on Debian and Ubuntu: sudo scripts/install-kernel-tools.sh
set -euo pipefail

packages=(
  iptables nftables ipvsadm ipset nfacct conntrack iproute2 kmod procps # rules and namespaces
  gcc libc6-dev clang llvm libbpf-dev bpftool strace                    # the probe and the BPF programs
  musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross                # the probe of the cluster lane
  user-mode-linux                                                       # IPVS, where this kernel has none
)
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
