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
  /** Options that choose one of its schedulers (`descriptor.can.schedulers`); absent where it has none. */
  scheduledBy?(scheduler: string): PlaneOptions;
  /** Turns a cluster into rules or map contents. Throws PlaneLimitError when the plane can't hold the cluster. */
  compile(cluster: Cluster, options?: PlaneOptions): Program;
  /** Both families of one node, where these share tables; absent: each has its own, but for connections. */
  compileBoth?(clusters: Pair<Cluster>, options?: PlaneOptions): BothFamilies;
  /**
   * What the kernel passes for each service of a full sync (nftables/rules/full-sync.ts); absent where it
   * walks nothing for them.
   */
  setWalks?(program: Program): readonly ServiceWalk[];
  /**
   * The text that kube-proxy hands to iptables-restore or nft for this change, in chunks: byte for byte but for the order of
   * lines. `mode` as for `Program.update`. In IPVS mode it is the rules alone, which name no Service; its servers go over
   * netlink and the elements of its sets are arguments. Absent where the control plane writes maps and no text. The others
   * throw NotRepresentableError for names that Kubernetes does not allow.
   */
  updateText?(program: Program, change: Change, mode?: UpdateMode): Iterable<string>;
}

/** One of each family, IPv4 first. */
export type Pair<T> = readonly [ipv4: T, ipv6: T];

/** Programs of both families of a node. */
export interface BothFamilies {
  readonly parts: Pair<Program>;
  /** Memory of what both share, which no part counts. */
  sharedMemory(): readonly MemoryLine[];
  /** Models of both, which share what the kernel does. */
  models(seed: number): Pair<Model>;
  /** Connections of both. */
  connections(seed: number, options: ConnectionOptions): Pair<Connections>;
}

/** A compiled plane: rules or map contents for one cluster, as data. */
export interface Program {
  readonly plane: PlaneId;
  readonly cluster: Cluster;
  /** Service-ports in the order that decides cost, where one does (a rule list). */
  readonly order?: Uint32Array;
  /** Where a packet that chose `endpoint` of a service-port met its rules, where position decides cost; null: in no list. */
  listPosition?(servicePort: number, endpoint: number): ListPosition | null;
  /** Memory as the kernel would spend it for this program, in bytes. */
  bytes(): number;
  /** The same, a line a structure: their sum is `bytes()`. */
  memory(): readonly MemoryLine[];
  /**
   * What the control plane writes when this change meets this program, which it leaves as it is. `mode` only matters to
   * iptables, where `partial` is kube-proxy's default. Throws InvalidChangeError for a change that can't be.
   */
  update(change: Change, mode?: UpdateMode): UpdateCost;
  /** What its tables hold of this cluster, where their size is fixed; absent where nothing is. */
  capacities?(): readonly Capacity[];
  /** Facts worth stating next to a measurement (rules, capacities), by name. */
  facts(): Readonly<Record<string, number | string>>;
  /** Builds the executor. The seed drives hash seeds and random picks. */
  model(seed: number): Model;
  /** Builds a model that a running control plane keeps up to date. Endpoints are numbered below `capacity`. */
  live(seed: number, capacity: number): IncrementalModel;
  /**
   * Builds a model of its own together with the connection state that the plane keeps. `otherFamily`:
   * connections of the node's other family, in whose tables these are where the plane has
   * `oneConnectionTable`.
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
  /** Writes a change, which must begin where the last one ended. `mode` as for `Program.update`. */
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
  /** First packet of a connection: decides like `Model.lookup` and writes the state. Allocates nothing. */
  connect(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision;
  /**
   * A later packet of a connection: finds the state and returns the same decision, without a new choice. On Cilium's
   * socket path it does nothing and returns PASS: the packet already carries the endpoint's address.
   */
  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision;
  /** What `connect` would do next (and does), with its exact work; in words when `path` is given. */
  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /** What `established` would do next (and does), with its exact work; in words when `path` is given. */
  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /** Forgets connections made since the last reset, not the fill, unlinking in reverse; random numbers restart from `seed`. */
  reset(seed: number): void;
  /** Memory of the connection tables as the kernel would spend it, in bytes. */
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
   * Chooses an endpoint for the first packet of a flow. Allocates nothing. Addresses are int32 views (`x | 0`), so
   * that V8 never boxes them. `nowSec` is the time in seconds: it drives affinity and its expiry.
   */
  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision;
  /**
   * What `lookup` would decide next (and remembers it likewise), with its exact work: after the same `reset` and the
   * same calls, both give the same decisions. Off the timed path. Appends the steps to `path` in words, a line per step,
   * from the first rule or map to the verdict; without `path` no words are made, since whole traces are explained.
   */
  explain(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * Back to a state that `seed` decides: random numbers, round robin, affinity, connection counts. Seed 0 is the state
   * after loading. Costs O(1) and touches no table: schedulers keep a generation, and caches stay as they are.
   */
  reset(seed: number): void;
}
