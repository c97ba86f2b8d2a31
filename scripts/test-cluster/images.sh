#!/usr/bin/env bash
# images.sh: writes the cluster's only image, pause, as an OCI archive into $STATE/images. No base image and no registry is
# needed: a layer is a tar of a folder.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
. "$here/settings.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# image NAME FOLDER ENTRYPOINT: FOLDER becomes the root of image NAME. The user is a number, because `runAsNonRoot` can't
# judge a name.
image() {
  local name=$1 folder=$2 entrypoint=$3 out=$work/oci layer config manifest
  mkdir -p "$out/blobs/sha256"
  archive "$folder" "$work/blob"
  layer=$(put)
  printf '{"architecture":"%s","os":"linux","config":{"User":"65532:65532","Entrypoint":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$entrypoint" "$layer" >"$work/blob"
  config=$(put)
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
    "$(descriptor application/vnd.oci.image.config.v1+json "$config")" \
    "$(descriptor application/vnd.oci.image.layer.v1.tar "$layer")" >"$work/blob"
  manifest=$(put)
  printf '{"imageLayoutVersion":"1.0.0"}' >"$out/oci-layout"
  printf '{"schemaVersion":2,"manifests":[%s]}' \
    "$(descriptor application/vnd.oci.image.manifest.v1+json "$manifest" "$name")" >"$out/index.json"
  archive "$out" "$STATE/images/pause.tar"
}

archive() { tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$2" .; }

# put: move the blob to the name that is its digest, and print the digest.
put() {
  local sum
  sum=$(sha256sum <"$work/blob" | cut -d' ' -f1)
  mv "$work/blob" "$work/oci/blobs/sha256/$sum"
  echo "$sum"
}

# descriptor TYPE DIGEST [NAME]
descriptor() {
  printf '{"mediaType":"%s","digest":"sha256:%s","size":%d' "$1" "$2" "$(stat -c %s "$work/oci/blobs/sha256/$2")"
  [ -z "${3:-}" ] || printf ',"annotations":{"io.containerd.image.name":"%s"}' "$3"
  printf '}'
}

mkdir -p "$work/root" "$STATE/images"
gcc -Os -static -s -o "$work/root/pause" "$here/pause.c"
image "$PAUSE_IMAGE" "$work/root" '["/pause"]'
