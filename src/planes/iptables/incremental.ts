/**
 * kube-proxy and iptables-restore at work on the model's tables. In a partial sync kube-proxy writes the chains that exist
 * once (KUBE-SERVICES with one rule per service among them) and those of the changed service; in a full one, all. Either way
 * a new blob takes the old one's place, because the kernel replaces a legacy table whole (ip_tables.c, do_replace).
 */

import type { EndpointUpdate, LiveCluster } from "../../cluster/endpoint-updates.js";
import { Random } from "../../random.js";
import type { IncrementalModel, UpdateMode, WriteCounts } from "../plane.js";
import { type KubeProxySettings, kubeProxySettings } from "../shared/kube-proxy.js";
import { buildTable, ENSURED_CHAINS, FILLED_CHAIN, type Table } from "./blob.js";
import type { IptablesModel } from "./model.js";
import { ReplaceableTable } from "./replace.js";
import { emitFilterRules } from "./rules/filter-rules.js";
import { emitNatRules, endpointOwners, isLargeCluster, type RuleOrder } from "./rules/nat-rules.js";
import type { ChainKind, Rule, RuleSink } from "./rules/rules.js";
import type { Walkable } from "./walkable.js";

/** Kinds of chains in the order of the nat table: base chains, then by name. */
const NAT_ORDER: readonly ChainKind[] = [
  "PREROUTING",
  "INPUT",
  "OUTPUT",
  "POSTROUTING",
  "KUBE-EXT",
  "KUBE-FW",
  "KUBE-MARK-MASQ",
  "KUBE-NODEPORTS",
  "KUBE-POSTROUTING",
  "KUBE-PROXY-CANARY",
  "KUBE-SEP",
  "KUBE-SERVICES",
  "KUBE-SVC",
  "KUBE-SVL",
];
const SERVICE_CHAINS: readonly ChainKind[] = ["KUBE-EXT", "KUBE-FW", "KUBE-SVC", "KUBE-SVL"];

/** A service's ports, from the first to before the last, and the numbers of their endpoints. */
interface ServiceScope {
  readonly ports: readonly [number, number];
  readonly endpoints: ReadonlySet<number>;
}

/** How the tables that are there were written. */
interface Written {
  readonly settings: KubeProxySettings;
  readonly order: RuleOrder;
  /** Endpoints are numbered below. */
  readonly capacity: number;
}

export class IncrementalIptables implements IncrementalModel {
  readonly model: IptablesModel;
  readonly appliesRolloutStepwise = false;
  readonly written = { rules: 0, chains: 0, mapWrites: 0 };
  readonly #settings: KubeProxySettings;
  readonly #capacity: number;
  readonly #order: RuleOrder;
  /** Service-port, or endpoint's number → where its chains lie among those of their kind. */
  readonly #serviceRank: Float64Array;
  readonly #endpointRank: Float64Array;
  /** null after a full sync, until a partial one lists its chains. */
  #parts: ReplaceableTable | null = null;
  #nat: Table;

  constructor(model: IptablesModel, nat: Table, { settings, order, capacity }: Written) {
    this.model = model;
    this.#settings = settings;
    this.#capacity = capacity;
    this.#order = order;
    this.#serviceRank = ranks(order.serviceChains, order.serviceChains.length);
    this.#endpointRank = ranks(order.endpointChains, capacity);
    // Names are hashes: those of endpoints to come lie anywhere among the others.
    const random = Random.fromSeed(capacity, "chains to come");
    for (let id = order.endpointChains.length; id < capacity; id++) {
      this.#endpointRank[id] = random.unit() * order.endpointChains.length;
    }
    this.#nat = nat;
  }

  apply(edit: EndpointUpdate, mode: UpdateMode = "partial"): void {
    const { before, after, servicePort } = edit;
    const { cluster } = after;
    const service = cluster.service[servicePort]!;
    const [was, is] = [ownOf(before, service), ownOf(after, service)];
    for (const id of is.endpoints) this.model.setRecentSeconds(id, cluster.affinitySeconds[service]!);
    const order = mode === "full" ? this.#wholeOrder(after) : this.#ownOrder(after, is);
    const emitNat = this.#counted((sink) =>
      emitNatRules(cluster, this.#settings, order, new RenumberingSink(sink, after.ids)),
    );
    const emitFilter = this.#counted((sink) => emitFilterRules(cluster, this.#settings, this.#order, sink));
    let nat: Walkable;
    if (mode === "full") {
      this.#nat = buildTable(emitNat, this.#capacity, this.#nat.sizes);
      this.#parts = null;
      nat = this.#nat;
    } else {
      this.#parts ??= new ReplaceableTable(this.#nat, (kind, index) => this.#rankOf(kind, index));
      const isReplaced = (kind: ChainKind, index: number): boolean => {
        if (kind === "KUBE-SEP") return was.endpoints.has(index) || is.endpoints.has(index);
        return !SERVICE_CHAINS.includes(kind) || (index >= is.ports[0] && index < is.ports[1]);
      };
      this.#parts.replace({ emit: emitNat, isReplaced });
      nat = this.#parts.table;
    }
    this.model.replace(nat, buildTable(emitFilter, this.#capacity, this.#nat.sizes));
    // Beyond the threshold stale chains stay, to be deleted at most once per sync period.
    if (!isLargeCluster(cluster)) {
      this.written.chains += staleChains(chainsOf(before, service), chainsOf(after, service));
    }
  }

  /** An emitter that counts what it emits the first time: tables are measured, then written. */
  #counted(emit: (sink: RuleSink) => void): (sink: RuleSink) => void {
    let counted = false;
    return (sink) => {
      emit(counted ? sink : new CountingSink(this.written, sink));
      counted = true;
    };
  }

  /** A number that orders chains as the table does. */
  #rankOf(kind: ChainKind, index: number): number {
    const ofKind = NAT_ORDER.indexOf(kind) * 2 ** 32;
    if (kind === "KUBE-SEP") return ofKind + this.#endpointRank[index]!;
    return SERVICE_CHAINS.includes(kind) ? ofKind + this.#serviceRank[index]! : ofKind;
  }

