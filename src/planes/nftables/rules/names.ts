/** Names of kube-proxy's nftables chains and sets (pkg/proxy/nftables/proxier.go, hashAndTruncate). */

import { oneLine } from "../../../cluster/checks.js";
import { type Cluster, protocolName } from "../../../cluster/cluster.js";
import { addressText } from "../../../cluster/family.js";
import { NotRepresentableError } from "../../../errors.js";
import { base32Sha256 } from "../../iptables/rules/names.js";

/** nftables allows 256 characters; kube-proxy keeps 16 of them for prefixes such as `endpoint-`. */
const MAX_BASE = 240;

/** What follows `service-`, `local-`, `external-` and `firewall-`: `ULMVA6XW-ns1/svc1/tcp/p80`. */
export function servicePortBase(cluster: Cluster, servicePort: number): string {
  return hashed(plainName(cluster, servicePort));
}

/** What follows `endpoint-` and `affinity-`: `5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80`. */
export function endpointBase(cluster: Cluster, servicePort: number, endpoint: number): string {
  // A chain's name has no colon.
  const address = addressText(cluster.network, cluster.endpointAddress[endpoint]!).replaceAll(":", ".");
  return hashed(`${plainName(cluster, servicePort)}__${address}/${cluster.endpointPort[endpoint]}`);
}

function plainName(cluster: Cluster, servicePort: number): string {
  const service = cluster.serviceName(cluster.service[servicePort]!);
  return `${service}/${protocolName(cluster.protocol[servicePort]!)}/${cluster.portName(servicePort)}`;
}

/**
 * Chains and sets have no quotes that could hold a name (nft's scanner.l, `string`): safe-names.ts refuses others before,
 * and here is where one would get out.
 */
const IDENTIFIER = /^[-\w/.]+$/;

function hashed(name: string): string {
  if (!IDENTIFIER.test(name))
    throw new NotRepresentableError(`"${oneLine(name, 60)}" can't be the name of a chain`);
  const base = `${base32Sha256(name, 8)}-${name}`;
  return base.length > MAX_BASE ? `${base.slice(0, MAX_BASE - 3)}...` : base;
}
