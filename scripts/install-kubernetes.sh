#!/usr/bin/env bash
# Builds the programs of a Kubernetes cluster with Go, at most once per version, and prints the folder that holds them:
#   scripts/install-kubernetes.sh
# It takes 5 to 10 minutes on two cores, and 500 MB of the cache folder.
set -euo pipefail

readonly module="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/kubernetes"
readonly cache="${XDG_CACHE_HOME:-${HOME:?is not set: set XDG_CACHE_HOME to a folder for the binaries}/.cache}/lbscale"
readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
readonly attempts=5

say() { printf 'install-kubernetes: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 2
}

version=$(sed -n 's|^\tk8s.io/kubernetes v\([0-9.]*\).*|\1|p' "$module/go.mod")
need=$(sed -n 's/^go \([0-9.]*\)$/\1/p' "$module/go.mod")
readonly version need folder="$cache/kubernetes-v$version"

# Without a toolchain that Go would download by itself, and without the caller's flags.
go_tool() { env GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 nice -n 10 go -C "$module" "$@"; }

require_go() {
  local have
  command -v go >/dev/null || fail "Kubernetes $version is built with Go $need or later, which is not installed: see https://go.dev/dl"
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  have=${have#go}
  have=${have%%[-a-z ]*}
  [ "$(printf '%s\n%s\n' "$need" "$have" | sort -V | head -n 1)" = "$need" ] ||
    fail "Kubernetes $version is built with Go $need or later, and this is Go $have: see https://go.dev/dl"
}

# Listing the programs' packages downloads the modules that the build needs, and no others.
download() {
  local attempt pause=2
  for ((attempt = 1; ; attempt++)); do
    go_tool list -deps "${programs[@]/#/k8s.io/kubernetes/cmd/}" >/dev/null && return
    ((attempt < attempts)) || fail "the modules of Kubernetes $version cannot be downloaded: check the network and GOPROXY, then run this again"
    say "download failed, attempt $((attempt + 1)) of $attempts in $pause s"
    sleep "$pause"
    pause=$((pause * 2))
  done
}

# kubectl and the others say their version by themselves, and the API server tells it to everyone.
build() {
  local partial
  mkdir -p "$folder"
  partial=$(mktemp "$folder/$1.XXXXXX")
  # shellcheck disable=SC2064 # the name is known now
  trap "rm -f '$partial'" EXIT
  say "building $1 $version"
  go_tool build -trimpath -buildvcs=false \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version" \
    -o "$partial" "k8s.io/kubernetes/cmd/$1" >&2 ||
    fail "$1 $version cannot be built: see the compiler's messages above"
  chmod 755 "$partial"
  mv "$partial" "$folder/$1"
  trap - EXIT
}

missing=()
for program in "${programs[@]}"; do
  [ -x "$folder/$program" ] || missing+=("$program")
done
if ((${#missing[@]} > 0)); then
  require_go
  download
  for program in "${missing[@]}"; do build "$program"; done
fi
printf '%s\n' "$folder"