  /** All chains of a cluster as it is now. */
  #wholeOrder({ cluster, ids }: LiveCluster): RuleOrder {
    const owners = endpointOwners(cluster);
    const rank = this.#endpointRank;
    const rows = Uint32Array.from({ length: cluster.endpoints }, (_, row) => row);
    rows.sort((a, b) => rank[ids[a]!]! - rank[ids[b]!]!);
    return { ...this.#order, endpointChains: rows, endpointPorts: rows.map((row) => owners[row]!) };
  }

  /** Only the chains of one service, next to those that exist once. */
  #ownOrder({ cluster, ids }: LiveCluster, { ports: [firstPort, endPort] }: ServiceScope): RuleOrder {
    const portRank = this.#serviceRank;
    const rank = this.#endpointRank;
    const ports = Uint32Array.from({ length: endPort - firstPort }, (_, i) => firstPort + i);
    ports.sort((a, b) => portRank[a]! - portRank[b]!);
    const first = cluster.endpointStart[firstPort]!;
    const rows = Uint32Array.from(
      { length: cluster.endpointStart[endPort]! - first },
      (_, i) => first + i,
    ).sort((a, b) => rank[ids[a]!]! - rank[ids[b]!]!);
    const portOf = (row: number): number => {
      let p = firstPort;
      while (cluster.endpointStart[p + 1]! <= row) p++;
      return p;
    };
    return {
      services: this.#order.services,
      serviceChains: ports,
      endpointChains: rows,
      endpointPorts: rows.map(portOf),
    };
  }
}

function ranks(order: Uint32Array, length: number): Float64Array {
  const rank = new Float64Array(length);
  for (const [place, index] of order.entries()) rank[index] = place;
  return rank;
}

function ownOf({ cluster, ids }: LiveCluster, service: number): ServiceScope {
  const ports = [cluster.portStart[service]!, cluster.portStart[service + 1]!] as const;
  const [first, end] = [cluster.endpointStart[ports[0]]!, cluster.endpointStart[ports[1]]!];
  return { ports, endpoints: new Set(ids.subarray(first, end)) };
}

/** Names of the chains that a service has. */
function chainsOf({ cluster, ids }: LiveCluster, service: number): Set<string> {
  const names = new Set<string>();
  const ports = [cluster.portStart[service]!, cluster.portStart[service + 1]!] as const;
  const rows: number[] = [];
  const owners: number[] = [];
  for (let p = ports[0]; p < ports[1]; p++) {
    for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
      rows.push(row);
      owners.push(p);
    }
  }
  const order: RuleOrder = {
    services: new Uint32Array(),
    serviceChains: Uint32Array.from({ length: ports[1] - ports[0] }, (_, i) => ports[0] + i),
    endpointChains: Uint32Array.from(rows),
    endpointPorts: Uint32Array.from(owners),
  };
  const list: RuleSink = { chain: (kind, index) => names.add(`${kind} ${index}`), rule: () => {} };
  emitNatRules(cluster, kubeProxySettings({}, cluster.network), order, new RenumberingSink(list, ids));
  return names;
}

function staleChains(was: ReadonlySet<string>, is: ReadonlySet<string>): number {
  let stale = 0;
  for (const name of was) if (!is.has(name)) stale++;
  return stale;
}

/** Passes rules on with endpoints by their numbers instead of rows. */
class RenumberingSink implements RuleSink {
  readonly #sink: RuleSink;
  readonly #ids: Uint32Array;

  constructor(sink: RuleSink, ids: Uint32Array) {
    this.#sink = sink;
    this.#ids = ids;
  }

  chain(kind: ChainKind, index: number): void {
    this.#sink.chain(kind, kind === "KUBE-SEP" ? this.#ids[index]! : index);
  }

  /** The emitter sets what is renumbered here before each rule. */
  rule(rule: Rule): void {
    if (rule.target === "jump" && rule.jumpKind === "KUBE-SEP") rule.jumpIndex = this.#ids[rule.jumpIndex]!;
    if (rule.target === "dnat") rule.endpoint = this.#ids[rule.endpoint]!;
    if (rule.recent !== "none") rule.recentEndpoint = this.#ids[rule.recentEndpoint]!;
    this.#sink.rule(rule);
  }
}

/** Passes rules on and counts what kube-proxy writes: hook jumps in base chains are only ensured to exist. */
class CountingSink implements RuleSink {
  readonly #written: WriteCounts;
  readonly #sink: RuleSink;
  #counts = false;
  #isUnwritten = false;

  constructor(written: WriteCounts, sink: RuleSink) {
    this.#written = written;
    this.#sink = sink;
  }

  chain(kind: ChainKind, index: number): void {
    this.#counts = !ENSURED_CHAINS.includes(kind);
    this.#isUnwritten = kind === FILLED_CHAIN;
    if (this.#counts && !this.#isUnwritten) this.#written.chains++;
    this.#sink.chain(kind, index);
  }

  rule(rule: Rule): void {
    if (this.#counts) this.#written.rules++;
    if (this.#isUnwritten) this.#written.chains++;
    this.#isUnwritten = false;
    this.#sink.rule(rule);
  }
}
