/** kube-proxy's iptables rules for a cluster, and the blob they become. */

import { applyChange, type Change } from "../../cluster/change.js";
import { type Cluster, servesPolicyCluster, servesPolicyLocal } from "../../cluster/cluster.js";
import { Random } from "../../random.js";
import type {
  ConnectionOptions,
  Connections,
  IncrementalModel,
  ListPosition,
  MemoryLine,
  Model,
  PlaneOptions,
  Program,
  UpdateCost,
  UpdateMode,
} from "../plane.js";
import {
  endpointRows,
  KUBE_PROXY_RELEASES,
  type KubeProxySettings,
  kubeProxySettings,
} from "../shared/kube-proxy.js";
import { conntrackOf, NetfilterConnections } from "../shared/netfilter-connections.js";
import { buildTable, measureTable, type Table, type TableSize } from "./blob.js";
import { IncrementalIptables } from "./incremental.js";
import { type EntrySizes, sizesOf } from "./layout.js";
import { tableMemory } from "./memory.js";
import { IptablesModel } from "./model.js";
import { emitFilterRules } from "./rules/filter-rules.js";
import {
  emitNatRules,
  endpointOwners,
  frontendRules,
  isLargeCluster,
  type RuleOrder,
} from "./rules/nat-rules.js";
import type { RuleSink } from "./rules/rules.js";
import { servicePortFacts } from "./rules/service-port.js";
import { updateCost } from "./update.js";

export class IptablesProgram implements Program {
  readonly plane = "iptables";
  readonly cluster: Cluster;
  /** Service-ports in the order of KUBE-SERVICES: position decides cost. */
  readonly order: Uint32Array;
  readonly settings: KubeProxySettings;
  readonly #order: RuleOrder;
  readonly #options: PlaneOptions;
  readonly #sizes: EntrySizes;
  #size: TableSize | undefined;

  constructor(cluster: Cluster, options: PlaneOptions = {}) {
    this.cluster = cluster;
    this.settings = kubeProxySettings(options, cluster.network);
    this.#sizes = sizesOf(cluster.network);
    this.#options = options;
    const random = Random.fromSeed(options.seed ?? 1, "iptables");
    const listed = (length: number) => Uint32Array.from({ length }, (_, index) => index);
    // proxier.go ranges over a Go map: position is random and may change at every sync.
    const services = listed(cluster.servicePorts);
    if (options.ruleOrder !== "listed") random.shuffle(services);
    this.order = services;
    const owners = endpointOwners(cluster);
    // Chains are sorted by name, and names are hashes: a seeded shuffle stands for 150,000 SHA-256.
    const serviceChains = random.shuffle(listed(cluster.servicePorts));
    const endpointChains = random.shuffle(listed(cluster.endpoints));
    const endpointPorts = endpointChains.map((endpoint) => owners[endpoint]!);
    this.#order = { services, serviceChains, endpointChains, endpointPorts };
  }

  /** The same rules for a kernel without nfacct. */
  withoutNfacct(): IptablesProgram {
    return new IptablesProgram(this.cluster, { ...this.#options, nfacct: false });
  }

  /** Of a packet to the cluster IP; null where KUBE-SERVICES holds no rule for it. */
  listPosition(servicePort: number, endpoint: number): ListPosition | null {
    const { cluster } = this;
    if (!servicePortFacts(cluster, servicePort).hasInternalEndpoints) return null;
    let before = 0;
    let others = 0;
    let passed = false;
    for (const p of this.order) {
      if (p === servicePort) passed = true;
      else {
        const rules = frontendRules(cluster, p);
        others += rules;
        if (!passed) before += rules;
      }
    }
    const onlyLocal = cluster.internalLocal[cluster.service[servicePort]!] === 1;
    const rows = endpointRows(cluster, servicePort).filter((e) =>
      (onlyLocal ? servesPolicyLocal : servesPolicyCluster)(cluster.endpointLocal[e]!),
    );
    return {
      rule: before + 1,
      lastRule: others + 1,
      pick: rows.indexOf(endpoint) + 1,
      lastPick: rows.length,
    };
  }

  /** The nat table's rules as data, in the order of the table. */
  natRules(sink: RuleSink): void {
    emitNatRules(this.cluster, this.settings, this.#order, sink);
  }

  /** The filter table's rules as data. */
  filterRules(sink: RuleSink): void {
    emitFilterRules(this.cluster, this.settings, this.#order, sink);
  }

  /** Rules of the nat table as kube-proxy counts them, entries that a walk can meet, and the blob's bytes. */
  size(): TableSize {
    this.#size ??= measureTable((sink) => this.natRules(sink), this.#indices(), this.#sizes);
    return this.#size;
  }

  bytes(): number {
    return this.size().bytes;
  }

  memory(): readonly MemoryLine[] {
    return tableMemory((sink) => this.natRules(sink), this.#sizes);
  }

  /** The program after a change, its rules in any order. */
  changed(change: Change): IptablesProgram {
    return new IptablesProgram(applyChange(this.cluster, change), { ...this.#options, ruleOrder: "listed" });
  }

  update(change: Change, mode: UpdateMode = "partial"): UpdateCost {
    return updateCost(this, this.changed(change), this.cluster.service[change.servicePort]!, mode);
  }

  facts(): Readonly<Record<string, number | string>> {
    const { rules, entries } = this.size();
    return {
      kubeProxy: KUBE_PROXY_RELEASES[this.settings.version],
      rules,
      entries,
      comments: isLargeCluster(this.cluster) ? "dropped (large cluster)" : "kept",
    };
  }

  /** Builds the nat table's blob. */
  natTable(): Table {
    return buildTable((sink) => this.natRules(sink), this.#indices(), this.#sizes);
  }

  live(seed: number, capacity: number): IncrementalModel {
    const nat = buildTable((sink) => this.natRules(sink), capacity, this.#sizes);
    const filter = buildTable((sink) => this.filterRules(sink), this.#indices(), this.#sizes);
    const model = new IptablesModel(this.cluster, nat, filter, seed, capacity - this.cluster.endpoints);
    return new IncrementalIptables(model, nat, { settings: this.settings, order: this.#order, capacity });
  }

  model(seed: number): Model {
    const filter = buildTable((sink) => this.filterRules(sink), this.#indices(), this.#sizes);
    return new IptablesModel(this.cluster, this.natTable(), filter, seed);
  }

  connections(seed: number, options: ConnectionOptions, otherFamily?: Connections): Connections {
    return new NetfilterConnections(this.model(seed), this.cluster, conntrackOf(options, seed, otherFamily));
  }

  #indices(): number {
    return Math.max(this.cluster.servicePorts, this.cluster.endpoints, 1);
  }
}
