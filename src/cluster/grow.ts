/** Grows a cluster to N services by repeating its shape: "what if we had ten times as many of these?" */

import { UsageError } from "../errors.js";
import { type Cidr, type Cluster, cidrSize, formatCidr, inCidr } from "./cluster.js";
import { LOAD_BALANCER_CIDR, NODE_PORT_BASE, NODE_PORT_COUNT } from "./network.js";

/**
 * Service i of the result is a copy of service i mod T of the template, with a name and addresses of its own; the
 * first T are the template's. NodePorts are given while their range lasts. For N below T: the first N services.
 * Throws UsageError when a range is too small.
 */
export function growCluster(template: Cluster, services: number): Cluster {
  const t = template.services;
  if (services === t) return template;
  const like = (s: number) => s % t;
  const clusterIps = new Addresses(template.network.serviceCidr, template.clusterIp, "services");
  const pods = new Addresses(
    template.network.podCidr,
    template.endpointAddress,
    "endpoints",
    template.network.clientCidr,
  );
  const externals = new Addresses(LOAD_BALANCER_CIDR, template.externalAddress, "load-balancer addresses");
  const nodePorts = new NodePorts(template.nodePort);

  const portStart = sums(services, (s) => template.portStart[like(s) + 1]! - template.portStart[like(s)]!);
  const externalStart = sums(
    services,
    (s) => template.externalStart[like(s) + 1]! - template.externalStart[like(s)]!,
  );
  const rangeStart = sums(services, (s) => template.rangeStart[like(s) + 1]! - template.rangeStart[like(s)]!);
  const servicePorts = portStart[services]!;

  const service = new Uint32Array(servicePorts);
  /** Service-port → the template's. */
  const portLike = new Uint32Array(servicePorts);
  for (let s = 0; s < services; s++) {
    for (let p = portStart[s]!; p < portStart[s + 1]!; p++) {
      service[p] = s;
      portLike[p] = template.portStart[like(s)]! + p - portStart[s]!;
    }
  }
  const endpointStart = sums(
    servicePorts,
    (p) => template.endpointStart[portLike[p]! + 1]! - template.endpointStart[portLike[p]!]!,
  );
  const endpoints = endpointStart[servicePorts]!;
  const endpointAddress = new Uint32Array(endpoints);
  const endpointPort = new Uint16Array(endpoints);
  const endpointLocal = new Uint8Array(endpoints);
  for (let s = 0; s < services; s++) {
    // The ports of a service share its pods: one fresh address for each address of the template's service.
    const fresh = new Map<number, number>();
    for (let p = portStart[s]!; p < portStart[s + 1]!; p++) {
      const first = template.endpointStart[portLike[p]!]!;
      for (let e = endpointStart[p]!; e < endpointStart[p + 1]!; e++) {
        const source = first + e - endpointStart[p]!;
        const original = template.endpointAddress[source]!;
        let own = s < t ? original : fresh.get(original);
        if (own === undefined) {
          own = pods.next();
          fresh.set(original, own);
        }
        endpointAddress[e] = own;
        endpointPort[e] = template.endpointPort[source]!;
        endpointLocal[e] = template.endpointLocal[source]!;
      }
    }
  }
  const copyU8 = (column: Uint8Array) => Uint8Array.from({ length: services }, (_, s) => column[like(s)]!);
  return {
    source: { ...template.source, parameters: { ...template.source.parameters, grownFrom: t } },
    services,
    clusterIp: Uint32Array.from({ length: services }, (_, s) =>
      s < t ? template.clusterIp[s]! : clusterIps.next(),
    ),
    serviceType: copyU8(template.serviceType),
    affinitySeconds: Uint32Array.from({ length: services }, (_, s) => template.affinitySeconds[like(s)]!),
    internalLocal: copyU8(template.internalLocal),
    externalLocal: copyU8(template.externalLocal),
    portStart,
    externalStart,
    ...copyRows(
      services,
      externalStart,
      (s, i) => {
        const x = template.externalStart[like(s)]! + i;
        return [s < t ? template.externalAddress[x]! : externals.next(), template.externalKind[x]!];
      },
      "externalAddress",
      "externalKind",
    ),
    rangeStart,
    ...copyRows(
      services,
      rangeStart,
      (s, i) => {
        const r = template.rangeStart[like(s)]! + i;
        return [template.rangeBase[r]!, template.rangePrefixLength[r]!];
      },
      "rangeBase",
      "rangePrefixLength",
    ),
    servicePorts,
    service,
    protocol: Uint8Array.from(portLike, (p) => template.protocol[p]!),
    port: Uint16Array.from(portLike, (p) => template.port[p]!),
    nodePort: Uint16Array.from(portLike, (like, p) =>
      template.nodePort[like] === 0 ? 0 : service[p]! < t ? template.nodePort[like]! : nodePorts.next(),
    ),
    endpointStart,
    endpoints,
    endpointAddress,
    endpointPort,
    endpointLocal,
    network: template.network,
    serviceName: (s) => copyName(template.serviceName(like(s)), Math.floor(s / t)),
    portName: (p) => template.portName(portLike[p]!),
  };
}

