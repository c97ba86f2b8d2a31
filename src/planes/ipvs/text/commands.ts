/**
 * What kube-proxy's IPVS mode hands over for a change besides text: calls of `ipset`, and requests by netlink to IPVS and to
 * routing (pkg/proxy/ipvs/proxier.go, syncProxyRules), in the words of ipset, `ipvsadm -R` and `ip -batch`.
 */

import { isExternalIp, isIngressIp } from "../../../cluster/cluster.js";
import { familyOf, rangeText } from "../../../cluster/family.js";
import type { IpvsProgram } from "../program.js";
import { frontendOptions, ipsetRestore, ipvsadmRestore } from "../ruleset.js";

/** What decides how a destination is deleted (graceful_termination.go), as `-t VIRTUAL -r DESTINATION`. */
export interface Terminations {
  /** Destinations that have connections: of TCP they get weight 0, and wait. */
  readonly connected: ReadonlySet<string>;
  /** Those that wait, until a look once a minute finds that their connections are gone. */
  readonly waiting: ReadonlySet<string>;
}

const IDLE: Terminations = { connected: new Set(), waiting: new Set() };

/** A virtual service: how it schedules, and the options of its destinations. */
interface Server {
  readonly options: string;
  readonly destinations: Map<string, string>;
}

/** What is in the kernel for a program. */
interface State {
  readonly servers: ReadonlyMap<string, Server>;
  /** Elements of sets, each with the set's name. */
  readonly elements: ReadonlySet<string>;
  /** Addresses on kube-ipvs0. */
  readonly bound: ReadonlySet<string>;
}

const NOTHING: State = { servers: new Map(), elements: new Set(), bound: new Set() };

/**
 * The commands of one sync, in no order. What only reads is left out, and what each sync does again (`ipsetCreations`,
 * `ipsetRewrites`).
 *
 * @param before Undefined: kube-proxy's first sync on this node.
 */
export function ipvsCommands(
  before: IpvsProgram | undefined,
  after: IpvsProgram,
  terminations: Terminations = IDLE,
): string[] {
  const was = before === undefined ? NOTHING : stateOf(before);
  const is = stateOf(after);
  const contested = new Set([before, after].flatMap((program) => [...(program ? contestedBy(program) : [])]));
  return [
    ...serverCommands(was.servers, is.servers, terminations),
    ...[...is.elements].filter((each) => !was.elements.has(each)).map((each) => `add ${each} -exist`),
    ...[...was.elements].filter((each) => !is.elements.has(each)).map(deletion),
    ...bindings(after)
      .filter((each) => !was.bound.has(each))
      .map((each) => `addr add ${each} dev kube-ipvs0`),
    ...[...was.bound].filter((each) => !is.bound.has(each)).map((each) => `addr del ${each} dev kube-ipvs0`),
  ].filter((line) => !isAbout(line, contested));
}

/** The sets of the program's family, which each sync creates again. It does so for the other family's too. */
export function ipsetCreations(program: IpvsProgram): string[] {
  const own = familyOf(program.cluster.network) === 4 ? /^create KUBE-(?!6-)/ : /^create KUBE-6-/;
  return linesOf(ipsetRestore(program))
    .filter((line) => own.test(line))
    .map((line) => `${line} -exist`);
}

/**
 * Elements that each sync deletes and adds again, the two commands of each: ipset lists a range of one address without its length,
 * which kube-proxy then does not recognise (ipset.go, syncIPSetEntries).
 */
export function ipsetRewrites(program: IpvsProgram): readonly (readonly [deleted: string, added: string])[] {
  return elementsOf(program)
    .filter((each) => HOST_RANGE.test(each))
    .map((each) => [deletion(each), `add ${each} -exist`]);
}

/** A range of one address: an IPv6 range of 32 bits holds more. */
const HOST_RANGE = /,(?:[\d.]+\/32|[\da-f:]+\/128)$/;

/** By its name in the list. */
function deletion(element: string): string {
  return `del ${HOST_RANGE.test(element) ? element.replace(/\/\d+$/, "") : element}`;
}

/**
 * Virtual services at one address, port and protocol that several service-ports want to be: each sync turns them to the one, then
 * to the other, in the order of a Go map. In the words of `ipvsadm -R`.
 */
export function contestedBy({ cluster, virtualServices: rows }: IpvsProgram): ReadonlySet<string> {
  const ports = new Map<string, number>();
  const contested = new Set<string>();
  for (let v = 0; v < rows.count; v++) {
    const p = rows.servicePort[v]!;
    const frontend = frontendOf(cluster, p, rows.address[v]! >>> 0, rows.port[v]!);
    if ((ports.get(frontend) ?? p) !== p) contested.add(frontend);
    ports.set(frontend, p);
  }
  return contested;
}

/** Whether a command is about one of some virtual services. */
export function isAbout(line: string, frontends: ReadonlySet<string>): boolean {
  return frontends.size > 0 && line.startsWith("-") && frontends.has(line.split(" ").slice(1, 3).join(" "));
}

/**
 * How often one sync reads single virtual services and their destinations: each service to see whether it changed and again for
 * its destinations (syncService, syncEndpoint), at an address that is both in `externalIPs` and a load balancer's twice.
 */
