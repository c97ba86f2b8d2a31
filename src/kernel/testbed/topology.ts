/**
 * Three hosts in network namespaces: client (a pod) — node, where all rules live — backend, which is every endpoint.
 * One set for each program: a node that also holds another plane's rules would charge its connections for them.
 */

import { rmSync, writeFileSync } from "node:fs";
import {
  type Cidr,
  type Cluster,
  inCidr,
  type Network,
  parseAddress,
  parseCidr,
} from "../../cluster/cluster.js";
import {
  addressText,
  type DualStack,
  type Family,
  familiesOf,
  familyOf,
  rangeText,
} from "../../cluster/family.js";
import { LOAD_BALANCER_CIDR, OUTSIDE_CIDR, OUTSIDE_CLIENTS_CIDR } from "../../cluster/network.js";
import { serviceCidrsOf } from "../../cluster/service-ranges.js";
import { Cores } from "./cores.js";
import type { Host } from "./host.js";
import { ipv6Arguments, ipv6Settings } from "./ipv6.js";
import { KernelError, runTool, startTool, type ToolOptions, toolPath } from "./tools.js";

/** Links between the hosts: TEST-NET-1 (RFC 5737), which no cluster uses. */
const NODE_TO_CLIENT = "192.0.2.1";
const CLIENT = "192.0.2.2";
const NODE_TO_BACKEND = "192.0.2.5";
const BACKEND = "192.0.2.6";
const LINK_PREFIX = 30;
/** What the generated traces send to addresses that no service has: TEST-NET-3. */
const ELSEWHERE = parseCidr("203.0.113.0/24")!;

/** The node's address towards the backend: what masquerading turns a source into. */
export const SNAT_ADDRESS = parseAddress(NODE_TO_BACKEND)!;

/** Whom the backend's ICMPv6 errors come from: routes make it no address's owner, as they do in IPv4. */
export const BACKEND_ADDRESS = parseAddress(BACKEND)!;

/** Interfaces, named by the host they are on and the one they lead to. */
export const CLIENT_SIDE = "to-client";
export const BACKEND_SIDE = "to-backend";
const NODE_SIDE = "to-node";

const ROLES = ["client", "node", "backend"] as const;
export type Role = (typeof ROLES)[number];

/** A server listens on every port that endpoints have; more would mean a cluster this lane wasn't made for. */
const MAX_TARGET_PORTS = 16;

/** Distinct target ports of a cluster. Throws KernelError where there are too many for one server. */
export function targetPorts(cluster: Cluster): number[] {
  const ports = [...new Set(cluster.endpointPort)].sort((a, b) => a - b);
  if (ports.length > MAX_TARGET_PORTS) {
    throw new KernelError(
      `the endpoints listen on ${ports.length} different ports and the kernel lane serves ${MAX_TARGET_PORTS}: measure this cluster with the model lane`,
    );
  }
  return ports;
}

/** A family of a testbed. */
export interface TestbedFamily {
  readonly cluster: Cluster;
  readonly family: Family;
  /** What tells the C programs which addresses numbers stand for: nothing in IPv4. */
  readonly addressing: readonly string[];
}

/** Network namespaces for client, node and backend. They exist from `create` until `remove`. */
export class Testbed {
  readonly name: string;
  readonly #host: Host;
  #families: readonly TestbedFamily[] = [];
  readonly #cores = new Cores();

  /** `name` tells testbeds of one sandbox apart. */
  constructor(host: Host, name: string) {
    this.#host = host;
    this.name = name;
  }

  /** What tells the C programs which addresses its numbers stand for: nothing in IPv4. Of a dual-stack testbed those of IPv4. */
  get addressing(): readonly string[] {
    return this.#families[0]?.addressing ?? [];
  }

  /** Of a dual-stack testbed the first: IPv4. */
  get family(): Family {
    return this.#families[0]?.family ?? 4;
  }

  /** One or both, with the cluster of each. */
  get families(): readonly TestbedFamily[] {
    return this.#families;
  }

  namespace(role: Role): string {
    return `${this.#host.id}-${this.name}-${role}`;
  }

  /** Runs a tool, by absolute path, in one of the hosts. */
  exec(role: Role, path: string, args: readonly string[], options?: ToolOptions): Promise<Buffer> {
    return runTool(toolPath("ip"), ["netns", "exec", this.namespace(role), path, ...args], options);
  }

