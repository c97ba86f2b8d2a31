/** Cilium's control plane as the reference: what it writes for a cluster, and does for changes of it, against lbscale's model. */

import type { Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { type DualStack, familiesOf, familyOf, rangeText } from "../../cluster/family.js";
import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { entryLines } from "../../planes/ebpf/dump/entry-lines.js";
import type { MapEntry } from "../../planes/ebpf/dump/map-bytes.js";
import { type HexMaps, mapLayout } from "../../planes/ebpf/dump/map-names.js";
import { listedBackends, staleBackends, withoutStale } from "../../planes/ebpf/dump/stale-entries.js";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import { ciliumMaps, maglevEntries } from "../../planes/ebpf/ruleset.js";
import { rewriteOperations } from "../../planes/ebpf/update.js";
import { Random } from "../../random.js";
import { nodeFacts } from "../kube-proxy/driver.js";
import {
  type Comparison,
  compareCounts,
  compareLines,
  type VerifyStep,
} from "../real-program/differences.js";
import { modelChange } from "../real-program/model-change.js";
import { RandomChanges } from "../real-program/random-changes.js";
import { Cilium, type CiliumAlgorithm } from "./driver.js";
import { type CiliumCluster, ciliumCluster } from "./objects.js";
import { ReadBackends } from "./read-backends.js";

export interface VerifyCiliumOptions {
  /** What Cilium reads, the Node included. */
  readonly objects: readonly ApiObject[];
  /** The same as a cluster, where it is one; undefined: what the objects describe. */
  readonly cluster?: Cluster | DualStack | undefined;
  readonly binary: string;
  readonly algorithm: CiliumAlgorithm;
  /** Write into maps of this kernel; needs root. */
  readonly realMaps: boolean;
  /** Which Node; undefined: the only one. */
  readonly node?: string | undefined;
  readonly podRange?: string | undefined;
  readonly changes: number;
  readonly seed: number;
  /** How long a step may take. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Starts Cilium's control plane on the objects and compares its maps, then again after every change.
 * @throws InputError and KernelError where it or the objects cannot be used; nothing is left behind.
 */
export async function* verifyCilium(options: VerifyCiliumOptions): AsyncIterable<VerifyStep> {
  const { objects, binary, algorithm, seed, timeoutMs, realMaps, signal } = options;
  const facts = nodeFacts(objects, options.node);
  const added = objects.map((object): ObjectChange => ({ type: "ADDED", object }));
  const read = new ReadBackends();
  read.apply(added);
  const first = ciliumCluster(read.objects(objects), { ...facts, podRange: options.podRange });
  const given = options.cluster && familiesOf(options.cluster).filter((one) => one !== undefined);
  const clusters = given ?? first.parts.map(({ cluster }) => cluster);
  const [{ network }] = clusters as [Cluster];
  const podRange = clusters.map((one) => rangeText(one.network, one.network.podCidr)).join(",");
  let programs = given
    ? given.map((cluster) => new EbpfProgram(cluster, {}, algorithm))
    : programsOf(first, algorithm);
  const changes = new RandomChanges(objects, Random.fromSeed(seed, "cilium"), {
    node: facts.node,
    network,
  });
  // The state of a backend on which Services do not agree stays that of whoever was written last.
  const disputed = new Set(first.disputed);
  const cilium = new Cilium({ binary, ...facts, algorithm, timeoutMs, realMaps }, signal);
  try {
    const { maps } = await cilium.apply(added);
    let stale = staleBackends(maps);
    yield {
      change: undefined,
      ...compareMaps(maps, programs, { objects, ignoreStale: false, anyState: disputed }),
      writes: undefined,
    };
    for (let i = 0; i < options.changes; i++) {
      const change = changes.next();
      const expected = change.endpoint && modelChange(programs[0]!.cluster, change.endpoint);
      const operations = expected && operationsOf(programs, expected);
      let issued = 0;
      let after: HexMaps = {};
      for (const step of change.steps) {
        const { maps, journal } = await cilium.apply(step);
        read.apply(step);
        issued += journal.length;
        after = maps;
      }
      const changed = changes.objects();
      const now = ciliumCluster(read.objects(changed), { ...facts, podRange });
      for (const backend of now.disputed) disputed.add(backend);
      programs = programsOf(now, algorithm);
      // A backend that leaves and is kept, because entries that Cilium forgot refer to it.
      const before = stale;
      stale = staleBackends(after);
      const comparable = operations !== undefined && stale <= before;
      yield {
        change: change.name,
        ...compareMaps(after, programs, { objects: changed, ignoreStale: true, anyState: disputed }),
        writes: comparable ? compareCounts({ operations: issued }, { operations }) : undefined,
      };
    }
  } finally {
    await cilium.stop();
  }
}

/** Calls for a change of IPv4 endpoints: a Service of both families is written in both. */
function operationsOf([first, ...others]: readonly EbpfProgram[], change: Change): number {
  const { cluster } = first!;
  const name = cluster.serviceName(cluster.service[change.servicePort]!);
  const rewritten = others.map((program) => {
    const services = Array.from({ length: program.cluster.services }, (_, s) => s);
    const same = services.find((s) => program.cluster.serviceName(s) === name);
    return same === undefined ? 0 : rewriteOperations(program.cluster, same, program);
  });
  return rewritten.reduce((sum, count) => sum + count, first!.update(change).operations ?? 0);
}

/** A program a family. */
function programsOf({ parts }: CiliumCluster, algorithm: CiliumAlgorithm): EbpfProgram[] {
  return parts.map(({ cluster, states }) => new EbpfProgram(cluster, {}, algorithm, states));
}

interface CompareOptions {
  readonly objects: readonly ApiObject[];
  readonly ignoreStale: boolean;
  readonly anyState: ReadonlySet<string>;
}

/** Real maps against those of each family's program, entry for entry but for numbers that the agent gives out. */
export function compareMaps(
  real: HexMaps,
  programs: readonly EbpfProgram[],
  { objects, ignoreStale, anyState }: CompareOptions,
): Comparison {
  const models = programs.map(modelMaps);
  const listed = new Set(models.flatMap((maps) => [...listedBackends(maps)]));
  const written = entryLines(ignoreStale ? withoutStale(real, listed) : real, { anyState });
  const modelled = new Map<string, Set<string>>();
  for (const maps of models) {
    for (const [map, lines] of entryLines(maps, { anyState }))
      modelled.set(map, new Set([...(modelled.get(map) ?? []), ...lines]));
  }
  const names = [...new Set([...written.keys(), ...modelled.keys()])];
  const empty: ReadonlySet<string> = new Set();
  const both = names.map((name) => ({
    real: written.get(name) ?? empty,
    model: modelled.get(name) ?? empty,
  }));
  return compareLines(both, "cilium", objects);
}

/** The maps of a program as Cilium's are read. */
export function modelMaps(program: EbpfProgram): HexMaps {
  const maps: Record<string, [string, string][]> = {};
  for (const { name, entries } of ciliumMaps(program)) maps[name] = [...entries()].map(hexEntry);
  maps[mapLayout(familyOf(program.cluster.network)).maglev] = Array.from(maglevEntries(program), hexEntry);
  return maps;
}

const hexEntry = ({ key, value }: MapEntry): [string, string] => [
  Buffer.from(key).toString("hex"),
  Buffer.from(value).toString("hex"),
];
