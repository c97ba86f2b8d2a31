#!/usr/bin/env bash
# Puts the nft of another Debian release next to this system's and prints its path, for `lbscale run --nft PATH`:
#   scripts/install-nft.sh [SUITE]
# SUITE is trixie by default, whose nft is 1.1.3 where bookworm has 1.0.6. Nothing of the system changes: packages are
# downloaded through apt with folders of its own, from the mirror that this system uses, and unpacked into the user's
# cache folder together with the C library that they need.
set -euo pipefail

readonly suite=${1:-trixie}
readonly cache="${XDG_CACHE_HOME:-${HOME:?is not set: set XDG_CACHE_HOME to a folder for the programs}/.cache}/lbscale"
# cspell:disable
readonly packages=(nftables libnftables1 libnftnl11 libmnl0 libjansson4 libgmp10 libedit2 libbsd0 libmd0 libtinfo6 libxtables12 libc6)

fail() {
  printf 'install-nft: %s\n' "$*" >&2
  exit 2
}
[[ $suite =~ ^[a-z-]+$ ]] || fail "$suite is no name of a Debian release: give one such as trixie"
for tool in apt-get dpkg-deb cc; do
  command -v "$tool" >/dev/null || fail "$tool is not installed: nft is taken from Debian's packages, and cc compiles what starts it"
done
case $(dpkg --print-architecture) in
  amd64) loader=ld-linux-x86-64.so.2 ;;
  arm64) loader=ld-linux-aarch64.so.1 ;;
  *) fail "only amd64 and arm64 have been tried" ;;
esac
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 2>/dev/null | awk '$2 == "Debian" { print $1; exit }')
[ -n "$mirror" ] || fail "this system's apt names no mirror of Debian: run apt-get update first, on Debian"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
chmod 755 "$work"
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" >"$work/sources.list"
apt() {
  (cd -- "$work" && apt-get -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User= "$@") >&2
}
apt update || fail "the packages of $suite can't be listed"
apt download "${packages[@]}" || fail "the packages of $suite can't be downloaded"
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done

libraries=$(dirname -- "$(find "$work/root" -name "$loader" -print -quit)")
nft=$(find "$work/root" -path '*/sbin/nft' -type f -print -quit)
[ -n "$nft" ] || fail "the packages of $suite hold no nft"
version=$("$libraries/$loader" --library-path "$libraries" "$nft" --version) || fail "the nft of $suite does not start here"
version=${version#nftables v}
version=${version%% *}
readonly target="$cache/nft-v$version"
rm -rf -- "$target.new"
mkdir -p "$target.new"
cp -a "$libraries" "$target.new/lib"
cp "$nft" "$target.new/nft.bin"

# A shell would add its own start to each call.
cat >"$work/nft.c" <<'C'
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char self[PATH_MAX], loader[PATH_MAX + 64], libraries[PATH_MAX + 64], program[PATH_MAX + 64];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char **arguments = calloc(argc + 6, sizeof(*arguments));

	if (length < 0 || !arguments)
		return 127;
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(loader, sizeof(loader), "%s/lib/" LOADER, self);
	snprintf(libraries, sizeof(libraries), "%s/lib", self);
	snprintf(program, sizeof(program), "%s/nft.bin", self);
	arguments[0] = loader;
	arguments[1] = "--library-path";
	arguments[2] = libraries;
	arguments[3] = program;
	memcpy(arguments + 4, argv + 1, argc * sizeof(*argv));
	execv(loader, arguments);
	return 127;
}
C
cc -O2 -DLOADER="\"$loader\"" -o "$target.new/nft" "$work/nft.c"
"$target.new/nft" --version >/dev/null || fail "the nft of $suite does not start here"
rm -rf -- "$target"
mv -- "$target.new" "$target"
printf '%s/nft\n' "$target"
