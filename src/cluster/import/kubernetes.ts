/** Kubernetes Services with their EndpointSlices, or with the workloads behind them, as a cluster. */

import { UsageError } from "../../errors.js";
import { buildCluster, type PortRecord, type ServiceRecord } from "../build.js";
import {
  type Cidr,
  CLUSTER_IP,
  type Cluster,
  cidrSize,
  formatCidr,
  inCidr,
  LOAD_BALANCER,
  maskTo,
  type Network,
  NODE_PORT,
  parseAddress,
  parseCidr,
  SCTP,
  TCP,
  UDP,
} from "../cluster.js";
import { refuseDuplicates } from "../json.js";
import { DEFAULT_NETWORK, LOAD_BALANCER_CIDR, NODE_PORT_BASE, NODE_PORT_COUNT } from "../network.js";
import { type KubernetesObject, readObjects } from "./documents.js";
import { type EndpointSource, fromSlices, fromWorkloads } from "./endpoints.js";
import { check, qualifiedName, type Service, serviceSchema, sliceSchema, workloadSchema } from "./schema.js";

export interface Imported {
  readonly cluster: Cluster;
  /** What was read, skipped and made up, as lines for a person. */
  readonly report: string[];
}

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"];
const PROTOCOLS = { TCP, UDP, SCTP } as const;
const TYPES = { ClusterIP: CLUSTER_IP, NodePort: NODE_PORT, LoadBalancer: LOAD_BALANCER } as const;
/** kube-proxy's default affinity timeout. */
const AFFINITY_SECONDS = 10_800;

/** Reads Kubernetes YAML or JSON. Throws UsageError that names object and field when something can't be used. */
export function importKubernetes(text: string): Imported {
  const objects = readObjects(text);
  const of = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));
  const { services, skipped } = selectServices(of("Service"));
  if (services.length === 0) {
    throw new UsageError(
      `no Service that is balanced among ${objects.length} objects: ${describeSkipped(skipped)}`,
    );
  }
  const slices = of("EndpointSlice").map((object) => check(sliceSchema, object));
  const podAddresses = new Taken(DEFAULT_NETWORK.podCidr, [], "pods", DEFAULT_NETWORK.clientCidr);
  const source: EndpointSource =
    slices.length > 0
      ? fromSlices(slices)
      : fromWorkloads(
          of(...WORKLOADS).map((object) => check(workloadSchema, object)),
          () => podAddresses.next(),
        );
  const records = new Records(services, source).build();
  refuseDuplicates(records);
  const cluster = buildCluster(records, networkOf(records), {
    kind: "imported",
    format: "kubernetes",
    parameters: { objects: objects.length, endpoints: source.name, ...skipped },
  });
  return {
    cluster,
    report: [
      `${cluster.services} services with ${cluster.servicePorts} ports and ${cluster.endpoints} endpoints (from ${source.name})`,
      `skipped: ${describeSkipped(skipped)}`,
    ],
  };
}

interface Skipped {
  headless: number;
  externalName: number;
  ipv6Only: number;
}

function describeSkipped({ headless, externalName, ipv6Only }: Skipped): string {
  return `${headless} headless, ${externalName} ExternalName, ${ipv6Only} IPv6-only services`;
}

/** Headless and ExternalName services are not balanced by any data plane; IPv6 is another table. */
function selectServices(objects: readonly KubernetesObject[]): { services: Service[]; skipped: Skipped } {
  const skipped: Skipped = { headless: 0, externalName: 0, ipv6Only: 0 };
  const services: Service[] = [];
  for (const object of objects) {
    const service = check(serviceSchema, object);
    const { type, clusterIP, clusterIPs, ipFamilies } = service.spec;
    const addresses = [clusterIP, ...(clusterIPs ?? [])].filter((ip) => ip !== undefined && ip !== "");
    if (type === "ExternalName") skipped.externalName++;
    else if (addresses.includes("None")) skipped.headless++;
    else if (
      (addresses.length > 0 && addresses.every((ip) => ip?.includes(":"))) ||
      (addresses.length === 0 && ipFamilies?.length && !ipFamilies.includes("IPv4"))
    ) {
      skipped.ipv6Only++;
    } else services.push(service);
  }
  return { services, skipped };
}

/** Turns checked services into records, making up the addresses and NodePorts that a manifest leaves to the cluster. */
class Records {
  readonly #services: readonly Service[];
  readonly #source: EndpointSource;
  readonly #clusterIps: Taken;
  readonly #balancers: Taken;
  readonly #nodePorts: Set<number>;
  #nextNodePort = NODE_PORT_BASE;

