/** From the service-ports that a node's tables hold back to services. */

import type { EndpointRecord, ServiceRecord } from "../cluster/build.js";
import {
  isDnsLabel,
  isServiceName,
  MAX_ADDRESSES_OF_SERVICE,
  MAX_AFFINITY_SECONDS,
  MAX_ENDPOINTS_OF_PORT,
  MAX_PORTS_OF_SERVICE,
  oneLine,
} from "../cluster/checks.js";
import {
  type Cidr,
  CLUSTER_IP,
  EXTERNAL_AND_INGRESS_IP,
  inCidr,
  isExternalIp,
  isIngressIp,
  LOAD_BALANCER,
  type Network,
  NODE_PORT,
  protocolName,
} from "../cluster/cluster.js";
import { addressText } from "../cluster/family.js";
import { STAND_IN } from "../cluster/infer-network.js";
import { InvalidInputError } from "../errors.js";

/** Gives a stand-in to service-ports that need one; returns how many did. */
export function addStandIns(ports: Iterable<FoundPort>): number {
  let added = 0;
  for (const port of ports) {
    if (!port.internalLocal || port.endpoints.length > 0) continue;
    port.endpoints.push({ address: STAND_IN, port: port.port, local: false });
    added++;
  }
  return added;
}

/**
 * Takes load balancers' own addresses out of their source ranges: kube-proxy adds them where the ranges hold this node's
 * address, which reaches them from there. Where no address of the node is known they stay, as the rules have them.
 */
export function withoutOwnAddresses(ports: Iterable<FoundPort>, nodeAddresses: readonly number[]): void {
  const [node] = nodeAddresses;
  if (node === undefined) return;
  for (const port of ports) {
    const own = [...port.externals].filter(([, kind]) => isIngressIp(kind)).map(([address]) => address);
    const others = port.ranges.filter(({ base, prefixLength }) => prefixLength !== 32 || !own.includes(base));
    if (others.some((range) => inCidr(range, node))) port.ranges = others;
  }
}

/** A service-port as found. */
export interface FoundPort {
  /** `namespace/name`; undefined where the tables hold no names. */
  service: string | undefined;
  portName: string;
  protocol: number;
  port: number;
  clusterIp: number | undefined;
  nodePort: number;
  /** Of its service; 0 = none. */
  healthCheckNodePort: number;
  /** Address → its `externalKind`. */
  externals: Map<number, number>;
  ranges: Cidr[];
  affinitySeconds: number;
  internalLocal: boolean;
  externalLocal: boolean;
  endpoints: EndpointRecord[];
}

/** A service-port of which nothing is known yet. */
export function emptyPort(protocol: number, port: number): FoundPort {
  return {
    service: undefined,
    portName: "",
    protocol,
    port,
    clusterIp: undefined,
    nodePort: 0,
    healthCheckNodePort: 0,
    externals: new Map(),
    ranges: [],
    affinitySeconds: 0,
    internalLocal: false,
    externalLocal: false,
    endpoints: [],
  };
}

/** Notes that an address of a service-port is of a kind, perhaps in addition to the other. */
export function noteExternal({ externals }: FoundPort, address: number, kind: number): void {
  const known = externals.get(address);
  externals.set(address, known === undefined || known === kind ? kind : EXTERNAL_AND_INGRESS_IP);
}

/** `namespace/name:port` as service and port, or undefined when Kubernetes would not allow the names. */
export function parsePortName(text: string): { service: string; portName: string } | undefined {
  const colon = text.indexOf(":");
  const service = colon < 0 ? text : text.slice(0, colon);
  const portName = colon < 0 ? "" : text.slice(colon + 1);
  if (!isServiceName(service) || (portName !== "" && !isDnsLabel(portName))) return undefined;
  return { service, portName };
}

export interface Assembled {
  readonly records: ServiceRecord[];
  /** The ports in the order of the cluster's service-ports. */
  readonly ports: FoundPort[];
  /** Services named after their address, because the tables hold no name. */
  readonly unnamed: number;
  /** Service-ports left out because no cluster IP leads to them. */
  readonly withoutAddress: number;
}

