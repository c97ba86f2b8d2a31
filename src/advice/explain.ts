/** One service on every plane: the path of its first packet, its place in the list, and the same at larger clusters. */

import { type Cluster, servicePortName } from "../cluster/cluster.js";
import { growCluster } from "../cluster/grow.js";
import { InputError } from "../errors.js";
import { positionsIn } from "../planes/iptables/rules/node-costs.js";
import { compileNodeList } from "../planes/iptables/rules/node-list.js";
import type { NodeList } from "../planes/iptables/rules/saved-rules.js";
import { unknownConditions } from "../planes/iptables/rules/unknown-conditions.js";
import type { Flow, HookWork, ListPosition, PlaneId, PlaneOptions, Program, Work } from "../planes/plane.js";
import { planeById } from "../planes/registry.js";
import { describeDecision, describeFlow } from "../planes/verify.js";
import { nftVersionOf, releaseOf } from "../planes/versioned.js";
import { type NoPrediction, type Prediction, predictLookup } from "../results/predict.js";
import type { Results } from "../results/schema.js";
import { formatBytes } from "../text.js";
import { omissionsMet } from "./certainty.js";
import { otherPorts } from "./find-service.js";
import { type Axis, axisOf } from "./size-in.js";

/** How much larger the cluster is imagined. */
const GROWTH_FACTORS = [1, 2, 10] as const;

/** Maglev's tables need 64 KiB per service. */
const MAX_MODEL_BYTES = 2 ** 30;

const CLIENT_PORT = 40_000;

/** The same packet at one size of the cluster. */
export interface SizedCost {
  /** Times the cluster as it is. */
  readonly factor: number;
  readonly services: number;
  readonly servicePorts: number;
  /** Exact work of the packet under this order and these picks; null with a reason where it was not walked. */
  readonly work: Work | null;
  readonly unavailable: string | null;
  /** Rules over all orders and picks, exact; null where position does not matter. */
  readonly rules: { readonly best: number; readonly mean: number; readonly worst: number } | null;
  /** At the mean number of rules; null without a run to predict from. */
  readonly prediction: Prediction | NoPrediction | null;
}

/** One plane's part of an explanation. */
export interface PlaneExplanation {
  readonly plane: PlaneId;
  readonly label: string;
  /** Release of kube-proxy whose rules these are; null where kube-proxy wrote none of them, or it is the node's own list. */
  readonly kubeProxy: string | null;
  /** The nft that loads those rules; null where none does, and for a node's own. */
  readonly nft: string | null;
  readonly decision: string;
  /** Conditions that are not understood and may decide otherwise: the decision is then unknown. */
  readonly unknown: readonly string[];
  /** The steps in words, from the first rule or map to the verdict. Empty where the model was not built. */
  readonly path: readonly string[];
  /** The work of each hook, in the packet's order; empty where the plane does not count them apart. */
  readonly hooks: readonly HookWork[];
  readonly position: ListPosition | null;
  /** Path, position and the work at the cluster's size are those of the node's own list, foreign rules included. */
  readonly ownList: boolean;
  readonly sizes: readonly SizedCost[];
}

/** One service-port on every plane: what `explainService` returns. */
export interface ServiceExplanation {
  /** `namespace/name:port`. */
  readonly service: string;
  readonly otherPorts: readonly string[];
  readonly endpoints: number;
  readonly affinity: boolean;
  readonly cluster: { readonly services: number; readonly servicePorts: number; readonly endpoints: number };
  readonly flow: string;
  readonly seed: number;
  readonly planes: readonly PlaneExplanation[];
}

/** Settings of `explainService`. */
export interface ExplainOptions {
  readonly planes: readonly PlaneId[];
  /** Of the order of rules, of hashes and of random picks. */
  readonly seed: number;
  /** A run to predict times from. */
  readonly run?: Results;
  /** A node's own list (of an imported iptables-save), which iptables then walks at the cluster's size as it is. */
  readonly nodeList?: NodeList;
  /** Whose rules planes without a version in their id write, where they walk no node's own list; the newest where absent or empty. */
  readonly options?: PlaneOptions;
  /** A model is not built where its tables would take more; 1 GiB by default. */
  readonly maxModelBytes?: number;
}

/**
 * Explains the first packet of a pod on this node to the cluster IP of a service-port, plane by plane, at 1, 2 and 10 times
 * the cluster. Counts are exact; times are predictions from the run. Memory: one plane's program at the largest size.
 *
 * @param servicePort Number of the service port, from `findServicePort`.
 * @param options Planes, their options, and a run to predict times from.
 * @param cluster The cluster that holds the service.
 * @returns One explanation per plane: path, position in the list, exact work, predicted nanoseconds.
 * @throws UnknownNameError for a plane that does not exist.
 * @example
 * ```ts
 * import { explainService, generateCluster } from "lbscale";
 *
 * const cluster = generateCluster({ services: 100, seed: 1 });
 * const { planes } = explainService(cluster, 6, { planes: ["iptables", "ebpf"], seed: 1 });
 * for (const { label, sizes } of planes) console.log(label, sizes.map(({ rules }) => rules?.mean));
 * ```
 */
export function explainService(
  cluster: Cluster,
  servicePort: number,
  options: ExplainOptions,
): ServiceExplanation {
  const flow = firstPacket(cluster, servicePort);
  const { services, servicePorts, endpoints } = cluster;
  const axis = options.run ? axisOf(options.run, cluster) : "servicePorts";
  const sizes = GROWTH_FACTORS.map((factor) => grown(cluster, factor, axis));
  return {
    service: servicePortName(cluster, servicePort),
    otherPorts: otherPorts(cluster, servicePort),
    endpoints: cluster.endpointStart[servicePort + 1]! - cluster.endpointStart[servicePort]!,
    affinity: cluster.affinitySeconds[cluster.service[servicePort]!]! > 0,
    cluster: { services, servicePorts, endpoints },
    flow: describeFlow(flow, cluster.network),
    seed: options.seed,
    planes: options.planes.map((plane) => explainPlane(plane, sizes, servicePort, flow, options)),
  };
}

