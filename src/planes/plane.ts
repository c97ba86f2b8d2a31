/**
 * What every data plane is: it compiles a cluster to a program, rules or maps as data, which has an executor
 * laid out like the kernel's memory. `definition/` has the parts of it, a file each.
 */

import type { Change } from "../cluster/change.js";
import type { Cluster } from "../cluster/cluster.js";
import type { ConnectionOptions, Connections } from "./definition/connections.js";
import type { Model } from "./definition/model.js";
import type { PlaneOptions } from "./definition/plane-options.js";
import type { MemoryLine, PlaneId, Program } from "./definition/program.js";
import type { UpdateMode } from "./definition/update.js";
import type { PlaneDescriptor } from "./descriptor.js";
import type { ServiceWalk } from "./nftables/rules/full-sync.js";

export type { ConnectionOptions, Connections } from "./definition/connections.js";
export { type Decision, DROP, dnat, PASS, REJECT } from "./definition/decision.js";
export type { Explanation, Flow, HookWork, Model } from "./definition/model.js";
export type { PlaneOptions } from "./definition/plane-options.js";
export type { ListPosition, MemoryLine, PlaneId, Program } from "./definition/program.js";
export type { IncrementalModel, UpdateCost, UpdateMode, WriteCounts } from "./definition/update.js";
export { addWork, noWork, type Work } from "./definition/work.js";
export { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "./kube-proxy-versions.js";

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
