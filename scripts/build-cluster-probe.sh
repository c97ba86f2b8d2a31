#!/usr/bin/env bash
# Builds the cluster lane's program for the architectures of nodes, static, into dist/native/: the package carries them.
# Debian: apt-get install musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross (on arm64: gcc-x86-64-linux-gnu
# libc6-dev-amd64-cross instead of the latter two).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# A ConfigMap holds 1 MiB.
readonly most_bytes=900000

compiler() {
  local name
  for name in "$1-linux-musl-gcc" "$([ "$(uname -m)" = "$1" ] && echo musl-gcc)" "$1-linux-gnu-gcc"; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then
      printf '%s\n' "$name"
      return
    fi
  done
  printf 'build-cluster-probe: no compiler for %s: see the top of scripts/build-cluster-probe.sh\n' "$1" >&2
  exit 2
}

mkdir -p dist/native
for pair in x86_64=amd64 aarch64=arm64; do
  output=dist/native/cluster-probe-${pair#*=}
  gcc=$(compiler "${pair%=*}")
  "$gcc" -Os -static -s -pthread -Wall -Wextra -Werror -o "$output" native/cluster-probe/*.c
  [ "$(stat -c %s "$output")" -le $most_bytes ] ||
    { printf 'build-cluster-probe: %s has more than %s bytes\n' "$output" $most_bytes >&2; exit 1; }
  printf '%s %s bytes, %s\n' "$output" "$(stat -c %s "$output")" "$gcc"
done
