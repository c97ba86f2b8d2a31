/** What each plane costs a cluster: lookups from a run, updates and memory counted exactly, and what is equal. */

import type { Change } from "../cluster/change.js";
import { type Cluster, servicePortName } from "../cluster/cluster.js";
import { type Family, familyOf } from "../cluster/family.js";
import { countServiceAddresses, serviceRangesText } from "../cluster/service-ranges.js";
import { InputError } from "../errors.js";
import { optionsIn } from "../planes/families/options.js";
import { type KubeProxyVersion, NEWEST_KUBE_PROXY } from "../planes/kube-proxy-versions.js";
import { planeOptionsFrom } from "../planes/options.js";
import type { PlaneId, PlaneOptions, UpdateCost } from "../planes/plane.js";
import { planeById } from "../planes/registry.js";
import { type PublishedSeries, type Reference, referenceById } from "../reference/index.js";
import { claimant, claimants, planeLabel, shortLabel } from "../results/descriptors.js";
import { type NoPrediction, type Prediction, predictLookup } from "../results/predict.js";
import { compareLookups, curveOf, type LookupRatio } from "../results/reading.js";
import type { Results } from "../results/schema.js";
import { type ProgrammingPrediction, predictProgramming } from "./programming.js";
import { isMeasuredIn, sizeIn } from "./size-in.js";
import { type Circumstances, circumstancesOf } from "./switching.js";
import { typicalServicePort } from "./typical.js";

/** Larger clusters take minutes to measure with seven replicates. */
const MAX_GROWN = 10_000;

/** What a control plane writes for one change; `full` only where a plane knows a full sync. */
export interface AdvisedUpdate {
  readonly partial: UpdateCost;
  readonly full: UpdateCost | null;
}

/** What one plane costs the cluster. */
export interface PlaneAdvice extends Circumstances {
  readonly plane: PlaneId;
  /** In full, and as tables name it. */
  readonly label: string;
  readonly name: string;
  /** Why the plane can't hold this cluster; null where it can. */
  readonly unavailable: string | null;
  readonly lookup: Prediction | NoPrediction;
  /** Against the fastest plane; null for that itself, and where there is no time. */
  readonly againstFastest: LookupRatio | null;
  /** One endpoint joins or leaves the typical service-port; null where the plane can't hold the cluster, or nothing can leave. */
  readonly join: AdvisedUpdate | null;
  readonly leave: AdvisedUpdate | null;
  /** Bytes as the kernel would spend them: all, and those whose structures' sizes were read off a kernel. */
  readonly memory: { readonly bytes: number; readonly exactBytes: number } | null;
}

/** What becomes of the rule list and another plane as the cluster shrinks and grows. */
export interface PairAdvice {
  readonly plane: PlaneId;
  /** As tables name the plane, and the list that it is compared with. */
  readonly name: string;
  readonly listName: string;
  /** Crossings of their lookup times, ascending; empty where the run shows none. */
  readonly crossovers: readonly {
    readonly services: number;
    readonly interval: readonly [number, number];
    /** Who is faster beyond. */
    readonly faster: PlaneId;
  }[];
  /** The list over the other at the run's smallest and largest common number of services. */
  readonly smallest: SizedRatio | null;
  readonly largest: SizedRatio | null;
}

/** The list over another plane at one number of services. */
export interface SizedRatio extends LookupRatio {
  readonly services: number;
}

/** The planes side by side for one cluster: what `adviseCluster` returns. */
export interface Advice {
  readonly cluster: { readonly services: number; readonly servicePorts: number; readonly endpoints: number };
  readonly family: Family;
  /** Where cluster IPs are taken from (of several ranges all, with commas between), and how many there are. */
  readonly serviceRange: { readonly range: string; readonly addresses: number };
  /** The service-port with the median number of endpoints, whose changes are counted. */
  readonly typical: { readonly name: string; readonly endpoints: number };
  readonly run: {
    readonly id: string;
    readonly cpu: string;
    readonly startedAt: string;
    /** Whether everything was measured that was planned. */
    readonly complete: boolean;
  };
  /** Version of kube-proxy whose rules updates and memory are counted of, where a plane's id names none. */
  readonly kubeProxy: KubeProxyVersion;
  /** Whether the run measured this very cluster (by its digest), and not one that is like it in size. */
  readonly measuredHere: boolean;
  readonly fastest: PlaneId | null;
  /** Fastest first; those without a time last. */
  readonly planes: readonly PlaneAdvice[];
  readonly pairs: readonly PairAdvice[];
  /** Whole requests through the list and through another plane, as published; null where that names no such planes. */
  readonly published: PublishedRequests | null;
  /** How long the real control planes would take to program it, from measurements of them; IPVS and Calico were not. */
  readonly programming: readonly ProgrammingPrediction[];
}

/** Published times of whole requests, of the list and of another plane. */
export interface PublishedRequests {
  readonly reference: Reference;
  readonly list: PublishedSeries;
  readonly listName: string;
  readonly other: PublishedSeries;
  readonly otherName: string;
}

/** The article's chart. */
const PUBLISHED_REQUESTS = "cilium-1.6";

/**
 * Sets the planes side by side for one cluster. Updates and memory are exact; times are those of the run.
 *
 * @param cluster The cluster to advise on.
 * @param run Results of the scenario `lookup`.
 * @param planes Planes to compare.
 * @param asked Options of planes whose updates and memory are counted; the run's by default.
 * @throws UnknownNameError for a plane that does not exist; InvalidOptionError for an option that none takes.
 * @returns Per plane: lookup times (ns) from the run, update and memory from exact counts; ratios with intervals.
 * @example
 * ```ts
 * import { generateCluster } from "lbscale";
 * import { adviseCluster, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * const { planes } = adviseCluster(generateCluster({ services: 100, seed: 1 }), run, ["iptables", "ebpf"]);
 * for (const { name, memory } of planes) console.log(name, memory?.bytes);
 * ```
 */