  constructor(services: readonly Service[], source: EndpointSource) {
    this.#services = services;
    this.#source = source;
    const given = services.map((service) => clusterIpOf(service)).filter((ip) => ip !== undefined);
    this.#clusterIps = new Taken(DEFAULT_NETWORK.serviceCidr, given, "services");
    this.#balancers = new Taken(LOAD_BALANCER_CIDR, services.flatMap(ingressIps), "load balancers");
    this.#nodePorts = new Set(
      services.flatMap(({ spec }) => spec.ports?.map(({ nodePort }) => nodePort ?? 0) ?? []),
    );
  }

  build(): ServiceRecord[] {
    return this.#services.map((service) => this.#record(service));
  }

  #record(service: Service): ServiceRecord {
    const name = qualifiedName(service);
    const { spec } = service;
    if (!spec.ports || spec.ports.length === 0) {
      throw new UsageError(
        `Service ${name}: spec.ports is empty: give it a port, or make it headless (clusterIP: None)`,
      );
    }
    const type = TYPES[spec.type as keyof typeof TYPES];
    const ingress = ingressIps(service);
    const exposes =
      type === NODE_PORT || (type === LOAD_BALANCER && spec.allocateLoadBalancerNodePorts !== false);
    return {
      name,
      clusterIp: clusterIpOf(service) ?? this.#clusterIps.next(),
      type,
      affinitySeconds:
        spec.sessionAffinity === "ClientIP"
          ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS)
          : 0,
      internalLocal: spec.internalTrafficPolicy === "Local",
      externalLocal: type !== CLUSTER_IP && spec.externalTrafficPolicy === "Local",
      externalIps: addresses(spec.externalIPs, `Service ${name}: spec.externalIPs`),
      ingressIps: type === LOAD_BALANCER && ingress.length === 0 ? [this.#balancers.next()] : ingress,
      sourceRanges: type === LOAD_BALANCER ? ranges(spec.loadBalancerSourceRanges, name) : [],
      ports: spec.ports.map(
        (port): PortRecord => ({
          name: port.name ?? "",
          protocol: PROTOCOLS[port.protocol],
          port: port.port,
          nodePort: port.nodePort || (exposes ? this.#takeNodePort(name) : 0),
          endpoints: this.#source.endpointsOf(service, port),
        }),
      ),
    };
  }

  #takeNodePort(name: string): number {
    while (this.#nodePorts.has(this.#nextNodePort)) this.#nextNodePort++;
    if (this.#nextNodePort >= NODE_PORT_BASE + NODE_PORT_COUNT) {
      throw new UsageError(`Service ${name}: no NodePort is left in 30000-32767`);
    }
    return this.#nextNodePort++;
  }
}

function clusterIpOf({ spec, metadata }: Service): number | undefined {
  const given = [spec.clusterIP, ...(spec.clusterIPs ?? [])].find((ip) => ip && !ip.includes(":"));
  if (given === undefined) return undefined;
  const address = parseAddress(given);
  if (address === undefined) {
    throw new UsageError(
      `Service ${metadata.namespace}/${metadata.name}: spec.clusterIP "${given}" is no IPv4 address`,
    );
  }
  return address;
}

function ingressIps({ status, metadata }: Service): number[] {
  const given = status?.loadBalancer?.ingress?.flatMap(({ ip }) => ip ?? []);
  return addresses(given, `Service ${metadata.namespace}/${metadata.name}: status.loadBalancer.ingress`);
}

/** IPv4 addresses of a list; IPv6 ones are another table's. */
function addresses(given: readonly string[] | undefined, field: string): number[] {
  return (given ?? [])
    .filter((text) => !text.includes(":"))
    .map((text) => {
      const address = parseAddress(text);
      if (address === undefined) throw new UsageError(`${field}: "${text}" is no IPv4 address`);
      return address;
    });
}

function ranges(given: readonly string[] | undefined, name: string): Cidr[] {
  return (given ?? [])
    .filter((text) => !text.includes(":"))
    .map((text) => {
      const cidr = parseCidr(text.trim());
      if (!cidr)
        throw new UsageError(`Service ${name}: spec.loadBalancerSourceRanges: "${text}" is no IPv4 range`);
      return cidr;
    });
}

/**
 * kube-proxy is told these ranges; objects don't hold them. The usual ones where they hold every address, else the
 * smallest that do. Clients get the end of the pod range, where no endpoint lives.
 */
function networkOf(records: readonly ServiceRecord[]): Network {
  const pods = records.flatMap(({ ports }) =>
    ports.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)),
  );
  const serviceCidr = covering(
    DEFAULT_NETWORK.serviceCidr,
    records.map(({ clusterIp }) => clusterIp),
  );
  const podCidr = covering(DEFAULT_NETWORK.podCidr, pods);
  const { clientCidr } = DEFAULT_NETWORK;
  if (podCidr === DEFAULT_NETWORK.podCidr && !pods.some((pod) => inCidr(clientCidr, pod))) {
    return { ...DEFAULT_NETWORK, serviceCidr };
  }
  return { ...DEFAULT_NETWORK, serviceCidr, podCidr, clientCidr: freeRange(podCidr, pods) };
}

function covering(usual: Cidr, members: readonly number[]): Cidr {
  if (members.every((address) => inCidr(usual, address))) return usual;
  let { base, prefixLength } = { base: members[0]!, prefixLength: 32 };
  for (const address of members) {
    while (maskTo(address, prefixLength) !== base) base = maskTo(base, --prefixLength);
  }
  // Room beside the members: clusters grow, and clients need addresses.
  const wide = Math.max(0, Math.min(prefixLength, 16));
  return { base: maskTo(base, wide), prefixLength: wide };
}

/** The last /24 of a range that holds no member; its last /24 when all do. */
function freeRange(cidr: Cidr, members: readonly number[]): Cidr {
  const used = new Set(members.map((address) => maskTo(address, 24)));
  const last = cidr.base + cidrSize(cidr) - 256;
  let base = last;
  while (base > cidr.base && used.has(base)) base -= 256;
  return { base: used.has(base) ? last : base, prefixLength: 24 };
}

/** Hands out addresses of a range that nobody was given. */
class Taken {
  readonly #range: Cidr;
  readonly #taken: ReadonlySet<number>;
  readonly #what: string;
  readonly #end: number;
  #at: number;

  constructor(range: Cidr, taken: readonly number[], what: string, reserved?: Cidr) {
    this.#range = range;
    this.#taken = new Set(taken);
    this.#what = what;
    this.#at = range.base;
    this.#end = reserved?.base ?? range.base + cidrSize(range) - 1;
  }

  next(): number {
    do this.#at++;
    while (this.#taken.has(this.#at));
    if (this.#at >= this.#end)
      throw new UsageError(`${formatCidr(this.#range)} has no room for more ${this.#what}`);
    return this.#at;
  }
}
