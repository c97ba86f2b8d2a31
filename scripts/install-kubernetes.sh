#!/usr/bin/env bash
# Builds the programs of a Kubernetes cluster with Go, at most once per version, and prints the folder that holds them:
#   scripts/install-kubernetes.sh
# It takes 5 to 10 minutes on two cores, and 500 MB of the cache folder.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here pinned="$here/kubernetes"
# shellcheck source=scripts/go-program.sh
source "$here/go-program.sh"

readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
version=$(pinned_version "$pinned" k8s.io/kubernetes)
readonly version folder="$cache/kubernetes-v$version"

for program in "${programs[@]}"; do
  [ -x "$folder/$program" ] || require_go "Kubernetes $version" "$pinned"
done
mkdir -p "$folder"
for program in "${programs[@]}"; do
  # kubectl and the others say their version by themselves, and the API server tells it to everyone.
  [ -x "$folder/$program" ] ||
    build "$program $version" "$pinned" "k8s.io/kubernetes/cmd/$program" "$folder/$program" \
      "-s -w -X k8s.io/component-base/version.gitVersion=v$version"
done
printf '%s\n' "$folder"