/** `shop/web` → `shop/web-copy-2` for the first copy, within 63 characters of name. */
function copyName(name: string, copy: number): string {
  if (copy === 0) return name;
  const [namespace, own = ""] = name.split("/");
  const suffix = `-copy-${copy + 1}`;
  return `${namespace}/${own.slice(0, 63 - suffix.length).replace(/[-.]+$/, "")}${suffix}`;
}

function sums(length: number, count: (index: number) => number): Uint32Array {
  const result = new Uint32Array(length + 1);
  for (let i = 0; i < length; i++) result[i + 1] = result[i]! + count(i);
  return result;
}

function copyRows<A extends string, B extends string>(
  services: number,
  start: Uint32Array,
  row: (service: number, index: number) => [number, number],
  first: A,
  second: B,
): Record<A, Uint32Array> & Record<B, Uint8Array> {
  const a = new Uint32Array(start[services]!);
  const b = new Uint8Array(start[services]!);
  for (let s = 0; s < services; s++) {
    for (let at = start[s]!; at < start[s + 1]!; at++) [a[at], b[at]] = row(s, at - start[s]!);
  }
  return { [first]: a, [second]: b } as Record<A, Uint32Array> & Record<B, Uint8Array>;
}

/** Hands out addresses of a range that nobody has, from its first on. */
class Addresses {
  readonly #range: Cidr;
  readonly #taken: ReadonlySet<number>;
  readonly #what: string;
  readonly #reserved: Cidr | undefined;
  #at: number;

  constructor(range: Cidr, taken: Iterable<number>, what: string, reserved?: Cidr) {
    this.#range = range;
    this.#taken = new Set(taken);
    this.#what = what;
    this.#reserved = reserved;
    this.#at = range.base;
  }

  next(): number {
    const last = this.#range.base + cidrSize(this.#range) - 1;
    do {
      this.#at++;
      if (this.#reserved && inCidr(this.#reserved, this.#at))
        this.#at = this.#reserved.base + cidrSize(this.#reserved);
      if (this.#at >= last) {
        throw new UsageError(
          `${formatCidr(this.#range)} has no room for more ${this.#what}: grow to fewer services`,
        );
      }
    } while (this.#taken.has(this.#at));
    return this.#at;
  }
}

/** Hands out NodePorts that nobody has; 0 when the range is used up. */
class NodePorts {
  readonly #free: number[];

  constructor(taken: Uint16Array) {
    const used = new Set(taken);
    this.#free = Array.from(
      { length: NODE_PORT_COUNT },
      (_, i) => NODE_PORT_BASE + NODE_PORT_COUNT - 1 - i,
    ).filter((port) => !used.has(port));
  }

  next(): number {
    return this.#free.pop() ?? 0;
  }
}
