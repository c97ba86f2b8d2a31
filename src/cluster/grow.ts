/** Grows a cluster to N services by repeating its shape: "what if there were a thousand times as many of these?" */

import { InvalidClusterError } from "../errors.js";
import { FreeAddresses, FreeNodePorts } from "./allocate.js";
import type { Cluster } from "./cluster.js";
import { LOAD_BALANCER_CIDR } from "./network.js";
import { serviceCidrsOf } from "./service-ranges.js";

/** Length of a Service's name (RFC 1035 label), and of the longest suffix, `-1000000`. */
const MAX_NAME_LENGTH = 63;
const MAX_SUFFIX_LENGTH = 8;

/**
 * Service i of the result copies service i mod T of the template, with a name and addresses of its own; the first T are
 * the template's, and for N below T the result is its first N services. Pods and external addresses that the template's
 * service-ports share are shared within each copy. NodePorts are given while their range lasts, then 0.
 * Time and memory: O(endpoints of the result).
 *
 * @param template The cluster whose services are copied.
 * @param services Number of services of the result, from 1.
 * @returns The grown (or cut) cluster.
 * @throws InvalidClusterError when an address range is too small, or the number is not a whole one from 1.
 * @example
 * ```ts
 * import { generateCluster, growCluster } from "lbscale";
 *
 * const today = generateCluster({ services: 120, seed: 1 });
 * console.log(growCluster(today, 1200).services); // 1200
 * ```
 */
export function growCluster(template: Cluster, services: number): Cluster {
  if (!Number.isInteger(services) || services < 1) {
    throw new InvalidClusterError(
      `can't grow a cluster to ${services} Services: give a whole number from 1 on`,
    );
  }
  const t = template.services;
  if (services === t) return template;

  const like = Uint32Array.from({ length: services }, (_, s) => s % t);
  const ports = expand(like, template.portStart);
  const endpoints = expand(ports.like, template.endpointStart);
  const externals = expand(like, template.externalStart);
  const ranges = expand(like, template.rangeStart);
  const names = copyNames(template, services);
  return {
    source: { ...template.source, parameters: { ...template.source.parameters, grownFrom: t } },
    services,
    ...renewAddresses(template, like, endpoints.like, externals.like),
    serviceType: pickBytes(template.serviceType, like),
    affinitySeconds: pickWords(template.affinitySeconds, like),
    internalLocal: pickBytes(template.internalLocal, like),
    externalLocal: pickBytes(template.externalLocal, like),
    // A port of the node has one owner: copies have none.
    healthCheckNodePort: Uint16Array.from(like, (from, s) =>
      s < t ? template.healthCheckNodePort[from]! : 0,
    ),
    portStart: ports.start,
    externalStart: externals.start,
    externalKind: pickBytes(template.externalKind, externals.like),
    rangeStart: ranges.start,
    rangeBase: pickWords(template.rangeBase, ranges.like),
    rangePrefixLength: pickBytes(template.rangePrefixLength, ranges.like),
    servicePorts: ports.like.length,
    service: ports.owner,
    protocol: pickBytes(template.protocol, ports.like),
    port: pickPorts(template.port, ports.like),
    nodePort: renewNodePorts(template.nodePort, ports.like),
    endpointStart: endpoints.start,
    endpoints: endpoints.like.length,
    endpointPort: pickPorts(template.endpointPort, endpoints.like),
    endpointLocal: pickBytes(template.endpointLocal, endpoints.like),
    idleEndpoints: Math.round((template.idleEndpoints * services) / t),
    network: template.network,
    serviceName: (s) => names[s]!,
    portName: (p) => template.portName(ports.like[p]!),
  };
}

/** The rows that owners have when each is like one of the template's: where they begin, whose they are, what they copy. */
interface Rows {
  readonly start: Uint32Array;
  readonly owner: Uint32Array;
  readonly like: Uint32Array;
}

function expand(ownersLike: Uint32Array, templateStart: Uint32Array): Rows {
  const start = new Uint32Array(ownersLike.length + 1);
  for (let i = 0; i < ownersLike.length; i++) {
    const original = ownersLike[i]!;
    start[i + 1] = start[i]! + templateStart[original + 1]! - templateStart[original]!;
  }
  const rows = start[ownersLike.length]!;
  const owner = new Uint32Array(rows);
  const like = new Uint32Array(rows);
  for (let i = 0; i < ownersLike.length; i++) {
    const shift = templateStart[ownersLike[i]!]! - start[i]!;
    for (let row = start[i]!; row < start[i + 1]!; row++) {
      owner[row] = i;
      like[row] = row + shift;
    }
  }
  return { start, owner, like };
}

