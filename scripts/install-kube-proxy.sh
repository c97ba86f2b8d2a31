#!/usr/bin/env bash
# Builds kube-proxy with Go, at most once per version, and prints the path of each binary:
#   scripts/install-kube-proxy.sh [1.34 1.35 1.36 1.37]
# Without a minor version it builds all. Each takes 3 to 4 minutes on two cores, and 80 MB of the cache folder.
set -euo pipefail

readonly modules="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/kube-proxy"
readonly cache="${XDG_CACHE_HOME:-${HOME:?is not set: set XDG_CACHE_HOME to a folder for the binaries}/.cache}/lbscale"
readonly program=k8s.io/kubernetes/cmd/kube-proxy
readonly attempts=5

say() { printf 'install-kube-proxy: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 2
}

known() { (cd -- "$modules" && dirname -- */go.mod); }
# The module that a minor version is built from names the patch and the Go that it needs.
version() { sed -n 's|^\tk8s.io/kubernetes v\([0-9.]*\).*|\1|p' "$modules/$1/go.mod"; }
needed_go() { sed -n 's/^go \([0-9.]*\)$/\1/p' "$modules/$1/go.mod"; }
binary() { printf '%s/kube-proxy-v%s\n' "$cache" "$(version "$1")"; }

# Without a toolchain that Go would download by itself, and without the caller's flags.
go_tool() { env GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 nice -n 10 go -C "$modules/$1" "${@:2}"; }

require_go() {
  local have need
  need=$(needed_go "$1")
  command -v go >/dev/null || fail "kube-proxy $1 is built with Go $need or later, which is not installed: see https://go.dev/dl"
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  have=${have#go}
  have=${have%%[-a-z ]*}
  [ "$(printf '%s\n%s\n' "$need" "$have" | sort -V | head -n 1)" = "$need" ] ||
    fail "kube-proxy $1 is built with Go $need or later, and this is Go $have: see https://go.dev/dl"
}

# Listing the program's packages downloads the modules that the build needs, and no others.
download() {
  local attempt pause=2
  for ((attempt = 1; ; attempt++)); do
    go_tool "$1" list -deps "$program" >/dev/null && return
    ((attempt < attempts)) || fail "the modules of kube-proxy $1 cannot be downloaded: check the network and GOPROXY, then run this again"
    say "download of kube-proxy $1 failed, attempt $((attempt + 1)) of $attempts in $pause s"
    sleep "$pause"
    pause=$((pause * 2))
  done
}

build() {
  local path partial
  path=$(binary "$1")
  mkdir -p "$cache"
  partial=$(mktemp "$path.XXXXXX")
  # shellcheck disable=SC2064 # the name is known now
  trap "rm -f '$partial'" EXIT
  download "$1"
  say "building kube-proxy $(version "$1")"
  go_tool "$1" build -trimpath -buildvcs=false \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$(version "$1")" -o "$partial" "$program" >&2 ||
    fail "kube-proxy $1 cannot be built: see the compiler's messages above"
  chmod 755 "$partial"
  mv "$partial" "$path"
  trap - EXIT
}

minors=("$@")
[ $# -gt 0 ] || mapfile -t minors < <(known)
for minor in "${minors[@]}"; do
  known | grep -qxF -- "$minor" || fail "no kube-proxy $minor here: choose from $(known | paste -sd ' ')"
done
for minor in "${minors[@]}"; do
  [ -x "$(binary "$minor")" ] || require_go "$minor"
done
for minor in "${minors[@]}"; do
  [ -x "$(binary "$minor")" ] || build "$minor"
  binary "$minor"
done
