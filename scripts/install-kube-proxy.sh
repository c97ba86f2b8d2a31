#!/usr/bin/env bash
# Builds kube-proxy with Go, at most once per version, and prints the path of each binary:
#   scripts/install-kube-proxy.sh [1.34 1.35 1.36 1.37]
# Without a minor version it builds all. Each takes 3 to 4 minutes on two cores, and 80 MB of the cache folder.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here kube_proxies="$here/kube-proxy"
# shellcheck source=scripts/go-program.sh
source "$here/go-program.sh"

known() { (cd -- "$kube_proxies" && dirname -- */go.mod); }
# The module that a minor version is built from names the patch.
version() { pinned_version "$kube_proxies/$1" k8s.io/kubernetes; }
binary() { printf '%s/kube-proxy-v%s\n' "$cache" "$(version "$1")"; }

minors=("$@")
[ $# -gt 0 ] || mapfile -t minors < <(known)
for minor in "${minors[@]}"; do
  known | grep -qxF -- "$minor" || fail "no kube-proxy $minor here: choose from $(known | paste -sd ' ')"
done
for minor in "${minors[@]}"; do
  [ -x "$(binary "$minor")" ] || require_go "kube-proxy $minor" "$kube_proxies/$minor"
done
for minor in "${minors[@]}"; do
  [ -x "$(binary "$minor")" ] ||
    build "kube-proxy $minor" "$kube_proxies/$minor" k8s.io/kubernetes/cmd/kube-proxy "$(binary "$minor")" \
      "-s -w -X k8s.io/component-base/version.gitVersion=v$(version "$minor")"
  binary "$minor"
done