/** Groups service-ports by service, in the order they were found. Throws InvalidInputError that names the service. */
export function assemble(found: Iterable<FoundPort>, network: Pick<Network, "ipv6"> = {}): Assembled {
  const services = new Map<string, FoundPort[]>();
  let withoutAddress = 0;
  let unnamed = 0;
  for (const port of found) {
    if (port.clusterIp === undefined) {
      withoutAddress++;
      continue;
    }
    const name =
      port.service ?? `unnamed/ip-${addressText(network, port.clusterIp).replaceAll(/[.:]+/g, "-")}`;
    // Without names, ports of one service are told apart by their numbers.
    if (port.service === undefined) port.portName = `${protocolName(port.protocol)}-${port.port}`;
    const ports = services.get(name);
    if (ports) ports.push(port);
    else {
      services.set(name, [port]);
      if (port.service === undefined) unnamed++;
    }
  }
  const records = [...services].map(([name, ports]) => recordOf(name, ports, network));
  return { records, ports: [...services.values()].flat(), unnamed, withoutAddress };
}

/** Only a single port may go without a name; where the source says none, its number is one. */
function nameUnnamed(ports: readonly FoundPort[]): void {
  if (ports.length < 2) return;
  for (const port of ports) {
    if (port.portName === "") port.portName = `${protocolName(port.protocol)}-${port.port}`;
  }
}

function recordOf(name: string, ports: readonly FoundPort[], network: Pick<Network, "ipv6">): ServiceRecord {
  nameUnnamed(ports);
  const [first] = ports;
  const other = ports.find(({ clusterIp }) => clusterIp !== first!.clusterIp);
  if (other) {
    throw new InvalidInputError(
      `Service ${oneLine(name)}: two cluster IPs, ${addressText(network, first!.clusterIp!)} and ${addressText(network, other.clusterIp!)}: give one node's tables`,
    );
  }
  const externals = new Map(ports.flatMap((port) => [...port.externals]));
  const affinitySeconds = ports.reduce((most, port) => Math.max(most, port.affinitySeconds), 0);
  const listed = (isListed: (kind: number) => boolean) =>
    [...externals].filter(([, kind]) => isListed(kind)).map(([address]) => address);
  const ranges = new Map(
    ports.flatMap((port) => port.ranges).map((cidr) => [`${cidr.base}/${cidr.prefixLength}`, cidr]),
  );
  refuseExcess(name, [
    ["ports", ports.length, MAX_PORTS_OF_SERVICE],
    ["external addresses", externals.size, MAX_ADDRESSES_OF_SERVICE],
    ["source ranges", ranges.size, MAX_ADDRESSES_OF_SERVICE],
    [
      "endpoints of a port",
      ports.reduce((most, port) => Math.max(most, port.endpoints.length), 0),
      MAX_ENDPOINTS_OF_PORT,
    ],
    ["seconds of affinity", affinitySeconds, MAX_AFFINITY_SECONDS],
  ]);
  const hasIngress = [...externals.values()].some(isIngressIp);
  const hasNodePort = ports.some(({ nodePort }) => nodePort !== 0);
  return {
    name,
    clusterIp: first!.clusterIp!,
    type: hasIngress ? LOAD_BALANCER : hasNodePort ? NODE_PORT : CLUSTER_IP,
    affinitySeconds,
    internalLocal: ports.some(({ internalLocal }) => internalLocal),
    externalLocal: ports.some(({ externalLocal }) => externalLocal),
    healthCheckNodePort: ports.find((port) => port.healthCheckNodePort !== 0)?.healthCheckNodePort ?? 0,
    externalIps: listed(isExternalIp),
    ingressIps: listed(isIngressIp),
    sourceRanges: [...ranges.values()],
    ports: ports.map(({ portName, protocol, port, nodePort, endpoints }) => ({
      name: portName,
      protocol,
      port,
      nodePort,
      endpoints,
    })),
  };
}

function refuseExcess(
  name: string,
  counts: readonly (readonly [what: string, count: number, most: number])[],
): void {
  for (const [what, count, most] of counts) {
    if (count > most)
      throw new InvalidInputError(
        `Service ${oneLine(name)}: ${count} ${what}, more than the ${most} that are allowed`,
      );
  }
}