function renewAddresses(
  template: Cluster,
  like: Uint32Array,
  endpointsLike: Uint32Array,
  externalsLike: Uint32Array,
): Pick<Cluster, "clusterIp" | "endpointAddress" | "externalAddress"> {
  const { network, clusterIp, endpointAddress, externalAddress } = template;
  const taken = new Set(network.nodeAddresses);
  for (const column of [clusterIp, endpointAddress, externalAddress]) {
    for (const address of column) taken.add(address);
  }
  const free = {
    services: new FreeAddresses({
      range: network.serviceCidr,
      further: network.moreServiceCidrs ?? [],
      network,
      taken,
      what: "Services",
    }),
    pods: new FreeAddresses({
      range: network.podCidr,
      network,
      taken,
      reserved: [network.clientCidr, ...serviceCidrsOf(network)],
      what: "endpoints",
    }),
    externals: new FreeAddresses({
      range: LOAD_BALANCER_CIDR,
      network,
      taken,
      what: "load-balancer addresses",
    }),
  };
  return {
    clusterIp: renew(clusterIp, like, free.services),
    endpointAddress: renew(endpointAddress, endpointsLike, free.pods),
    externalAddress: renew(externalAddress, externalsLike, free.externals),
  };
}

/** The first copy keeps its addresses; each later one gets one fresh address for each distinct one of the template. */
function renew(original: Uint32Array, like: Uint32Array, free: FreeAddresses): Uint32Array {
  const firstByAddress = new Map<number, number>();
  const firstUse = original.map((address, row) => {
    const first = firstByAddress.get(address) ?? row;
    firstByAddress.set(address, first);
    return first;
  });
  const renewed = new Uint32Array(like.length);
  renewed.set(original.subarray(0, like.length));
  for (let i = original.length; i < like.length; i++) {
    const row = like[i]!;
    // Copies are whole repetitions of the template's rows, so row 0 of this copy is at i - row.
    renewed[i] = firstUse[row] === row ? free.next() : renewed[i - row + firstUse[row]!]!;
  }
  return renewed;
}

function renewNodePorts(original: Uint16Array, like: Uint32Array): Uint16Array {
  const free = new FreeNodePorts(original);
  const renewed = pickPorts(original, like);
  for (let p = original.length; p < renewed.length; p++) {
    if (renewed[p] !== 0) renewed[p] = free.next();
  }
  return renewed;
}

/** `shop/web`, then `shop/web-2`, `shop/web-3`…, past names that exist already. */
function copyNames(template: Cluster, services: number): string[] {
  const names = Array.from({ length: Math.min(services, template.services) }, (_, s) =>
    template.serviceName(s),
  );
  const taken = new Set(names);
  // Counted by shortened name: long names may be equal once they are shortened.
  const lastCopy = new Map<string, number>();
  for (let s = template.services; s < services; s++) {
    const base = shorten(names[s % template.services]!);
    let copy = lastCopy.get(base) ?? 1;
    let name: string;
    do name = `${base}-${++copy}`;
    while (taken.has(name));
    lastCopy.set(base, copy);
    taken.add(name);
    names.push(name);
  }
  return names;
}

/** A name that has room for a suffix, in its namespace. */
function shorten(qualified: string): string {
  const nameStart = qualified.indexOf("/") + 1;
  // pattern-bounded: a Service's name has 63 characters.
  return qualified.slice(0, nameStart + MAX_NAME_LENGTH - MAX_SUFFIX_LENGTH).replace(/[-.]+$/, "");
}

// One function a column type, not a generic one: each stays monomorphic, and a hundred thousand services take milliseconds.

function pickBytes(column: Uint8Array, like: Uint32Array): Uint8Array {
  const picked = new Uint8Array(like.length);
  for (let i = 0; i < like.length; i++) picked[i] = column[like[i]!]!;
  return picked;
}

function pickPorts(column: Uint16Array, like: Uint32Array): Uint16Array {
  const picked = new Uint16Array(like.length);
  for (let i = 0; i < like.length; i++) picked[i] = column[like[i]!]!;
  return picked;
}

function pickWords(column: Uint32Array, like: Uint32Array): Uint32Array {
  const picked = new Uint32Array(like.length);
  for (let i = 0; i < like.length; i++) picked[i] = column[like[i]!]!;
  return picked;
}
