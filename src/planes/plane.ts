/**
 * What every data plane is: it compiles a cluster to a program, rules or maps as data, which has an executor
 * laid out like the kernel's memory.
 */

import type { Change } from "../cluster/change.js";
import type { Cluster } from "../cluster/cluster.js";
import type { EndpointUpdate } from "../cluster/endpoint-updates.js";
import type { RawCidr } from "../cluster/raw-addresses.js";
import type { Capacity, PlaneDescriptor } from "./descriptor.js";
import type { IpvsScheduler } from "./ipvs/schedulers/names.js";
import type { KubeProxyVersion } from "./kube-proxy-versions.js";
import type { ServiceWalk } from "./nftables/rules/full-sync.js";

export { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "./kube-proxy-versions.js";

/** The id of a plane of a registry (registry-loader.ts). */
export type PlaneId = string;

/** Verdict of `Model.lookup` that chooses no endpoint, as the two below: the packet goes on unchanged. */
export const PASS = -1;
/** The packet is refused with an ICMP message, or the call to connect fails. */
export const REJECT = -2;
/** The packet is dropped without a word. */
export const DROP = -3;

/** Of a lookup: a verdict above, or `endpoint * 2 + masquerade`; `endpoint` indexes the cluster's endpoint columns. */
export type Decision = number;

/** Packs a chosen endpoint and whether the source is to be rewritten. */
export function dnat(endpoint: number, masquerade: 0 | 1): Decision {
  return (endpoint << 1) | masquerade;
}

/** Settings of planes; each plane reads its own part. All have defaults. */
export interface PlaneOptions {
  /** Whose rules: the newest of `KUBE_PROXY_VERSIONS` by default. */
  readonly kubeProxy?: KubeProxyVersion;
  /** Whether the kernel has nfacct, with which kube-proxy counts in iptables mode: true by default. */
  readonly nfacct?: boolean;
  /** kube-proxy's `--masquerade-all`: false by default. */
  readonly masqueradeAll?: boolean;
  /** Whether kube-proxy was given `--cluster-cidr`, without which it cannot tell pods from others: true by default. */
  readonly podDetector?: boolean;
  /** kube-proxy's `--nodeport-addresses`. Absent: `primary` for nftables, every address for iptables and IPVS. */
  readonly nodePortAddresses?: "primary" | readonly RawCidr[];
  /** kube-proxy's `--iptables-localhost-nodeports`: true by default. */
  readonly localhostNodePorts?: boolean;
  /** Version of the nft that loads nftables mode's rules, such as 1.1.3. Absent: that of kube-proxy's image. */
  readonly nftVersion?: string;
  /** Order of KUBE-SERVICES: kube-proxy iterates a Go map, so position is random (default), seeded. */
  readonly ruleOrder?: "random" | "listed";
  readonly seed?: number;
  readonly ipvsScheduler?: IpvsScheduler;
  /** `fixed`: 256 buckets (Linux up to 7.0); `resizable`: the table merged in 2026. */
  readonly ipvsServiceTable?: "fixed" | "resizable";
  /** Weight of each endpoint, indexed like the cluster's endpoint columns; absent = 1 for all, as kube-proxy sets. */
  readonly ipvsWeights?: Uint16Array;
  /**
   * Cilium's `bpf-lb-map-max`: entries of each load-balancing map. Absent: max(65536, the power of two that
   * holds the cluster).
   */
  readonly ebpfMapEntries?: number;
  /** Cilium's `bpf.preallocateMaps`: the kernel makes all elements of a map with it. False, as in Helm's chart, if absent. */
  readonly ebpfPrealloc?: boolean;
  /** Calico's `bpfMapSizeNATFrontend`. Absent: max(65536, the power of two that holds the cluster). */
  readonly calicoMapEntries?: number;
  /**
   * Whether Services with external addresses have Calico's annotation for Maglev. False, as Services are
   * without it, if absent.
   */
  readonly calicoMaglev?: boolean;
  /** Cilium's `maglev.tableSize`. */
  readonly maglevTableSize?: number;
}

/** A data plane: what turns clusters into programs. */
export interface Plane {
  readonly id: PlaneId;
  readonly label: string;
  /** What it says about itself: looks, claims, limits, modes. */
  readonly descriptor: PlaneDescriptor;
  /**
   * Options that choose one of its schedulers; absent where it has none.
   *
   * @param scheduler One of `descriptor.can.schedulers`.
   * @returns Options for `compile`, with nothing else in them.
   * @throws InvalidOptionError for the name of no scheduler.
   */
  scheduledBy?(scheduler: string): PlaneOptions;
  /**
   * Turns a cluster into rules or map contents.
   *
   * @param cluster One family's Services; it must not change while the program is used.
   * @param options Settings, of which the plane reads its own. Defaults are those of a stock kube-proxy, Cilium or Calico.
   * @returns The program; nothing is measured or loaded.
   * @throws PlaneLimitError when the plane can't hold the cluster; InvalidOptionError for settings that can't be.
   */
  compile(cluster: Cluster, options?: PlaneOptions): Program;
  /**
   * Both families of one node, where these share tables; absent: each has its own, but for connections.
   *
   * @param clusters IPv4's, then IPv6's.
   * @param options As for `compile`, for both.
   * @returns A program of each family, and what they share.
   * @throws PlaneLimitError when the plane can't hold both.
   */
  compileBoth?(clusters: Pair<Cluster>, options?: PlaneOptions): BothFamilies;
  /**
   * What the kernel passes for each service of a full sync (nftables/rules/full-sync.ts); absent where it
   * walks nothing for them.
   *
   * @param program One that this plane compiled.
   * @returns Counts of what is passed, for each service in the order in which they are loaded.
   */
  setWalks?(program: Program): readonly ServiceWalk[];
  /**
   * The text that kube-proxy hands to iptables-restore or nft for this change, in chunks: byte for byte but for the order of
   * lines. In IPVS mode it is the rules alone, which name no Service; its servers go over netlink and the elements of its sets
   * are arguments. Absent where the control plane writes maps and no text.
   *
   * @param program One that this plane compiled, of the cluster before the change.
   * @param change What happens to the cluster.
   * @param mode As for `Program.update`.
   * @returns The text in chunks of any size.
   * @throws NotRepresentableError for names that Kubernetes does not allow; InvalidChangeError for a change that can't be.
   */
  updateText?(program: Program, change: Change, mode?: UpdateMode): Iterable<string>;
}

/** One of each family, IPv4 first. */
export type Pair<T> = readonly [ipv4: T, ipv6: T];

/** Programs of both families of a node. */
export interface BothFamilies {
  readonly parts: Pair<Program>;
  /**
   * Memory of what both share, which no part counts.
   *
   * @returns A line per structure, in bytes.
   */
  sharedMemory(): readonly MemoryLine[];
  /**
   * Models of both, which share what the kernel does.
   *
   * @param seed As for `Program.model`.
   * @returns Executors of IPv4 and of IPv6.
   */
  models(seed: number): Pair<Model>;
  /**
   * Connections of both.
   *
   * @param seed As for `Program.model`.
   * @param options Sizes of the tables, and what is in them before: for both families together where these share a table.
   * @returns Connection state of IPv4 and of IPv6.
   */
  connections(seed: number, options: ConnectionOptions): Pair<Connections>;
}

/** A compiled plane: rules or map contents for one cluster, as data. */
export interface Program {
  readonly plane: PlaneId;
  readonly cluster: Cluster;
  /** Service-ports in the order that decides cost, where one does (a rule list). */
  readonly order?: Uint32Array;
  /**
   * Where a packet met its rules; absent where position decides no cost.
   *
   * @param servicePort Row of the service-port, from 0.
   * @param endpoint Row of the endpoint that it chose.
   * @returns Positions from 1, or null for a service-port in no list.
   */
  listPosition?(servicePort: number, endpoint: number): ListPosition | null;
  /**
   * Memory as the kernel would spend it for this program.
   *
   * @returns Bytes.
   */
  bytes(): number;
  /**
   * The same by structures.
   *
   * @returns A line per structure, whose bytes add up to `bytes()`.
   */
  memory(): readonly MemoryLine[];
  /**
   * What the control plane writes when this change meets this program, which it leaves as it is.
   *
   * @param change What happens to the cluster of this program.
   * @param mode Matters to iptables only, where `partial` is kube-proxy's default.
   * @returns Exact counts, and bytes handed to the kernel.
   * @throws InvalidChangeError for a change that can't be.
   */
  update(change: Change, mode?: UpdateMode): UpdateCost;
  /**
   * What its tables hold of this cluster, where their size is fixed; absent where no table's size is.
   *
   * @returns Entries used and entries there are, a table each.
   */
  capacities?(): readonly Capacity[];
  /**
   * Facts worth stating next to a measurement, such as numbers of rules and capacities.
   *
   * @returns Numbers and words by name, as results.json stores them.
   */
  facts(): Readonly<Record<string, number | string>>;
  /**
   * Builds the executor.
   *
   * @param seed Drives hash seeds and random picks: the same seed decides alike.
   * @returns An executor in the state after loading.
   */
  model(seed: number): Model;
  /**
   * Builds a model that a running control plane keeps up to date.
   *
   * @param seed As for `model`.
   * @param capacity Endpoints are numbered below it, those that join later included.
   * @returns The model, and the control plane that changes it.
   */
  live(seed: number, capacity: number): IncrementalModel;
  /**
   * Builds a model of its own together with the connection state that the plane keeps.
   *
   * @param seed As for `model`.
   * @param options Sizes of the tables, and how many connections are in them before.
   * @param otherFamily Connections of the node's other family, in whose tables these are where the plane has
   * `oneConnectionTable`.
   * @returns The state and its executor.
   * @throws MapFullError where the connections before do not fit.
   */
  connections(seed: number, options: ConnectionOptions, otherFamily?: Connections): Connections;
}

/** A model and the control plane that changes it in place, or by a new table, as the kernel does. No system call, no netlink. */
export interface IncrementalModel {
  /** Decides with endpoint numbers (src/cluster/endpoint-updates.ts). `explain` counts; it has no words for what has changed. */
  readonly model: Model;
  /** Whether the control plane writes a rolling restart endpoint by endpoint, instead of all at once. */
  readonly appliesRolloutStepwise: boolean;
  /** What all changes together have written. */
  readonly written: WriteCounts;
  /**
   * Writes a change into the model, and counts it in `written`.
   *
   * @param edit The change with numbers for its endpoints; it must begin where the last one ended.
   * @param mode As for `Program.update`.
   */
  apply(edit: EndpointUpdate, mode?: UpdateMode): void;
}

/** Counts as in `UpdateCost`. */
export interface WriteCounts {
  rules: number;
  chains: number;
  mapWrites: number;
}

/** Positions from 1 in the two lists that a packet walks: the services', then its service-port's endpoints. */
export interface ListPosition {
  /** The service-port's first rule among those of services, and the last place that another order could give it. */
  readonly rule: number;
  readonly lastRule: number;
  /** The chosen endpoint's rule in the service-port's chain, and the last one there. */
  readonly pick: number;
  readonly lastPick: number;
}

/** Sizes and contents of connection tables. Defaults are those of a kernel with more than 4 GiB of memory. */
export interface ConnectionOptions {
  /** Established connections of other clients in the tables before timing starts. */
  readonly fill: number;
  /** Cilium only: per packet (`tc`, the default), or per socket. */
  readonly path?: "tc" | "socket";
  /** `conn_tab_bits` of IPVS: 12. */
  readonly ipvsTableBits?: number;
  /** `nf_conntrack_buckets`: 262,144. */
  readonly conntrackBuckets?: number;
  /** `nf_conntrack_max`: 262,144. Beyond it the kernel drops the first packet of a connection. */
  readonly conntrackMax?: number;
  /** Entries of Cilium's connection-tracking map: 524,288; of `reverse_sk` on the socket path: 262,144. */
  readonly ebpfStateEntries?: number;
}

/**
 * A model with the connection state that the plane keeps. `connect` and `established` are what the kernel does with any
 * packet: they look for the state first, so `connect` of a known flow is `established`, and the other way round. The
 * socket path of Cilium differs: there `connect` is the system call, and a later packet meets no code at all.
 */
export interface Connections {
  /**
   * First packet of a connection: decides like `Model.lookup` and writes the state. Allocates nothing.
   *
   * @param src Source address as int32: `x | 0` of the number, so that V8 never boxes it.
   * @param sport Source port.
   * @param dst Destination address as int32.
   * @param dport Destination port.
   * @param protocol IP protocol number: 6 TCP, 17 UDP, 132 SCTP.
   * @param nowSec Time in seconds, never less than at an earlier call since `reset`: affinity and entries expire by it.
   * @returns The decision; DROP where nf_conntrack is full.
   */
  connect(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision;
  /**
   * A later packet of a connection: finds the state, and makes no new choice. Takes what `connect` takes.
   *
   * @param src Source address as int32: `x | 0` of the number, so that V8 never boxes it.
   * @param sport Source port.
   * @param dst Destination address as int32.
   * @param dport Destination port.
   * @param protocol IP protocol number: 6 TCP, 17 UDP, 132 SCTP.
   * @param nowSec Time in seconds, never less than at an earlier call since `reset`: affinity and entries expire by it.
   * @returns The decision of the first packet. On Cilium's socket path PASS: the packet already carries the endpoint's
   * address, and meets no code.
   */
  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision;
  /**
   * What `connect` would do next, and does, with its exact work.
   *
   * @param flow The packet.
   * @param nowSec As for `connect`.
   * @param path Is appended the steps in words, a line per step; without it no words are made.
   * @returns The decision and its work.
   */
  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * What `established` would do next, and does, with its exact work.
   *
   * @param flow The packet.
   * @param nowSec As for `established`.
   * @param path As for `explainConnect`.
   * @returns The decision and its work.
   */
  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * Forgets the connections made since the last reset, the last one first, but not those that were there from the start.
   *
   * @param seed Where random numbers start again.
   */
  reset(seed: number): void;
  /**
   * Memory of the connection tables as the kernel would spend it.
   *
   * @returns Bytes.
   */
  bytes(): number;
}

/** Memory of one structure. */
export interface MemoryLine {
  readonly what: string;
  readonly bytes: number;
  /** `exact`: the structures' sizes were read off a running kernel, to the byte; `derived`: from their source. */
  readonly known: "exact" | "derived";
  /** What the kernel allocates and does not count in its own account of the structure (bpftool's memlock). */
  readonly uncounted?: true;
}

/** Whether kube-proxy writes its whole table or what changed and what it can't leave out. */
export type UpdateMode = "partial" | "full";

/** What a control plane writes for one change, exact. */
export interface UpdateCost {
  /** Rules of iptables or nft. */
  readonly rules: number;
  /** Chains declared or flushed. */
  readonly chains: number;
  /** Map or set elements written or deleted, and netlink commands of IPVS. */
  readonly mapWrites: number;
  /** Calls that the control plane makes, those that change nothing included; absent where they are not modelled. */
  readonly operations?: number;
  /**
   * Bytes handed to the kernel as its structures count them: the blobs of iptables, elements, chains and tables
   * elsewhere. Deleting hands over none. The text that kube-proxy hands to its tools is `Plane.updateText`.
   */
  readonly bytes: number;
  /** What is rewritten although it did not change, and other notes, in words. */
  readonly notes: readonly string[];
}

/** Exact, noise-free counts of what one lookup did. */
export interface Work {
  /** Rules or iptables entries evaluated in the NAT hook. */
  rulesVisited: number;
  /** Rules evaluated in the filter hooks, where these decided. */
  filterRulesVisited: number;
  /** Lookups in maps, sets and hash tables. */
  mapLookups: number;
  /** Elements compared in hash chains, and nodes read in tries. */
  hashProbes: number;
  /** Entries linked into connection tables; 0 for a lookup, which keeps no connection. */
  entriesWritten: number;
  /** Elements compared in the chains of connection tables; not among `hashProbes`. */
  stateProbes: number;
  /**
   * Nodes read in the node's routing trie, which has a route for each address of a Service in IPVS mode
   * (counted in IPv4); not among `hashProbes`, and no part of the timed lookup. Absent where a plane adds no
   * routes.
   */
  routingNodes?: number;
}

/** No work yet: what a count starts from. */
export function noWork(): Work {
  return {
    rulesVisited: 0,
    filterRulesVisited: 0,
    mapLookups: 0,
    hashProbes: 0,
    entriesWritten: 0,
    stateProbes: 0,
  };
}

/** Adds the work of one operation to a total. */
export function addWork(total: Work, work: Readonly<Work>): void {
  total.rulesVisited += work.rulesVisited;
  total.filterRulesVisited += work.filterRulesVisited;
  total.mapLookups += work.mapLookups;
  total.hashProbes += work.hashProbes;
  total.entriesWritten += work.entriesWritten;
  total.stateProbes += work.stateProbes;
  if (work.routingNodes !== undefined) total.routingNodes = (total.routingNodes ?? 0) + work.routingNodes;
}

/** A 5-tuple. Addresses are unsigned or int32, as columns or traces hold them. */
export interface Flow {
  readonly src: number;
  readonly sport: number;
  readonly dst: number;
  readonly dport: number;
  readonly protocol: number;
}

/** What one netfilter hook does to a packet. */
export interface HookWork {
  /** Kind of chain, hook and priority: `nat prerouting (-100)`. */
  readonly hook: string;
  readonly rules: number;
  /** Lookups in sets and maps. */
  readonly lookups: number;
}

/** A decision with its exact work. */
export interface Explanation {
  readonly decision: Decision;
  readonly work: Work;
  /** The work by hooks, in the packet's order, where the plane counts them apart. */
  readonly hooks?: readonly HookWork[];
}

/** The executor of a program, laid out like the kernel's memory. */
export interface Model {
  /**
   * Chooses an endpoint for the first packet of a flow. Allocates nothing.
   *
   * @param src Source address as int32: `x | 0` of the number, so that V8 never boxes it.
   * @param sport Source port.
   * @param dst Destination address as int32.
   * @param dport Destination port.
   * @param protocol IP protocol number: 6 TCP, 17 UDP, 132 SCTP.
   * @param nowSec Time in seconds, never less than at an earlier call since `reset`: affinity expires by it.
   * @returns An endpoint and whether it is masqueraded, or PASS, REJECT or DROP.
   */
  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision;
  /**
   * What `lookup` would decide next (and remembers it likewise), with its exact work: after the same `reset` and the
   * same calls, both give the same decisions. Off the timed path.
   *
   * @param flow The packet, with addresses as int32.
   * @param nowSec As for `lookup`.
   * @param path Is appended the steps in words, a line per step, from the first rule or map to the verdict. Without it no words
   * are made, since whole traces are explained.
   * @returns The decision and its work.
   */
  explain(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * Back to a state that `seed` decides: random numbers, round robin, affinity, connection counts. Costs O(1) and touches no
   * table: schedulers keep a generation, and caches stay as they are.
   *
   * @param seed 0 is the state after loading.
   */
  reset(seed: number): void;
}
