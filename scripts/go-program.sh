# shellcheck shell=bash
# What the scripts share that build a real program with Go into the user's cache folder: sourced by them. A program is
# known by its label for people, the folder of the module that pins it, its package, and the path of its binary.

readonly cache="${XDG_CACHE_HOME:-${HOME:?is not set: set XDG_CACHE_HOME to a folder for the binaries}/.cache}/lbscale"
readonly attempts=5
script=${0##*/}
readonly script=${script%.sh}

say() { printf '%s: %s\n' "$script" "$*" >&2; }
fail() {
  say "$*"
  exit 2
}

# The Go that a module needs, and the version of another module that it pins.
needed_go() { sed -n 's/^go \([0-9.]*\)$/\1/p' "$1/go.mod"; }
pinned_version() { sed -n "s|^\t$2 v\([0-9.]*\).*|\1|p" "$1/go.mod"; }

# Without a toolchain that Go would download by itself, and without the caller's flags.
go_tool() { env GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 nice -n 10 go -C "$1" "${@:2}"; }

require_go() {
  local label=$1 module=$2 have need
  need=$(needed_go "$module")
  command -v go >/dev/null || fail "$label is built with Go $need or later, which is not installed: see https://go.dev/dl"
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  have=${have#go}
  have=${have%%[-a-z ]*}
  [ "$(printf '%s\n%s\n' "$need" "$have" | sort -V | head -n 1)" = "$need" ] ||
    fail "$label is built with Go $need or later, and this is Go $have: see https://go.dev/dl"
}

# Listing the program's packages downloads the modules that the build needs, and no others.
download() {
  local label=$1 module=$2 package=$3 attempt pause=2
  for ((attempt = 1; ; attempt++)); do
    go_tool "$module" list -deps "$package" >/dev/null && return
    ((attempt < attempts)) || fail "the modules of $label cannot be downloaded: check the network and GOPROXY, then run this again"
    say "download of $label failed, attempt $((attempt + 1)) of $attempts in $pause s"
    sleep "$pause"
    pause=$((pause * 2))
  done
}

# build LABEL MODULE PACKAGE PATH LDFLAGS: the path is there when the whole program is.
build() {
  local label=$1 module=$2 package=$3 path=$4 partial
  mkdir -p "$cache"
  partial=$(mktemp "$path.XXXXXX")
  # shellcheck disable=SC2064 # the name is known now
  trap "rm -f '$partial'" EXIT
  download "$label" "$module" "$package"
  say "building $label"
  go_tool "$module" build -trimpath -buildvcs=false -ldflags "$5" -o "$partial" "$package" >&2 ||
    fail "$label cannot be built: see the compiler's messages above"
  chmod 755 "$partial"
  mv "$partial" "$path"
  trap - EXIT
}
