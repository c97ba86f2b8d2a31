/** The cluster file: JSON that a person can read, one line per service, and that any program can write. */

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
import { type Cluster, type ClusterSource, inCidr, type Network, SCTP, TCP, UDP } from "./cluster.js";
import { type DualStack, familiesOf, familyOf } from "./family.js";
import { DUAL_VERSION, FORMAT, TYPES, VERSION } from "./json-writer.js";
import {
  numberAddresses,
  parseRawAddress,
  parseRawCidr,
  type RawAddress,
  type RawCidr,
} from "./raw-addresses.js";
import { parseUniqueJson } from "./unique-json.js";

export { writeCluster } from "./json-writer.js";

const PROTOCOLS = { tcp: TCP, udp: UDP, sctp: SCTP } as const;

/** Bounds on what a file may hold: far above any cluster, far below what fills the memory. */
const MAX_SERVICES = 1_000_000;
const MAX_IDLE_ENDPOINTS = 100_000_000;
/** Lines of what an import left out and assumed. */
export const MAX_NOTES = 100;
export const MAX_NOTE_LENGTH = 1_000;
const MAX_PARAMETERS_LENGTH = 10_000;
const MAX_SERVICE_RANGES = 1_000;

const address = z.string().transform((text, context): RawAddress => {
  const parsed = parseRawAddress(text);
  if (parsed === undefined)
    context.addIssue({ code: "custom", message: "expected an IPv4 address or an IPv6 address" });
  return parsed ?? 0;
});
const cidr = z.string().transform((text, context): RawCidr => {
  const parsed = parseRawCidr(text);
  if (!parsed)
    context.addIssue({
      code: "custom",
      message: "expected an IPv4 range such as 10.96.0.0/12, or one of IPv6 such as fd00:10:96::/108",
    });
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

const network = z.object({
  serviceCidr: cidr,
  moreServiceCidrs: z.array(cidr).max(MAX_SERVICE_RANGES).default([]),
  podCidr: cidr,
  clientCidr: cidr.refine(
    ({ base, prefixLength }) => prefixLength <= (typeof base === "number" ? 30 : 126),
    "expected at least four addresses",
  ),
  nodeAddresses: z.array(address).min(1).max(1_000),
});
const services = z.array(serviceSchema).min(1).max(MAX_SERVICES);

const idleEndpoints = z.number().int().min(0).max(MAX_IDLE_ENDPOINTS).default(0);

const partSchema = z.object({ network, idleEndpoints, services });
type ClusterPart = z.infer<typeof partSchema>;

const fileSchema = partSchema
  .extend({
    lbscale: z.literal(FORMAT),
    version: z.literal([VERSION, DUAL_VERSION]),
    source: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("synthetic"), parameters }),
      z.object({
        kind: z.literal("imported"),
        format: z.string().max(100),
        notes: z.array(z.string().max(MAX_NOTE_LENGTH)).max(MAX_NOTES).optional(),
        parameters,
      }),
    ]),
    /** The IPv6 part of a dual-stack cluster. */
    ipv6: partSchema.optional(),
  })
  .refine(({ version, ipv6 }) => (version === DUAL_VERSION) === (ipv6 !== undefined), {
    path: ["version"],
    message: `expected ${DUAL_VERSION} with ipv6, ${VERSION} without`,
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
 * Reads a cluster file's text.
 *
 * @param text What `writeCluster` wrote.
 * @returns The cluster, or both of a dual-stack one.
 * @throws InvalidClusterError that names object and field in one line.
 */
export function parseClusterFile(text: string): Cluster | DualStack {
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
  const { source } = parsed.data;
  const ipv4 = clusterOf(parsed.data, source);
  if (parsed.data.ipv6 === undefined) return ipv4;
  const ipv6 = clusterOf(parsed.data.ipv6, source);
  if (familyOf(ipv4.network) !== 4 || familyOf(ipv6.network) !== 6)
    throw new InvalidClusterError("cluster file: expected IPv4 in network, and IPv6 in ipv6.network");
  return { ipv4, ipv6 };
}

/**
 * Reads a cluster file's text, of a dual-stack cluster the IPv4 part.
 *
 * @param text What `writeCluster` wrote.
 * @returns The cluster.
 * @throws InvalidClusterError that names object and field in one line.
 * @example
 * ```ts
 * import { generateCluster, parseCluster, writeCluster } from "lbscale";
 *
 * const text = [...writeCluster(generateCluster({ services: 10, seed: 1 }))].join("");
 * console.log(parseCluster(text).services); // 10
 * ```
 */
export function parseCluster(text: string): Cluster {
  return familiesOf(parseClusterFile(text))[0];
}

function clusterOf(part: ClusterPart, source: ClusterSource): Cluster {
  const { nodeAddresses, ...ranges } = part.network;
  const numbers = numberAddresses(
    ranges,
    part.services.flatMap(({ sourceRanges }) => sourceRanges),
    part.services.reduce((sum, { ports }) => sum + ports.reduce((of, p) => of + p.endpoints.length, 0), 0),
  );
  const ofNetwork = (field: string) => () => `cluster file: network.${field}`;
  const own: Network = {
    serviceCidr: numbers.cidr(ranges.serviceCidr, ofNetwork("serviceCidr")),
    ...(ranges.moreServiceCidrs.length > 0 && {
      moreServiceCidrs: ranges.moreServiceCidrs.map((range, i) =>
        numbers.cidr(range, ofNetwork(`moreServiceCidrs[${i}]`)),
      ),
    }),
    podCidr: numbers.cidr(ranges.podCidr, ofNetwork("podCidr")),
    clientCidr: numbers.cidr(ranges.clientCidr, ofNetwork("clientCidr")),
    nodeAddresses: nodeAddresses.map((raw, i) => numbers.address(raw, ofNetwork(`nodeAddresses[${i}]`))),
    ...(numbers.ipv6 && { ipv6: numbers.ipv6 }),
  };
  const { clientCidr, podCidr } = own;
  if (clientCidr.prefixLength < podCidr.prefixLength || !inCidr(podCidr, clientCidr.base))
    throw new InvalidClusterError("cluster file: network.clientCidr: expected a part of podCidr");
  const records = part.services.map((service): ServiceRecord => {
    const at = (field: string) => () => `cluster file: Service ${service.name}: ${field}`;
    const list = (all: readonly RawAddress[], field: string) =>
      all.map((raw, i) => numbers.address(raw, at(`${field}[${i}]`)));
    return {
      ...service,
      clusterIp: numbers.address(service.clusterIp, at("clusterIp")),
      externalIps: list(service.externalIps, "externalIps"),
      ingressIps: list(service.ingressIps, "ingressIps"),
      sourceRanges: service.sourceRanges.map((range, i) => numbers.cidr(range, at(`sourceRanges[${i}]`))),
      type: TYPES.indexOf(service.type),
      ports: service.ports.map((entry, p) => ({
        ...entry,
        protocol: PROTOCOLS[entry.protocol],
        endpoints: entry.endpoints.map((endpoint, e) => ({
          ...endpoint,
          address: numbers.address(endpoint.address, () => at(`ports[${p}].endpoints[${e}].address`)()),
        })),
      })),
    };
  });
  refuseConflicts(records, own);
  return { ...buildCluster(records, own, source), idleEndpoints: part.idleEndpoints };
}

/** Names the service by its name, where it has one: nobody counts to services[4711]. */
function describeProblem(error: z.ZodError, data: unknown): string {
  const [first, index] = error.issues[0]!.path;
  if (first !== "services" || typeof index !== "number") return describeIssue(error);
  const name = (data as { services: ({ name?: unknown } | null)[] }).services[index]?.name;
  if (typeof name !== "string" || !isServiceName(name)) return describeIssue(error);
  return `Service ${name}: ${describeIssue(error, 2)}`;
}
