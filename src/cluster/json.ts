/** The cluster file: JSON that a person can read, a line a service, and that any program can write. */

import { z } from "zod";
import { InputError, InvalidClusterError } from "../errors.js";
import { buildCluster, type ServiceRecord } from "./build.js";
import {
  describeIssue,
  isDnsLabel,
  isServiceName,
  MAX_ADDRESSES_OF_SERVICE,
  MAX_AFFINITY_SECONDS,
  MAX_ENDPOINTS_OF_PORT,
  MAX_PORTS_OF_SERVICE,
  refuseConflicts,
} from "./checks.js";
import {
  type Cidr,
  type Cluster,
  type ClusterSource,
  formatAddress,
  formatCidr,
  INGRESS_IP,
  inCidr,
  parseAddress,
  parseCidr,
  protocolName,
  SCTP,
  servesPolicyCluster,
  servesPolicyLocal,
  TCP,
  UDP,
} from "./cluster.js";
import { parseUniqueJson } from "./unique-json.js";

const FORMAT = "cluster";
const VERSION = 1;
const PROTOCOLS = { tcp: TCP, udp: UDP, sctp: SCTP } as const;
const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;

/** Bounds on what a file may hold: far above any cluster, far below what fills the memory. */
const MAX_SERVICES = 1_000_000;
/** Lines of what an import left out and assumed. */
export const MAX_NOTES = 100;
export const MAX_NOTE_LENGTH = 1_000;
const MAX_PARAMETERS_LENGTH = 10_000;
/** Text per chunk, so that a pipe sees few writes and no giant string. */
const CHUNK_LENGTH = 65_536;

const address = z.string().transform((text, context) => {
  const parsed = parseAddress(text);
  if (parsed === undefined) context.addIssue({ code: "custom", message: "expected an IPv4 address" });
  return parsed ?? 0;
});
const cidr = z.string().transform((text, context): Cidr => {
  const parsed = parseCidr(text);
  if (!parsed) context.addIssue({ code: "custom", message: "expected an IPv4 range such as 10.96.0.0/12" });
  return parsed ?? { base: 0, prefixLength: 32 };
});
const port = z.number().int().min(1).max(65535);
const addresses = z.array(address).max(MAX_ADDRESSES_OF_SERVICE).default([]);

const serviceSchema = z.object({
  name: z.string().refine(isServiceName, "expected namespace/name as Kubernetes allows them"),
  clusterIp: address,
  type: z.enum(TYPES).default("ClusterIP"),
  affinitySeconds: z.number().int().min(0).max(MAX_AFFINITY_SECONDS).default(0),
  internalLocal: z.boolean().default(false),
  externalLocal: z.boolean().default(false),
  healthCheckNodePort: z.number().int().min(0).max(65535).default(0),
  externalIps: addresses,
  ingressIps: addresses,
  sourceRanges: z.array(cidr).max(MAX_ADDRESSES_OF_SERVICE).default([]),
  ports: z
    .array(
      z.object({
        name: z
          .string()
          .refine((name) => name === "" || isDnsLabel(name), "expected a port name as Kubernetes allows it")
          .default(""),
        protocol: z.enum(["tcp", "udp", "sctp"]),
        port,
        nodePort: z.number().int().min(0).max(65535).default(0),
        endpoints: z
          .array(
            z
              .object({
                address,
                port,
                local: z.boolean().default(false),
                localPolicyOnly: z.boolean().default(false),
              })
              .refine(({ local, localPolicyOnly }) => local || !localPolicyOnly, {
                path: ["localPolicyOnly"],
                message: "only an endpoint of this node serves policy Local: give it local too",
              }),
          )
          .max(MAX_ENDPOINTS_OF_PORT)
          .refine(
            (endpoints) =>
              endpoints.length === 0 || endpoints.some(({ localPolicyOnly }) => !localPolicyOnly),
            "localPolicyOnly needs another endpoint that is ready: without one, these serve both policies",
          ),
      }),
    )
    .min(1)
    .max(MAX_PORTS_OF_SERVICE),
});

const parameters = z.record(z.string(), z.unknown()).refine(isSmall, "too large or too deep");

const fileSchema = z.object({
  lbscale: z.literal(FORMAT),
  version: z.literal(VERSION),
  source: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("synthetic"), parameters }),
    z.object({
      kind: z.literal("imported"),
      format: z.string().max(100),
      notes: z.array(z.string().max(MAX_NOTE_LENGTH)).max(MAX_NOTES).optional(),
      parameters,
    }),
  ]),
  network: z
    .object({
      serviceCidr: cidr,
      podCidr: cidr,
      clientCidr: cidr.refine(({ prefixLength }) => prefixLength <= 30, "expected at least four addresses"),
      nodeAddresses: z.array(address).min(1).max(1_000),
    })
    .refine(
      ({ clientCidr, podCidr }) =>
        clientCidr.prefixLength >= podCidr.prefixLength && inCidr(podCidr, clientCidr.base),
      { path: ["clientCidr"], message: "expected a part of podCidr" },
    ),
  services: z.array(serviceSchema).min(1).max(MAX_SERVICES),
});