export function adviseCluster(
  cluster: Cluster,
  run: Results,
  planes: readonly PlaneId[],
  asked: PlaneOptions = {},
): Advice {
  const ofRun = planeOptionsFrom(run.run.settings.planes);
  const version = asked.kubeProxy ?? ofRun.kubeProxy ?? NEWEST_KUBE_PROXY;
  const options = { seed: run.run.seed, ...ofRun, ...asked, kubeProxy: version };
  const measuredHere = isMeasuredIn(run, cluster);
  const n = sizeIn(run, cluster);
  const servicePort = typicalServicePort(cluster);
  const lookups = new Map(planes.map((plane) => [plane, predictLookup(run, plane, n)]));
  const timeOf = (plane: PlaneId) => {
    const lookup = lookups.get(plane)!;
    return "medianNs" in lookup ? lookup.medianNs : Number.POSITIVE_INFINITY;
  };
  const order = [...planes].sort((a, b) => timeOf(a) - timeOf(b) || 0);
  const fastest = order[0] !== undefined && Number.isFinite(timeOf(order[0])) ? order[0] : null;
  const list = claimant(run, "list");
  const { services, servicePorts, endpoints, network } = cluster;
  return {
    cluster: { services, servicePorts, endpoints },
    family: familyOf(network),
    serviceRange: { range: serviceRangesText(network), addresses: countServiceAddresses(network) },
    typical: {
      name: servicePortName(cluster, servicePort),
      endpoints: cluster.endpointStart[servicePort + 1]! - cluster.endpointStart[servicePort]!,
    },
    run: {
      id: run.run.id,
      cpu: run.environment.cpu,
      startedAt: run.run.startedAt,
      complete: run.run.complete,
    },
    kubeProxy: version,
    measuredHere,
    fastest,
    planes: order.map((plane) => ({
      plane,
      label: planeById(plane).label,
      name: planeLabel(run, plane),
      lookup: lookups.get(plane)!,
      againstFastest: fastest === null || plane === fastest ? null : compareLookups(run, plane, fastest, n),
      ...counted(plane, cluster, servicePort, options),
    })),
    pairs: planes.includes(list)
      ? planes.filter((plane) => plane !== list).map((plane) => pairOf(run, list, plane))
      : [],
    published: publishedRequests(run),
    programming: predictProgramming(planes, servicePorts),
  };
}

function publishedRequests(run: Results): PublishedRequests | null {
  const reference = referenceById(PUBLISHED_REQUESTS);
  const lists = claimants(run, "list");
  const list = reference?.series.find(({ plane }) => lists.includes(plane));
  const other = reference?.series.find(({ plane }) => !lists.includes(plane));
  if (!reference || !list || !other) return null;
  const [listName, otherName] = [shortLabel(run, list.plane), shortLabel(run, other.plane)];
  return { reference, list, listName, other, otherName };
}

function counted(
  id: PlaneId,
  cluster: Cluster,
  servicePort: number,
  options: PlaneOptions,
): Pick<PlaneAdvice, "unavailable" | "join" | "leave" | "memory" | keyof Circumstances> {
  try {
    const plane = planeById(id);
    const program = plane.compile(cluster, options);
    const update = (change: Change): AdvisedUpdate => ({
      partial: program.update(change),
      full: plane.descriptor.can.updateModes.includes("full") ? program.update(change, "full") : null,
    });
    const endpoint = cluster.endpointStart[servicePort]!;
    const lines = program.memory();
    const sum = (known?: string) =>
      lines
        .filter((line) => known === undefined || line.known === known)
        .reduce((total, { bytes }) => total + bytes, 0);
    return {
      unavailable: null,
      ...circumstancesOf(id, cluster, program, optionsIn(cluster, options)),
      join: update({ kind: "join", servicePort }),
      leave:
        endpoint === cluster.endpointStart[servicePort + 1]!
          ? null
          : update({ kind: "leave", servicePort, endpoint }),
      memory: { bytes: sum(), exactBytes: sum("exact") },
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const none = { join: null, leave: null, memory: null };
    return {
      unavailable: error.message,
      ...none,
      ...circumstancesOf(id, cluster, undefined, optionsIn(cluster, options)),
    };
  }
}

function pairOf(run: Results, list: PlaneId, plane: PlaneId): PairAdvice {
  const sizes = new Set(curveOf(run, plane).map(({ services }) => services));
  const common = curveOf(run, list)
    .map(({ services }) => services)
    .filter((services) => sizes.has(services));
  const at = (services: number | undefined): SizedRatio | null => {
    const ratio = services === undefined ? null : compareLookups(run, list, plane, services);
    return ratio && { services: services!, ...ratio };
  };
  return {
    plane,
    name: planeLabel(run, plane),
    listName: planeLabel(run, list),
    crossovers: run.crossovers
      .filter(
        ({ lane, scenario, faster, slower }) =>
          lane === "model" &&
          scenario === "lookup" &&
          [faster, slower].includes(plane) &&
          [faster, slower].includes(list),
      )
      .map(({ services, interval, faster }) => ({ services, interval, faster })),
    smallest: at(common[0]),
    largest: at(common.at(-1)),
  };
}

/** Numbers of services that tell a cluster's costs and where planes cross: decades below, the cluster, ten times it. */
export function adviseSizes(services: number): number[] {
  const sizes = [services];
  for (let n = 1; 2 * n <= services; n *= 10) sizes.push(n);
  if (10 * services <= MAX_GROWN) sizes.push(10 * services);
  return sizes.sort((a, b) => a - b);
}
