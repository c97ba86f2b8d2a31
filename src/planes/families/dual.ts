/**
 * A plane on a dual-stack node: a program of each family, both loaded. A packet of one family meets nothing of the other's, but
 * in tables that both share.
 */

import type { Change } from "../../cluster/change.js";
import { type Cluster, servicePortName } from "../../cluster/cluster.js";
import type { DualStack } from "../../cluster/family.js";
import type { Capacity } from "../descriptor.js";
import type {
  BothFamilies,
  ConnectionOptions,
  Connections,
  Decision,
  Explanation,
  Flow,
  IncrementalModel,
  MemoryLine,
  Model,
  Pair,
  Plane,
  PlaneOptions,
  Program,
  UpdateCost,
  UpdateMode,
} from "../plane.js";
import { DualConnections } from "./dual-connections.js";
import { OF_IPV6 } from "./packet.js";
import { SeparateFamilies } from "./separate.js";

/** A plane that compiles both parts of a cluster, whichever it is given. */
export function dualPlane(plane: Plane, { ipv4, ipv6 }: DualStack): Plane {
  const { updateText } = plane;
  return {
    id: plane.id,
    label: plane.label,
    descriptor: plane.descriptor,
    compile: (_, options) => new DualProgram(plane, [ipv4, ipv6], options),
    ...(updateText && {
      *updateText(program, change, mode) {
        if (!(program instanceof DualProgram)) throw new TypeError("not a program of both families");
        const [own, other] = program.parts;
        yield* updateText(own, change, mode);
        const same = sameChange(change, own.cluster, other.cluster);
        if (same !== undefined) yield* updateText(other, same, mode);
      },
    }),
  };
}

/** Both programs of a dual-stack node. Its cluster is the IPv4 part, which numbers service-ports and endpoints. */
export class DualProgram implements Program {
  readonly plane: string;
  readonly cluster: Cluster;
  readonly parts: Pair<Program>;
  readonly #both: BothFamilies;
  readonly #hasOneConnectionTable: boolean;

  constructor(plane: Plane, clusters: Pair<Cluster>, options: PlaneOptions = {}) {
    this.plane = plane.id;
    this.cluster = clusters[0];
    this.#both = plane.compileBoth?.(clusters, options) ?? new SeparateFamilies(plane, clusters, options);
    this.parts = this.#both.parts;
    this.#hasOneConnectionTable = plane.descriptor.can.oneConnectionTable === true;
  }

  bytes(): number {
    return this.memory().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  memory(): readonly MemoryLine[] {
    const shared = this.sharedMemory().map((line) => ({ ...line, what: `both families: ${line.what}` }));
    return [...shared, ...this.#named((part) => part.memory())];
  }

  /** What both families share; lines of `memory()` too. */
  sharedMemory(): readonly MemoryLine[] {
    return this.#both.sharedMemory();
  }

  capacities(): readonly Capacity[] {
    return this.#named((part) => part.capacities?.() ?? []);
  }

  /** A Service of both families has an EndpointSlice of each, so that both programs are changed. */
  update(change: Change, mode?: UpdateMode): UpdateCost {
    const [ipv4, ipv6] = this.parts;
    const own = ipv4.update(change, mode);
    const same = sameChange(change, ipv4.cluster, ipv6.cluster);
    return same === undefined ? own : added(own, ipv6.update(same, mode));
  }

  facts(): Readonly<Record<string, number | string>> {
    const [ipv4, ipv6] = this.parts.map((part) => part.facts()) as [Record<string, number>, object];
    const ofIpv6 = Object.entries(ipv6)
      .filter(([name, value]) => ipv4[name] !== value)
      .map(([name, value]) => [`IPv6 ${name}`, value] as const);
    return { ...ipv4, ...Object.fromEntries(ofIpv6) };
  }

  model(seed: number): DualModel {
    return new DualModel(this.#both.models(seed));
  }

  live(): IncrementalModel {
    throw new Error("a change is of one family: take the live models of both parts");
  }

  /** `fill`: so many in all, half of them in the tables of each family where each has its own. */
  connections(seed: number, options: ConnectionOptions): Connections {
    const hasOneTable = this.#hasOneConnectionTable;
    const fill = hasOneTable ? options.fill : Math.ceil(options.fill / 2);
    return new DualConnections(this.#both.connections(seed, { ...options, fill }), hasOneTable);
  }

  #named<T extends { readonly what: string }>(of: (part: Program) => readonly T[]): T[] {
    return this.parts.flatMap((part, i) =>
      of(part).map((line) => ({ ...line, what: `${i === 0 ? "IPv4" : "IPv6"}: ${line.what}` })),
    );
  }
}

/** Both models of a dual-stack node, between which a packet's family decides. */
export class DualModel implements Model {
  readonly parts: Pair<Model>;
  readonly #ipv4: Model;
  readonly #ipv6: Model;

  constructor(parts: Pair<Model>) {
    this.parts = parts;
    [this.#ipv4, this.#ipv6] = parts;
  }

  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision {
    return protocol < OF_IPV6
      ? this.#ipv4.lookup(src, sport, dst, dport, protocol, nowSec)
      : this.#ipv6.lookup(src, sport, dst, dport, protocol - OF_IPV6, nowSec);
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const { protocol } = flow;
    return protocol < OF_IPV6
      ? this.#ipv4.explain(flow, nowSec, path)
      : this.#ipv6.explain({ ...flow, protocol: protocol - OF_IPV6 }, nowSec, path);
  }

  reset(seed: number): void {
    this.#ipv4.reset(seed);
    this.#ipv6.reset(seed);
  }
}

/** The change of the same Service in the other family; undefined where that has no such Service, or none of its endpoints. */
function sameChange(change: Change, from: Cluster, to: Cluster): Change | undefined {
  const servicePort = samePort(from, to, change.servicePort);
  if (servicePort < 0) return undefined;
  if (change.kind === "join") return { kind: "join", servicePort };
  const [first, end] = [to.endpointStart[servicePort]!, to.endpointStart[servicePort + 1]!];
  if (change.kind === "rollout") return first === end ? undefined : { ...change, servicePort };
  const endpoint = first + change.endpoint - from.endpointStart[change.servicePort]!;
  return endpoint < end ? { kind: "leave", servicePort, endpoint } : undefined;
}

function samePort(from: Cluster, to: Cluster, servicePort: number): number {
  const name = servicePortName(from, servicePort);
  const isSame = (port: number) => to.port[port] !== undefined && servicePortName(to, port) === name;
  if (isSame(servicePort)) return servicePort;
  for (let port = 0; port < to.servicePorts; port++) if (isSame(port)) return port;
  return -1;
}

function added(a: UpdateCost, b: UpdateCost): UpdateCost {
  return {
    rules: a.rules + b.rules,
    chains: a.chains + b.chains,
    mapWrites: a.mapWrites + b.mapWrites,
    ...(a.operations !== undefined &&
      b.operations !== undefined && { operations: a.operations + b.operations }),
    bytes: a.bytes + b.bytes,
    notes: [...new Set([...a.notes, ...b.notes])],
  };
}
