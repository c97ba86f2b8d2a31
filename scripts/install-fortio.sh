#!/usr/bin/env bash
# Builds fortio, a load generator that scripts/compare-cluster-probes.ts holds the cluster lane's probe against, with Go, at
# most once, and prints the binary's path.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here pinned="$here/fortio"
# shellcheck source=scripts/go-program.sh
source "$here/go-program.sh"

[ $# -eq 0 ] || fail "takes no arguments: which fortio is built says $pinned/go.mod"
version=$(pinned_version "$pinned" fortio.org/fortio)
readonly version binary="$cache/fortio-v$version"
if [ ! -x "$binary" ]; then
  require_go "fortio $version" "$pinned"
  build "fortio $version" "$pinned" fortio.org/fortio "$binary" "-s -w"
fi
printf '%s\n' "$binary"