  /**
   * Makes the three hosts and their routes, and starts the endpoints' server (a compiled native/server.c). With a cluster of
   * both families the same hosts have both, and a server of each.
   */
  async create(given: Cluster | DualStack, server: string): Promise<void> {
    const ip = toolPath("ip");
    this.#families = familiesOf(given).flatMap((cluster) =>
      cluster === undefined
        ? []
        : [{ cluster, family: familyOf(cluster.network), addressing: ipv6Arguments(cluster.network) }],
    );
    for (const { family, cluster } of this.#families)
      for (const role of ROLES)
        writeFileSync(this.#routesFile(role, family), [...routes(role, cluster)].join(""));
    // All in one process: starting one takes longer than what it does, and a sandbox has a dozen testbeds.
    await runTool(ip, ["-batch", "-"], { input: this.#commands() });
    for (const { family, cluster, addressing } of this.#families) {
      for (const role of ROLES) rmSync(this.#routesFile(role, family));
      const ports = targetPorts(cluster).map(String);
      await startTool(ip, ["netns", "exec", this.namespace("backend"), server, ...addressing, ...ports]);
    }
  }

  /** Ends what runs in the three hosts, and removes them. */
  async remove(): Promise<void> {
    const ip = toolPath("ip");
    for (const role of ROLES) {
      for (const pid of await this.#processes(role).catch(() => [])) endProcess(Number(pid));
      // Not made, or not to be removed: it goes with the sandbox.
      await runTool(ip, ["netns", "delete", this.namespace(role)]).catch(() => {});
    }
  }

  /**
   * Lets the endpoints' server run on one core, or with null where it ran before. On the client's, no request waits until an
   * idle core is awake (docs/measurement.md has the times), and it is not left to the scheduler whether it does.
   */
  async pinServer(cpu: number | null): Promise<void> {
    for (const pid of await this.#processes("backend")) await this.#cores.pin(pid, cpu);
  }

  async #processes(role: Role): Promise<string[]> {
    const listed = await runTool(toolPath("ip"), ["netns", "pids", this.namespace(role)]);
    return listed.toString().split("\n").filter(Boolean);
  }

  /** What makes the hosts and their links, and then their settings and routes, as `ip -batch` reads it. */
  *#commands(): Iterable<string> {
    for (const role of ROLES) yield `netns add ${this.namespace(role)}\n`;
    yield this.#link("client", NODE_SIDE, "node", CLIENT_SIDE);
    yield this.#link("node", BACKEND_SIDE, "backend", NODE_SIDE);
    for (const { family, role } of this.#families.flatMap(({ family }) =>
      ROLES.map((role) => ({ family, role })),
    )) {
      const chosen = family === 6 ? ipv6Settings(role, DEVICES[role]) : settings(role);
      const values = Object.entries(chosen).flatMap(([value, names]) =>
        names.map((name) => `net/${name}=${value}`),
      );
      const within = `netns exec ${this.namespace(role)}`;
      yield `${within} ${toolPath("sysctl")} -q -w ${values.join(" ")}\n`;
      yield `${within} ${toolPath("ip")} -${family} -batch ${this.#routesFile(role, family)}\n`;
    }
  }

  /** In the sandbox's own /run, whose name needs no quotes. */
  #routesFile(role: Role, family: Family): string {
    return `/run/${this.namespace(role)}-${family}.routes`;
  }

  #link(role: Role, device: string, peerRole: Role, peer: string): string {
    return `link add ${device} netns ${this.namespace(role)} type veth peer name ${peer} netns ${this.namespace(peerRole)}\n`;
  }
}

/** Settings of a host's IPv4, by value. */
function settings(role: Role): Readonly<Record<string, readonly string[]>> {
  const off = [
    // Endpoints are on both sides, as clients and as servers.
    ...["all", "default", ...DEVICES[role]].map((device) => `ipv4/conf/${device}/rp_filter`),
    // A thousand refusals in a second are this lane's everyday life.
    ...(role === "client" ? [] : ["ipv4/icmp_ratemask"]),
  ];
  if (role !== "node") return { 0: off };
  const on = [
    "ipv4/ip_forward",
    // ICMP errors say by their source that they are about what came from the client.
    "ipv4/icmp_errors_use_inbound_ifaddr",
    // eBPF turns sources into the node's own addresses before the node's routing looks at them.
    "ipv4/conf/all/accept_local",
    // A loopback NodePort leads off this host.
    "ipv4/conf/all/route_localnet",
  ];
  return { 0: off, 1: on };
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

const DEVICES: Readonly<Record<Role, readonly string[]>> = {
  client: [NODE_SIDE],
  node: [CLIENT_SIDE, BACKEND_SIDE],
  backend: [NODE_SIDE],
};

/** Addresses and routes of a host, as `ip -batch` reads them. They hold numbers only. */
function* routes(role: Role, cluster: Cluster): Iterable<string> {
  const { network } = cluster;
  const { clientCidr, podCidr, nodeAddresses } = network;
  const range = (one: Cidr) => rangeText(network, one);
  const address = (text: string) => addressText(network, parseAddress(text)!);
  const link = (text: string) => rangeText(network, { base: parseAddress(text)!, prefixLength: LINK_PREFIX });
  yield "link set lo up\n";
  for (const device of DEVICES[role]) yield `link set ${device} up\n`;
  switch (role) {
    case "client":
      yield `addr add ${link(CLIENT)} dev ${NODE_SIDE}\n`;
      yield `route add default via ${address(NODE_TO_CLIENT)}\n`;
      // AnyIP: every client's address can be bound here.
      for (const one of clientRanges(clientCidr)) yield `route add local ${range(one)} dev lo\n`;
      yield* localOnArrival([range(podCidr)]);
      return;
    case "node":
      yield `addr add ${link(NODE_TO_CLIENT)} dev ${CLIENT_SIDE}\n`;
      yield `addr add ${link(NODE_TO_BACKEND)} dev ${BACKEND_SIDE}\n`;
      for (const own of nodeAddresses) yield `addr add ${range({ base: own, prefixLength: 32 })} dev lo\n`;
      // Without it packets to virtual addresses would die at routing, before the filter table's REJECT.
      yield `route add default via ${address(BACKEND)}\n`;
      // The node's own refusals leave to the client, and so do resets to clients that have no endpoint's address.
      for (const one of clientRanges(clientCidr)) yield `route add ${range(one)} via ${address(CLIENT)}\n`;
      yield `rule add from ${address(NODE_TO_CLIENT)} lookup ${ARRIVAL_TABLE}\n`;
      // What comes from the backend goes to the client: an endpoint's address may be on either side.
      yield `route add default via ${address(CLIENT)} table ${ARRIVAL_TABLE}\n`;
      yield `rule add iif ${BACKEND_SIDE} lookup ${ARRIVAL_TABLE}\n`;
      return;
    case "backend":
      yield `addr add ${link(BACKEND)} dev ${NODE_SIDE}\n`;
      yield `route add default via ${address(NODE_TO_BACKEND)}\n`;
      for (const one of servedRanges(cluster)) yield `route add local ${one} dev lo\n`;
      yield* localOnArrival(endpointRanges(cluster));
      return;
  }
}

/** Whom a testbed's client can be: pods, and clients outside the cluster. */
function clientRanges(pods: Cidr): readonly Cidr[] {
  return [pods, OUTSIDE_CIDR, OUTSIDE_CLIENTS_CIDR];
}

const ARRIVAL_TABLE = 100;

/** Ranges that are this host's own to what arrives, and elsewhere to what it sends. */
function* localOnArrival(ranges: Iterable<string>): Iterable<string> {
  for (const range of ranges) yield `route add local ${range} dev lo table ${ARRIVAL_TABLE}\n`;
  yield `rule add iif ${NODE_SIDE} lookup ${ARRIVAL_TABLE}\n`;
}

/** The pod range, and endpoints outside of it. */
function endpointRanges({ network, endpointAddress }: Cluster): Set<string> {
  return rangesAround(network, [network.podCidr], endpointAddress);
}

/** What passes the node untouched is seen arriving at the backend: services, and addresses that nobody has. */
function servedRanges({ network, externalAddress }: Cluster): Set<string> {
  return rangesAround(network, [...serviceCidrsOf(network), LOAD_BALANCER_CIDR, ELSEWHERE], externalAddress);
}

function rangesAround(network: Network, ranges: readonly Cidr[], addresses: Uint32Array): Set<string> {
  const others = [...addresses].filter((address) => !ranges.some((range) => inCidr(range, address)));
  const text = (range: Cidr) => rangeText(network, range);
  return new Set([...ranges.map(text), ...others.map((base) => text({ base, prefixLength: 32 }))]);
}