export function readsOfSync(program: IpvsProgram): {
  readonly services: number;
  readonly destinations: number;
} {
  const { cluster, virtualServices: rows } = program;
  const nodePorts = rows.count - cluster.servicePorts - externalRows(program).length;
  const synced = cluster.servicePorts + nodePorts + externalRows(program).flatMap(kindsOf).length;
  return { services: 2 * synced, destinations: synced };
}

const HEADERS = { ipvs: 16 + 4, routing: 16 + 8 };
const SERVICE_ATTRIBUTE = { 4: 4 + 3 * 8 + 8 + 12 + 2 * 8, 6: 4 + 2 * 8 + 20 + 8 + 12 + 2 * 8 };
const DESTINATION_ATTRIBUTE = { 4: 4 + 6 * 8, 6: 4 + 5 * 8 + 20 };
const ADDRESS_ATTRIBUTE = { 4: 8, 6: 20 };

/**
 * Bytes of a command as it is handed over: the arguments of `ipset` with the zero that ends each, or the message by netlink,
 * headers and padded attributes (github.com/moby/ipvs and vishvananda/netlink).
 */
export function commandBytes(line: string, { cluster, scheduler }: IpvsProgram): number {
  const family = familyOf(cluster.network);
  if (/^(?:add|del|create) /.test(line)) return line.length + 1;
  if (line.startsWith("addr ")) return HEADERS.routing + 2 * ADDRESS_ATTRIBUTE[family];
  // A name ends with a zero, in a multiple of 4.
  const name = 4 + 4 * Math.ceil((scheduler.length + 1) / 4);
  const service = HEADERS.ipvs + SERVICE_ATTRIBUTE[family] + name;
  return /^-[ADE] /.test(line) ? service : service + DESTINATION_ATTRIBUTE[family];
}

function* serverCommands(
  was: State["servers"],
  is: State["servers"],
  { connected, waiting }: Terminations,
): Iterable<string> {
  for (const [frontend, { options, destinations }] of is) {
    const old = was.get(frontend);
    if (old === undefined) yield `-A ${frontend} ${options}`;
    else if (old.options !== options) yield `-E ${frontend} ${options}`;
    for (const [address, method] of destinations) {
      if (old?.destinations.has(address)) continue;
      const destination = `${frontend} -r ${address}`;
      // One that comes back is deleted first (MoveRSOutofGracefulDeleteList).
      if (old !== undefined && waiting.has(destination)) yield `-d ${destination}`;
      yield `-a ${destination} ${method}`;
    }
    for (const [address] of old?.destinations ?? []) {
      if (destinations.has(address)) continue;
      const destination = `${frontend} -r ${address}`;
      const waits = frontend.startsWith("-t ") && connected.has(destination);
      yield waits ? `-e ${destination} -m -w 0` : `-d ${destination}`;
    }
  }
  for (const frontend of was.keys()) if (!is.has(frontend)) yield `-D ${frontend}`;
}

function stateOf(program: IpvsProgram): State {
  const servers = new Map<string, Server>();
  for (const line of linesOf(ipvsadmRestore(program))) {
    const words = line.split(" ");
    const frontend = words.slice(1, 3).join(" ");
    if (words[0] !== "-A") servers.get(frontend)!.destinations.set(words[4]!, words.slice(5).join(" "));
    else if (!servers.has(frontend))
      servers.set(frontend, { options: words.slice(3).join(" "), destinations: new Map() });
  }
  return { servers, elements: new Set(elementsOf(program)), bound: new Set(bindings(program)) };
}

/** Elements of all sets, each with its set's name. */
function elementsOf(program: IpvsProgram): string[] {
  return linesOf(ipsetRestore(program))
    .filter((line) => line.startsWith("add "))
    .map((line) => line.slice("add ".length));
}

/** Addresses that a sync wants on kube-ipvs0, once for each virtual service: it looks at what is there only at its beginning. */
function bindings(program: IpvsProgram): string[] {
  const { cluster } = program;
  const { clusterIp, network, service } = cluster;
  const own = new Set(network.nodeAddresses);
  const externals = externalRows(program)
    .filter(({ address }) => !own.has(address))
    .flatMap((row) => kindsOf(row).map(() => row.address));
  return [...Array.from(service, (s) => clusterIp[s]!), ...externals].map((base) =>
    rangeText(network, { base, prefixLength: 32 }),
  );
}

/** The external addresses of every service-port. */
function externalRows({ cluster }: IpvsProgram): { readonly address: number; readonly kind: number }[] {
  const { externalAddress, externalKind, externalStart, service, servicePorts } = cluster;
  const rows: { address: number; kind: number }[] = [];
  for (let p = 0; p < servicePorts; p++) {
    const s = service[p]!;
    for (let x = externalStart[s]!; x < externalStart[s + 1]!; x++)
      rows.push({ address: externalAddress[x]!, kind: externalKind[x]! });
  }
  return rows;
}

/** Once in `externalIPs`, once in the status of a load balancer. */
function kindsOf({ kind }: { readonly kind: number }): true[] {
  return [isExternalIp(kind), isIngressIp(kind)].filter(Boolean) as true[];
}

function frontendOf(cluster: IpvsProgram["cluster"], p: number, address: number, port: number): string {
  return frontendOptions(cluster.network, cluster.protocol[p]!, address, port);
}

function linesOf(chunks: Iterable<string>): string[] {
  return [...chunks]
    .join("")
    .split("\n")
    .filter((line) => line !== "");
}
