/** kube-proxy's chain names: a readable prefix and a hash, because iptables allows 28 characters. */

import { createHash } from "node:crypto";
import { type Cluster, protocolName, servicePortName } from "../../../cluster/cluster.js";
import { endpointText } from "../../../cluster/family.js";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** First `length` characters of the Base32 (RFC 4648) of the SHA-256 of `text`. */
export function base32Sha256(text: string, length: number): string {
  let bits = 0;
  let held = 0;
  let encoded = "";
  for (const byte of createHash("sha256").update(text).digest()) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && encoded.length < length) {
      bits -= 5;
      encoded += BASE32[(held >>> bits) & 31];
    }
  }
  return encoded;
}

/** Hash part of `KUBE-{SVC,SVL,EXT,FW}-…` (proxier.go, portProtoHash): `ns/name:port` and the protocol. */
export function servicePortHash(cluster: Cluster, servicePort: number): string {
  return base32Sha256(
    servicePortName(cluster, servicePort) + protocolName(cluster.protocol[servicePort]!),
    16,
  );
}

/** Hash part of `KUBE-SEP-…` (proxier.go, servicePortEndpointChainName): the same string and `ip:port`. */
export function endpointHash(cluster: Cluster, servicePort: number, endpoint: number): string {
  return base32Sha256(
    `${servicePortName(cluster, servicePort)}${protocolName(cluster.protocol[servicePort]!)}${endpointText(cluster, endpoint)}`,
    16,
  );
}
