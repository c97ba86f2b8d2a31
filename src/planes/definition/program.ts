/** A cluster, compiled by a plane. */

import type { Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import type { Capacity } from "../descriptor.js";
import type { ConnectionOptions, Connections } from "./connections.js";
import type { Model } from "./model.js";
import type { IncrementalModel, UpdateCost, UpdateMode } from "./update.js";

/** The id of a plane of a registry (registry-loader.ts). */
export type PlaneId = string;

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

/** Positions from 1 in the two lists that a packet walks: the services', then its service-port's endpoints. */
export interface ListPosition {
  /** The service-port's first rule among those of services, and the last place that another order could give it. */
  readonly rule: number;
  readonly lastRule: number;
  /** The chosen endpoint's rule in the service-port's chain, and the last one there. */
  readonly pick: number;
  readonly lastPick: number;
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
