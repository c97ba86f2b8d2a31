/** The cluster file: JSON that a person can read, a line a service, and that any program can write. */

import { z } from "zod";
import { UsageError } from "../errors.js";
import { buildCluster, type ServiceRecord } from "./build.js";
import {
  type Cidr,
  type Cluster,
  formatAddress,
  formatCidr,
  INGRESS_IP,
  parseAddress,
  parseCidr,
  protocolName,
  SCTP,
  TCP,
  UDP,
} from "./cluster.js";

const FORMAT = "cluster";
const VERSION = 1;
const PROTOCOLS = { tcp: TCP, udp: UDP, sctp: SCTP } as const;
const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;

/** RFC 1123 names, as the API server checks them: what is not one never gets further than here. */
const LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
export const SERVICE_NAME = new RegExp(`^${LABEL}/[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`);
export const PORT_NAME = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const address = z.string().transform((text, context) => {
  const parsed = parseAddress(text);
  if (parsed === undefined) context.addIssue({ code: "custom", message: "no IPv4 address" });
  return parsed ?? 0;
});
const cidr = z.string().transform((text, context): Cidr => {
  const parsed = parseCidr(text);
  if (parsed === undefined) context.addIssue({ code: "custom", message: "no IPv4 range" });
  return parsed ?? { base: 0, prefixLength: 32 };
});
const port = z.number().int().min(1).max(65535);

const service = z.object({
  name: z.string().regex(SERVICE_NAME, "no namespace/name of Kubernetes"),
  clusterIp: address,
  type: z.enum(TYPES).default("ClusterIP"),
  affinitySeconds: z.number().int().min(0).max(86_400).default(0),
  internalLocal: z.boolean().default(false),
  externalLocal: z.boolean().default(false),
  externalIps: z.array(address).default([]),
  ingressIps: z.array(address).default([]),
  sourceRanges: z.array(cidr).default([]),
  ports: z
    .array(
      z.object({
        name: z.union([z.literal(""), z.string().regex(PORT_NAME, "no port name of Kubernetes")]).default(""),
        protocol: z.enum(["tcp", "udp", "sctp"]),
        port,
        nodePort: z.union([z.literal(0), port]).default(0),
        endpoints: z.array(z.object({ address, port, local: z.boolean().default(false) })),
      }),
    )
    .min(1),
});

const file = z.object({
  lbscale: z.literal(FORMAT),
  version: z.literal(VERSION),
  source: z.object({
    kind: z.enum(["synthetic", "imported"]),
    format: z.string().max(100).default("unknown"),
    parameters: z.record(z.string(), z.unknown()),
  }),
  network: z.object({
    serviceCidr: cidr,
    podCidr: cidr,
    clientCidr: cidr,
    nodeAddresses: z.array(address).min(1),
  }),
  services: z.array(service).min(1, "no services").max(1_000_000),
});

/** Writes a cluster in pieces, so that a hundred thousand services never stand in one string. */
export function* writeCluster(cluster: Cluster): Iterable<string> {
  const { network } = cluster;
  const head = {
    lbscale: FORMAT,
    version: VERSION,
    source: cluster.source,
    network: {
      serviceCidr: formatCidr(network.serviceCidr),
      podCidr: formatCidr(network.podCidr),
      clientCidr: formatCidr(network.clientCidr),
      nodeAddresses: network.nodeAddresses.map(formatAddress),
    },
  };
  yield `${JSON.stringify(head).slice(0, -1)},"services":[`;
  for (let s = 0; s < cluster.services; s++) {
    yield `${s === 0 ? "" : ","}\n${JSON.stringify(serviceObject(cluster, s))}`;
  }
  yield "\n]}\n";
}

/** One service as the file holds it; what is at its default is left out. */
function serviceObject(cluster: Cluster, s: number): object {
  const external = (kind: (k: number) => boolean): string[] | undefined => {
    const found: string[] = [];
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      if (kind(cluster.externalKind[x]!)) found.push(formatAddress(cluster.externalAddress[x]!));
    }
    return found.length > 0 ? found : undefined;
  };
  const ranges: string[] = [];
  for (let r = cluster.rangeStart[s]!; r < cluster.rangeStart[s + 1]!; r++) {
    ranges.push(formatCidr({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! }));
  }
  return {
    name: cluster.serviceName(s),
    clusterIp: formatAddress(cluster.clusterIp[s]!),
    type: TYPES[cluster.serviceType[s]!],
    affinitySeconds: cluster.affinitySeconds[s] || undefined,
    internalLocal: cluster.internalLocal[s] === 1 || undefined,
    externalLocal: cluster.externalLocal[s] === 1 || undefined,
    externalIps: external((kind) => kind !== INGRESS_IP),
    ingressIps: external((kind) => kind === INGRESS_IP),
    sourceRanges: ranges.length > 0 ? ranges : undefined,
    ports: range(cluster.portStart, s).map((p) => ({
      name: cluster.portName(p) || undefined,
      protocol: protocolName(cluster.protocol[p]!),
      port: cluster.port[p],
      nodePort: cluster.nodePort[p] || undefined,
      endpoints: range(cluster.endpointStart, p).map((e) => ({
        address: formatAddress(cluster.endpointAddress[e]!),
        port: cluster.endpointPort[e],
        local: cluster.endpointLocal[e] === 1 || undefined,
      })),
    })),
  };
}

function range(start: Uint32Array, owner: number): number[] {
  return Array.from({ length: start[owner + 1]! - start[owner]! }, (_, i) => start[owner]! + i);
}

/** Reads a cluster file's text. Throws UsageError that names object and field. */
export function parseCluster(text: string): Cluster {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UsageError(
      "the cluster file is not JSON: it is damaged or cut off; generate or import it again",
    );
  }
  const parsed = file.safeParse(data);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new UsageError(`cluster file: ${path.join(".") || "the document"}: ${message}`);
  }
  const { services, network, source } = parsed.data;
  const records: ServiceRecord[] = services.map((record) => ({
    ...record,
    type: TYPES.indexOf(record.type),
    ports: record.ports.map((entry) => ({ ...entry, protocol: PROTOCOLS[entry.protocol] })),
  }));
  refuseDuplicates(records);
  return buildCluster(
    records,
    network,
    source.kind === "synthetic"
      ? { kind: "synthetic", parameters: source.parameters }
      : { kind: "imported", format: source.format, parameters: source.parameters },
  );
}

/** Two services can't answer at one address, protocol and port: the API server never lets it happen. */
export function refuseDuplicates(records: readonly ServiceRecord[]): void {
  const frontends = new Map<string, string>();
  const names = new Set<string>();
  const claim = (key: string, name: string, what: string): void => {
    const owner = frontends.get(key);
    if (owner !== undefined)
      throw new UsageError(`Service ${name}: ${what} belongs to Service ${owner} already`);
    frontends.set(key, name);
  };
  for (const { name, clusterIp, externalIps = [], ingressIps = [], ports } of records) {
    if (names.has(name)) throw new UsageError(`Service ${name} appears twice`);
    names.add(name);
    claim(`ip ${clusterIp}`, name, `clusterIP ${formatAddress(clusterIp)}`);
    for (const entry of ports) {
      const protocol = protocolName(entry.protocol);
      for (const at of [clusterIp, ...externalIps, ...ingressIps]) {
        const what = `${formatAddress(at)} ${protocol} port ${entry.port}`;
        claim(`${at} ${protocol} ${entry.port}`, name, what);
      }
      if (entry.nodePort)
        claim(`node ${protocol} ${entry.nodePort}`, name, `nodePort ${entry.nodePort} (${protocol})`);
    }
  }
}
