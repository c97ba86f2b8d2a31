/**
 * What the API server refuses beyond its schema (kubernetes pkg/apis/core/validation: ValidateService;
 * pkg/apis/discovery/validation: ValidateEndpointSlice): better here, by name, than in the middle of a kubectl apply.
 */

import { isDnsLabel, MAX_AFFINITY_SECONDS, oneLine } from "../cluster/checks.js";
import {
  type Cidr,
  CLUSTER_IP,
  type Cluster,
  inCidr,
  isExternalIp,
  LOAD_BALANCER,
  type Network,
} from "../cluster/cluster.js";
import { addressText } from "../cluster/family.js";
import { type Cidr6, inCidr6, parseCidr6 } from "../cluster/ipv6.js";
import { NotRepresentableError } from "../errors.js";

/** A load balancer must not lead to it: "used by kubelet". */
const KUBELET_PORT = 10_250;
/** validateNonSpecialIP: addresses that endpoints and externalIPs must not have. */
const SPECIAL: readonly (readonly [what: string, range: Cidr])[] = [
  ["unspecified", { base: 0, prefixLength: 32 }],
  ["loopback", { base: 0x7f000000, prefixLength: 8 }],
  ["link-local", { base: 0xa9fe0000, prefixLength: 16 }],
  ["link-local multicast", { base: 0xe0000000, prefixLength: 24 }],
];

const SPECIAL_IPV6: readonly (readonly [what: string, range: Cidr6])[] = [
  ["unspecified", parseCidr6("::/128")!],
  ["loopback", parseCidr6("::1/128")!],
  ["link-local", parseCidr6("fe80::/10")!],
  ["link-local multicast", parseCidr6("ff02::/16")!],
];

/** What is special about an address; undefined: nothing. */
function specialOf({ ipv6 }: Network, address: number): string | undefined {
  if (ipv6 === undefined) return SPECIAL.find(([, range]) => inCidr(range, address))?.[0];
  return SPECIAL_IPV6.find(([, range]) => inCidr6(range, ipv6.address(address)))?.[0];
}

/** Throws NotRepresentableError that names Service and field for what the API server would not take. */
export function validateAgainstApiRules(cluster: Cluster): void {
  for (let s = 0; s < cluster.services; s++) refuseService(cluster, s);
}

/** Namespace and name of a service, both labels; the name starts with a letter (RFC 1035). Throws NotRepresentableError. */
export function apiName(cluster: Cluster, s: number): [namespace: string, name: string] {
  const full = cluster.serviceName(s);
  const [namespace, name, ...rest] = full.split("/");
  if (rest.length > 0 || !isDnsLabel(namespace!) || name === undefined || !isDnsLabel(name)) {
    throw new NotRepresentableError(
      `Service ${oneLine(full, 80)}: the API server takes namespace/name of two DNS labels, at most 63 characters each`,
    );
  }
  if (!/^[a-z]/.test(name)) {
    throw new NotRepresentableError(`Service ${full}: the API server takes names that start with a letter`);
  }
  return [namespace!, name];
}

function refuseService(cluster: Cluster, s: number): void {
  const refuse = (field: string, what: string): never => {
    throw new NotRepresentableError(`Service ${apiName(cluster, s).join("/")}: ${field}: ${what}`);
  };
  const [first, end] = [cluster.portStart[s]!, cluster.portStart[s + 1]!];
  const type = cluster.serviceType[s]!;
  if (first === end) refuse("ports", "the API server wants at least one");
  if (cluster.affinitySeconds[s]! > MAX_AFFINITY_SECONDS)
    refuse("sessionAffinityConfig.clientIP.timeoutSeconds", `more than ${MAX_AFFINITY_SECONDS}`);
  if (type !== LOAD_BALANCER && cluster.rangeStart[s] !== cluster.rangeStart[s + 1])
    refuse("loadBalancerSourceRanges", "only a load balancer has them");
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    if (isExternalIp(cluster.externalKind[x]!)) refuseSpecial(cluster.externalAddress[x]!, "externalIPs");
  }
  const names = new Set<string>();
  for (let p = first; p < end; p++) {
    const field = `ports[${p - first}]`;
    const name = cluster.portName(p);
    if (name === "" && end - first > 1) refuse(`${field}.name`, "each of several ports needs one");
    if (names.has(name)) refuse(`${field}.name`, `"${name}" is given twice`);
    names.add(name);
    if (cluster.port[p] === 0) refuse(`${field}.port`, "expected 1 to 65535");
    if (type === CLUSTER_IP && cluster.nodePort[p] !== 0)
      refuse(`${field}.nodePort`, "a Service of type ClusterIP has none");
    if (type === LOAD_BALANCER && cluster.port[p] === KUBELET_PORT)
      refuse(`${field}.port`, `a load balancer must not expose ${KUBELET_PORT}, kubelet's port`);
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++)
      refuseSpecial(cluster.endpointAddress[e]!, `${field}: endpoints`);
  }

  function refuseSpecial(address: number, field: string): void {
    const what = specialOf(cluster.network, address);
    if (what !== undefined) refuse(field, `${addressText(cluster.network, address)} is ${what}`);
  }
}