/** Parameters are copied into results, by recursive code: they stay few and flat. */
function isSmall(value: unknown): boolean {
  const isFlat = (part: unknown, depth: number): boolean =>
    typeof part !== "object" ||
    part === null ||
    (depth > 0 && Object.values(part).every((child) => isFlat(child, depth - 1)));
  return isFlat(value, 4) && JSON.stringify(value).length <= MAX_PARAMETERS_LENGTH;
}

/**
 * Writes a cluster in chunks, so that a hundred thousand services never stand in one string.
 *
 * @param cluster The cluster.
 * @returns Chunks of JSON; joined they are a cluster file.
 */
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
  let chunk = `${JSON.stringify(head).slice(0, -1)},"services":[`;
  for (let s = 0; s < cluster.services; s++) {
    chunk += `${s === 0 ? "" : ","}\n${JSON.stringify(serviceObject(cluster, s))}`;
    if (chunk.length >= CHUNK_LENGTH) {
      yield chunk;
      chunk = "";
    }
  }
  yield `${chunk}\n]}\n`;
}

/** One service as the file holds it; what is at its default is left out. */
function serviceObject(cluster: Cluster, s: number): object {
  const external = (ingress: boolean): string[] | undefined =>
    unlessEmpty(
      rows(cluster.externalStart, s)
        .filter((x) => (cluster.externalKind[x] === INGRESS_IP) === ingress)
        .map((x) => formatAddress(cluster.externalAddress[x]!)),
    );
  return {
    name: cluster.serviceName(s),
    clusterIp: formatAddress(cluster.clusterIp[s]!),
    type: TYPES[cluster.serviceType[s]!],
    affinitySeconds: cluster.affinitySeconds[s] || undefined,
    internalLocal: cluster.internalLocal[s] === 1 || undefined,
    externalLocal: cluster.externalLocal[s] === 1 || undefined,
    healthCheckNodePort: cluster.healthCheckNodePort[s] || undefined,
    externalIps: external(false),
    ingressIps: external(true),
    sourceRanges: unlessEmpty(
      rows(cluster.rangeStart, s).map((r) =>
        formatCidr({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! }),
      ),
    ),
    ports: rows(cluster.portStart, s).map((p) => ({
      name: cluster.portName(p) || undefined,
      protocol: protocolName(cluster.protocol[p]!),
      port: cluster.port[p],
      nodePort: cluster.nodePort[p] || undefined,
      endpoints: rows(cluster.endpointStart, p).map((e) => ({
        address: formatAddress(cluster.endpointAddress[e]!),
        port: cluster.endpointPort[e],
        local: servesPolicyLocal(cluster.endpointLocal[e]!) || undefined,
        localPolicyOnly: !servesPolicyCluster(cluster.endpointLocal[e]!) || undefined,
      })),
    })),
  };
}

/** Indices of the rows that an owner has. */
function rows(start: Uint32Array, owner: number): number[] {
  const indices: number[] = [];
  for (let row = start[owner]!; row < start[owner + 1]!; row++) indices.push(row);
  return indices;
}

function unlessEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

/**
 * Reads a cluster file's text.
 *
 * @param text What `writeCluster` wrote.
 * @returns The cluster.
 * @throws InvalidClusterError that names object and field in one line.
 */
export function parseCluster(text: string): Cluster {
  if (text.trim() === "")
    throw new InvalidClusterError("the cluster file is empty: generate or import it again");
  let data: unknown;
  try {
    data = parseUniqueJson(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InvalidClusterError("the cluster file is not JSON, or cut off: generate or import it again");
  }
  const parsed = fileSchema.safeParse(data);
  if (!parsed.success) throw new InvalidClusterError(`cluster file: ${describeProblem(parsed.error, data)}`);
  const { services, network, source } = parsed.data;
  const records: ServiceRecord[] = services.map((service) => ({
    ...service,
    type: TYPES.indexOf(service.type),
    ports: service.ports.map((entry) => ({ ...entry, protocol: PROTOCOLS[entry.protocol] })),
  }));
  refuseConflicts(records);
  return buildCluster(records, network, source satisfies ClusterSource);
}

/** Names the service by its name, where it has one: nobody counts to services[4711]. */
function describeProblem(error: z.ZodError, data: unknown): string {
  const [first, index] = error.issues[0]!.path;
  if (first !== "services" || typeof index !== "number") return describeIssue(error);
  const name = (data as { services: ({ name?: unknown } | null)[] }).services[index]?.name;
  if (typeof name !== "string" || !isServiceName(name)) return describeIssue(error);
  return `Service ${name}: ${describeIssue(error, 2)}`;
}