/** Of the first client address on this node. */
function firstPacket(cluster: Cluster, servicePort: number): Flow {
  return {
    src: (cluster.network.clientCidr.base + 1) | 0,
    sport: CLIENT_PORT,
    dst: cluster.clusterIp[cluster.service[servicePort]!]! | 0,
    dport: cluster.port[servicePort]!,
    protocol: cluster.protocol[servicePort]!,
  };
}

interface Grown {
  readonly factor: number;
  readonly services: number;
  readonly servicePorts: number;
  /** The N at which the run is read. */
  readonly n: number;
  /** What the cluster is like, or why it can't grow so far. */
  readonly cluster: Cluster | string;
}

function grown(cluster: Cluster, factor: number, axis: Axis): Grown {
  const size = {
    factor,
    services: factor * cluster.services,
    servicePorts: factor * cluster.servicePorts,
    n: factor * cluster[axis],
  };
  try {
    return { ...size, cluster: growCluster(cluster, size.services) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...size, cluster: error.message };
  }
}

function explainPlane(
  id: PlaneId,
  sizes: readonly Grown[],
  servicePort: number,
  flow: Flow,
  { seed, run, nodeList, options: asked = {}, maxModelBytes = MAX_MODEL_BYTES }: ExplainOptions,
): PlaneExplanation {
  const plane = planeById(id);
  const path: string[] = [];
  let hooks: readonly HookWork[] = [];
  let decision = "";
  let unknown: readonly string[] = [];
  let position: ListPosition | null = null;
  /** Rules that every order and pick visits: growing the cluster leaves the service's own chains as they are. */
  let constant: number | null = null;
  const own = plane.descriptor.can.readsNodeLists && nodeList ? nodeList : null;
  const options = { ...asked, seed };
  const costs = sizes.map((size): SizedCost => {
    const { factor, services, servicePorts, n } = size;
    const nothing = { factor, services, servicePorts, work: null, rules: null, prediction: null };
    const program = compiledOrReason(size.cluster, (cluster) => plane.compile(cluster, options));
    if (typeof program === "string") return { ...nothing, unavailable: program };
    const bytes = program.bytes();
    const explained =
      bytes <= maxModelBytes
        ? program.model(seed).explain(flow, 0, factor === 1 && !own ? path : undefined)
        : null;
    const chosen = explained && explained.decision >= 0 ? explained.decision >>> 1 : -1;
    const at = program.listPosition?.(servicePort, chosen) ?? null;
    if (factor === 1 && explained) {
      position = at;
      hooks = explained.hooks ?? [];
      decision = describeDecision(program.cluster, explained.decision);
      unknown = omissionsMet(program.cluster, flow);
      constant = at && explained.work.rulesVisited - at.rule - at.pick;
    }
    if (factor === 1 && own) {
      const walked = walkOwnList(program.cluster, own, servicePort, flow, seed, path);
      position = walked.position;
      decision = describeDecision(program.cluster, walked.decision);
      unknown = unknownConditions(program.cluster, own, flow);
      const { work } = walked;
      const prediction = run ? predictLookup(run, id, n, work.rulesVisited) : null;
      return { factor, services, servicePorts, work, unavailable: null, rules: null, prediction };
    }
    const rules = at && constant !== null ? rangeOf(constant, at) : null;
    return {
      factor,
      services,
      servicePorts,
      work: explained?.work ?? null,
      unavailable: explained ? null : `its tables would take ${formatBytes(bytes)}: not built here`,
      rules,
      prediction: run && (explained || rules) ? predictLookup(run, id, n, rules?.mean ?? null) : null,
    };
  });
  const release = own ? undefined : releaseOf(plane.descriptor, asked.kubeProxy);
  const nft = own ? undefined : nftVersionOf(plane.descriptor, asked);
  const names = { plane: id, label: plane.label, kubeProxy: release ?? null, nft: nft ?? null };
  return { ...names, decision, unknown, path, hooks, position, ownList: own !== null, sizes: costs };
}

/** The walk through a node's list as it is. Throws InputError where a kernel would refuse the list. */
function walkOwnList(
  cluster: Cluster,
  list: NodeList,
  servicePort: number,
  flow: Flow,
  seed: number,
  path: string[],
) {
  const { decision, work } = compileNodeList(cluster, list).model(seed).explain(flow, 0, path);
  const rule = positionsIn(cluster, list)(servicePort);
  const first = cluster.endpointStart[servicePort]!;
  const position: ListPosition | null =
    rule === null || decision < 0
      ? null
      : {
          rule,
          lastRule: list.tables.nat.get("KUBE-SERVICES")!.rules.length,
          pick: (decision >>> 1) - first + 1,
          lastPick: cluster.endpointStart[servicePort + 1]! - first,
        };
  return { decision, work, position };
}

/** A program, or why there is none. */
function compiledOrReason(
  cluster: Cluster | string,
  compile: (cluster: Cluster) => Program,
): Program | string {
  if (typeof cluster === "string") return cluster;
  try {
    return compile(cluster);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

/** Every other order and pick follows from one walk. */
function rangeOf(constant: number, { lastRule, lastPick }: ListPosition) {
  return {
    best: constant + 2,
    mean: constant + (1 + lastRule) / 2 + (1 + lastPick) / 2,
    worst: constant + lastRule + lastPick,
  };
}
