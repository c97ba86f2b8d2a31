/** From Cilium's frontends to service-ports. A frontend doesn't say whose it is, but frontends of one service-port share backends. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { type Cidr, EXTERNAL_IP, INGRESS_IP } from "../../cluster/cluster.js";
import { blockOf, type RawAddress, type RawCidr } from "../../cluster/raw-addresses.js";
import { addStandIns, emptyPort, type FoundPort, noteExternal } from "../assemble.js";

export interface Backend<Address = number> {
  /** What makes a backend the same: its id in the maps, or its address. */
  readonly id: string;
  readonly address: Address;
  readonly port: number;
}

/** A frontend as it is read, before there are numbers for addresses of IPv6. */
export type RawFrontend = CiliumFrontend<RawAddress, RawCidr>;

export interface CiliumFrontend<Address = number, Range = Cidr> {
  /** 0 = the surrogate of every address of the node. */
  readonly address: Address;
  readonly port: number;
  readonly protocol: number;
  /** External traffic, or (where the policies differ) that of the cluster itself. */
  readonly internal: boolean;
  readonly kind: "ClusterIP" | "NodePort" | "ExternalIP" | "LoadBalancer";
  /** externalTrafficPolicy, internalTrafficPolicy Local: the backends of this scope are on this node. */
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  readonly affinitySeconds: number;
  readonly ranges: readonly Range[];
  /** `namespace/name`, where the source says it. */
  readonly service: string | undefined;
  readonly backends: readonly Backend<Address>[];
}

/** The frontends of one family, of IPv6 in the numbers of a plan. */
export function frontendsOf(
  frontends: readonly RawFrontend[],
  plan: AddressPlan | undefined,
): CiliumFrontend[] {
  const numberOf = (address: RawAddress) => {
    if (typeof address === "number") return address;
    return address === 0n ? 0 : plan!.number(address);
  };
  const kind = plan ? "bigint" : "number";
  return frontends
    .filter(({ address }) => typeof address === kind)
    .map(({ address, ranges, backends, ...frontend }) => ({
      ...frontend,
      address: numberOf(address),
      ranges: ranges.flatMap((range) => blockOf(range, { ...(plan && { ipv6: plan }) }) ?? []),
      backends: backends
        .filter((to) => typeof to.address === kind)
        .map((to) => ({ ...to, address: numberOf(to.address) })),
    }));
}

export interface PortsOfFrontends {
  readonly ports: FoundPort[];
  /** NodePorts that no cluster IP shares a backend with. */
  readonly lostNodePorts: number;
  /** External addresses taken as services of their own, for the same reason. */
  readonly ownServices: number;
  readonly standIns: number;
}

/** Joins frontends to service-ports. A frontend that could belong to two services becomes one of its own. */
export function portsOfFrontends(frontends: readonly CiliumFrontend[]): PortsOfFrontends {
  const ports: FoundPort[] = [];
  const owners = new Map<string, FoundPort | null>();
  const backends = new Map<FoundPort, Map<string, { backend: Backend; local: boolean }>>();
  const keyOf = (service: string | undefined, protocol: number, id: string) =>
    `${service ?? ""} ${protocol} ${id}`;
  const members = (port: FoundPort) => {
    let list = backends.get(port);
    if (!list) {
      list = new Map();
      backends.set(port, list);
    }
    return list;
  };
  const addBackends = (port: FoundPort, frontend: CiliumFrontend, local: boolean): void => {
    const list = members(port);
    for (const backend of frontend.backends) {
      const known = list.get(backend.id);
      if (known) known.local ||= local;
      else list.set(backend.id, { backend, local });
    }
  };
  const addPort = (frontend: CiliumFrontend): void => {
    const port = emptyPort(frontend.protocol, frontend.port);
    port.service = frontend.service;
    port.clusterIp = frontend.address;
    port.internalLocal = frontend.internalLocal;
    port.affinitySeconds = frontend.affinitySeconds;
    addBackends(port, frontend, frontend.internalLocal);
    ports.push(port);
    for (const { id } of frontend.backends) {
      const key = keyOf(frontend.service, frontend.protocol, id);
      owners.set(key, owners.has(key) && owners.get(key) !== port ? null : port);
    }
  };
  for (const frontend of frontends)
    if (frontend.kind === "ClusterIP" && !frontend.internal) addPort(frontend);
  let lostNodePorts = 0;
  let ownServices = 0;
  const apart = new Map<string, CiliumFrontend>();
  for (const frontend of frontends) {
    if (frontend.kind === "ClusterIP") continue;
    const owner = frontend.backends
      .map(({ id }) => owners.get(keyOf(frontend.service, frontend.protocol, id)))
      .find((port) => port !== undefined && port !== null);
    if (owner) {
      attach(owner, frontend);
      addBackends(owner, frontend, frontend.internal ? frontend.internalLocal : frontend.externalLocal);
    } else {
      // The external scope alone: it is what answers from outside.
      const key = frontendKey(
        frontend.kind === "NodePort" ? 0 : frontend.address,
        frontend.port,
        frontend.protocol,
      );
      if (!apart.has(key) || !frontend.internal) apart.set(key, frontend);
    }
  }
  const attached = new Set(ports.flatMap(frontendKeys));
  for (const [key, frontend] of apart) {
    if (attached.has(key)) continue;
    if (frontend.kind === "NodePort") lostNodePorts++;
    else {
      ownServices++;
      addPort(frontend);
    }
  }
  for (const port of ports) {
    port.endpoints = [...members(port).values()].map(({ backend: { address, port: number }, local }) => ({
      address,
      port: number,
      local,
    }));
  }
  return { ports, lostNodePorts, ownServices, standIns: addStandIns(ports) };
}

function frontendKey(address: number, port: number, protocol: number): string {
  return `${address} ${port} ${protocol}`;
}

/** What a port is reached by, other than its cluster IP. */
function frontendKeys({ externals, port, nodePort, protocol }: FoundPort): string[] {
  const keys = [...externals.keys()].map((address) => frontendKey(address, port, protocol));
  return nodePort === 0 ? keys : [...keys, frontendKey(0, nodePort, protocol)];
}

/** Notes that a service-port is reached by a frontend. */
export function attach(port: FoundPort, frontend: CiliumFrontend): void {
  if (frontend.externalLocal) port.externalLocal = true;
  if (frontend.kind === "NodePort") port.nodePort = frontend.port;
  else noteExternal(port, frontend.address, frontend.kind === "LoadBalancer" ? INGRESS_IP : EXTERNAL_IP);
  port.ranges.push(...frontend.ranges);
}

/** What makes a backend the same where there are no ids. */
export function backendKey(address: RawAddress, port: number): string {
  return `${address} ${port}`;
}
