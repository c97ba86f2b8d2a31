/** What kube-proxy's IPVS mode programs for a cluster: virtual services with their servers, and ipsets. */

import { applyChange, type Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { PlaneLimitError } from "../../errors.js";
import { Random } from "../../random.js";
import type { Capacity } from "../descriptor.js";
import type {
  ConnectionOptions,
  Connections,
  IncrementalModel,
  MemoryLine,
  PlaneOptions,
  Program,
  UpdateCost,
} from "../plane.js";
import {
  KUBE_PROXY_RELEASES,
  type KubeProxySettings,
  kubeProxySettings,
  nodePortNodes,
} from "../shared/kube-proxy.js";
import { connectionsOf } from "./connections.js";
import { LiveIpvs } from "./incremental.js";
import { DEST_BYTES, SERVICE_BYTES } from "./layout.js";
import { type Created, load } from "./load.js";
import type { IpvsModel } from "./model.js";
import { DEFAULT_SCHEDULER, SCHEDULERS, type SchedulerName } from "./schedulers/index.js";
import { IpSet, MAX_ELEMENTS } from "./tables/ipset.js";
import { KubeSets } from "./tables/kube-sets.js";
import { FIXED_BUCKETS, resizableBuckets } from "./tables/service-table.js";
import { HASH_SET_NAMES, HASH_SETS, listSetEntries, type SetEntries } from "./tables/set-entries.js";
import { listVirtualServices, type VirtualServices } from "./tables/virtual-services.js";
import { type UpdateCommands, updateCommands, updateCost } from "./update.js";

/** A node's table of virtual services: those of one family, or of both. */
export interface NodeTable {
  services: number;
  readonly isShared: boolean;
}

export class IpvsProgram implements Program, Created {
  readonly plane = "ipvs";
  readonly cluster: Cluster;
  readonly virtualServices: VirtualServices;
  readonly setEntries: SetEntries;
  readonly scheduler: SchedulerName;
  readonly settings: KubeProxySettings;
  readonly isResizable: boolean;
  readonly weights: Uint16Array | undefined;
  readonly #table: NodeTable;
  readonly #options: PlaneOptions;
  readonly #seed: number;

  /** `table`: of a node that has both families. */
  constructor(
    cluster: Cluster,
    options: PlaneOptions = {},
    table: NodeTable = { services: 0, isShared: false },
  ) {
    this.cluster = cluster;
    this.#table = table;
    this.#options = options;
    this.settings = kubeProxySettings(options, cluster.network);
    this.scheduler = options.ipvsScheduler ?? DEFAULT_SCHEDULER;
    this.isResizable = options.ipvsServiceTable === "resizable";
    this.weights = options.ipvsWeights;
    this.#seed = options.seed ?? 1;
    const order = Uint32Array.from({ length: cluster.servicePorts }, (_, index) => index);
    // syncProxyRules ranges over a Go map, so services are created in random order.
    if (options.ruleOrder !== "listed") Random.fromSeed(this.#seed, "ipvs").shuffle(order);
    const nodes = nodePortNodes(cluster, this.settings);
    this.virtualServices = listVirtualServices(cluster, order, nodes);
    table.services += this.virtualServices.count;
    this.setEntries = listSetEntries(cluster, nodes);
    refuseFullSets(this.setEntries);
  }

  bytes(): number {
    return this.memory().reduce((sum, line) => sum + line.bytes, 0);
  }

  memory(): readonly MemoryLine[] {
    const { count, destinations } = this.virtualServices;
    const { dataBytes } = SCHEDULERS[this.scheduler];
    const sets = new KubeSets(this.setEntries, this.#seed, 0, familyOf(this.cluster.network)).bytes();
    return [
      ...(this.#table.isShared ? [] : [this.tableMemory()]),
      // Both sizes from the BTF of a 6.1 kernel.
      { what: "struct ip_vs_service: one a virtual service", bytes: count * SERVICE_BYTES, known: "exact" },
      { what: "struct ip_vs_dest: one a destination", bytes: destinations * DEST_BYTES, known: "exact" },
      { what: `tables of the scheduler ${this.scheduler}`, bytes: count * dataBytes, known: "derived" },
      { what: "kube-proxy's ipsets", bytes: sets, known: "derived" },
    ];
  }

  /** Memory of the table itself, which is not among `memory()` where both families share it. */
  tableMemory(): MemoryLine {
    return { what: "service table: 8 bytes a bucket", bytes: this.#buckets() * 8, known: "derived" };
  }

  /** Weight of an endpoint (a row of the cluster's endpoint columns). */
  weightOf(endpoint: number): number {
    return this.weights?.[endpoint] ?? 1;
  }

  /**
   * The program after a change, its virtual services in any order and all of weight 1: `ipvsWeights` numbers
   * endpoints before it.
   */
  changed(change: Change): IpvsProgram {
    const { ipvsWeights: _, ...options } = this.#options;
    return new IpvsProgram(applyChange(this.cluster, change), { ...options, ruleOrder: "listed" });
  }

  update(change: Change): UpdateCost {
    return updateCost(this.cluster, change, this.scheduler, nodePortNodes(this.cluster, this.settings));
  }

  /** The commands of that by kind, where endpoints that leave have no connections: then they need no weight of 0 first. */
  idleUpdate(change: Change): UpdateCommands {
    return updateCommands(this.cluster, change, nodePortNodes(this.cluster, this.settings), false);
  }

  facts(): Readonly<Record<string, number | string>> {
    return {
      kubeProxy: KUBE_PROXY_RELEASES[this.settings.version],
      virtualServices: this.virtualServices.count,
      destinations: this.virtualServices.destinations,
      scheduler: this.scheduler,
      serviceTable: this.isResizable ? "resizable" : "fixed",
      buckets: this.#buckets(),
    };
  }

  model(seed: number): IpvsModel {
    return load([this], seed)[0]!.model;
  }

  live(seed: number, capacity: number): IncrementalModel {
    const elements = capacity - this.cluster.endpoints;
    const destinations = elements === 0 ? 0 : this.#laterDestinations(elements);
    return new LiveIpvs(load([this], seed, { destinations, elements })[0]!, this.virtualServices);
  }

  /** Destinations that may be added when `spare` endpoints join and policies Local fall back to all endpoints. */
  #laterDestinations(spare: number): number {
    const { cluster, virtualServices } = this;
    const { count, localOnly, servicePort } = virtualServices;
    const rowsOf = new Uint32Array(cluster.servicePorts);
    let fallBack = 0;
    for (let v = 0; v < count; v++) {
      const p = servicePort[v]!;
      rowsOf[p]!++;
      if (localOnly[v] === 1) fallBack += cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!;
    }
    return spare * rowsOf.reduce((most, rows) => Math.max(most, rows), 0) + fallBack;
  }

  connections(seed: number, options: ConnectionOptions): Connections {
    return connectionsOf([this], [this.model(seed)], seed, options)[0]!;
  }

  capacities(): readonly Capacity[] {
    return [setCapacity(this.setEntries)];
  }

  #buckets(): number {
    return this.isResizable ? resizableBuckets(this.#table.services) : FIXED_BUCKETS;
  }
}

/** The fullest of the sets. */
function setCapacity(entries: SetEntries): Capacity {
  const used = Math.max(...HASH_SET_NAMES.map((name) => entries.hash[name].view().length / HASH_SETS[name]));
  return { what: "elements of its fullest ipset", used, most: MAX_ELEMENTS, remedy: null };
}

/** An ipset that is full refuses further elements, and kube-proxy then serves some services and not others. */
function refuseFullSets(entries: SetEntries): void {
  for (const name of HASH_SET_NAMES) {
    const elements = entries.hash[name].view();
    if (elements.length / HASH_SETS[name] <= MAX_ELEMENTS) continue;
    const { size } = new IpSet(elements, HASH_SETS[name], 0);
    if (size <= MAX_ELEMENTS) continue;
    throw new PlaneLimitError(
      `${size} elements do not fit ipset ${name}, which kube-proxy creates for ${MAX_ELEMENTS}: use fewer services or leave out the plane ipvs`,
    );
  }
}
