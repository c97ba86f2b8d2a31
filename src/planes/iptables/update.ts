/**
 * What kube-proxy hands to iptables-restore for one change (proxier.go, syncProxyRules), counted on the rules it emits.
 * `iptables-restore --noflush` rewrites each chain that its input declares and leaves the others.
 */

import type { Cluster } from "../../cluster/cluster.js";
import type { UpdateCost, UpdateMode } from "../plane.js";
import { BASE_CHAINS, ENSURED_CHAINS, FILLED_CHAIN } from "./blob.js";
import { type EntrySizes, ruleBytes, sizesOf } from "./layout.js";
import { isLargeCluster, LARGE_CLUSTER_ENDPOINTS } from "./rules/nat-rules.js";
import type { ChainKind, Rule, RuleSink } from "./rules/rules.js";

/** A program's two tables. kube-proxy writes both at every sync. */
interface Tables {
  readonly cluster: Cluster;
  natRules(sink: RuleSink): void;
  filterRules(sink: RuleSink): void;
}

/**
 * A partial sync writes KUBE-SERVICES and the other chains that exist once, because they name every service, and the
 * chains of the changed service (of all its ports: kube-proxy tracks changes by namespaced name). The kernel knows no
 * partial write of a legacy table, so the blobs are replaced whole in both modes.
 */
export function updateCost(before: Tables, after: Tables, service: number, mode: UpdateMode): UpdateCost {
  const old = new Tally(before.cluster, service);
  const now = new Tally(after.cluster, service);
  for (const [tables, tally] of [[before, old] as const, [after, now] as const]) {
    tables.natRules(tally);
    tables.filterRules(tally);
  }
  const full = mode === "full";
  // What a partial sync leaves alone also keeps the comments that it had: they go only when it is written again.
  const untouched = full ? now.others : old.others;
  const stale = [...old.names].filter((name) => !now.names.has(name)).length;
  const large = isLargeCluster(after.cluster);
  const bytes = now.once.bytes + now.own.bytes + untouched.bytes;
  const notes = [
    `KUBE-SERVICES and the other chains that exist once are rewritten whole: ${now.once.rules} rules`,
    full
      ? `the chains of every other service are rewritten too: ${now.others.rules} rules`
      : `the chains of every other service are left out of the input: ${now.others.rules} rules`,
    `the kernel replaces the nat and filter tables whole: ${bytes} bytes, of which ${untouched.bytes} belong to other services' chains`,
  ];
  if (stale > 0) {
    notes.push(
      large
        ? `chains without a user, which stay because above ${LARGE_CLUSTER_ENDPOINTS} endpoints they are deleted at most once a sync period: ${stale}`
        : `chains without a user, declared to flush them and deleted: ${stale}`,
    );
  }
  return {
    rules: now.once.rules + now.own.rules + (full ? now.others.rules : 0),
    chains: now.once.chains + now.own.chains + (full ? now.others.chains : 0) + (large ? 0 : stale),
    mapWrites: 0,
    bytes,
    notes,
  };
}

interface Count {
  rules: number;
  chains: number;
  bytes: number;
}

/** Counts two tables' rules by whose chains they are in. */
class Tally implements RuleSink {
  /** Chains that exist once, base chains' bytes among them. */
  readonly once: Count = { rules: 0, chains: 0, bytes: 0 };
  /** The changed service's chains, and all others'. */
  readonly own: Count = { rules: 0, chains: 0, bytes: 0 };
  readonly others: Count = { rules: 0, chains: 0, bytes: 0 };
  /** The changed service's chains by what they stand for: rows change their numbers when an endpoint leaves. */
  readonly names = new Set<string>();
  readonly #cluster: Cluster;
  readonly #ports: readonly [number, number];
  readonly #endpoints: readonly [number, number];
  readonly #sizes: EntrySizes;
  #chain = this.once;
  /** Whether kube-proxy writes the chain's rules at each sync: hook jumps are only ensured to exist. */
  #written = true;
  #isUnwritten = false;

  constructor(cluster: Cluster, service: number) {
    this.#cluster = cluster;
    this.#sizes = sizesOf(cluster.network);
    // Each table ends in an ERROR entry.
    this.once.bytes = 2 * this.#sizes.chainHead;
    this.#ports = [cluster.portStart[service]!, cluster.portStart[service + 1]!];
    this.#endpoints = [cluster.endpointStart[this.#ports[0]]!, cluster.endpointStart[this.#ports[1]]!];
  }

  chain(kind: ChainKind, index: number): void {
    this.#written = !ENSURED_CHAINS.includes(kind);
    this.#chain = this.#owner(kind, index);
    const { chainHead, chainTail } = this.#sizes;
    this.#chain.bytes += chainTail + (BASE_CHAINS.includes(kind) ? 0 : chainHead);
    this.#isUnwritten = kind === FILLED_CHAIN;
    if (this.#written && !this.#isUnwritten) this.#chain.chains++;
  }

  rule(rule: Rule): void {
    this.#chain.bytes += ruleBytes(rule, this.#sizes);
    if (this.#written) this.#chain.rules++;
    if (this.#isUnwritten) this.#chain.chains++;
    this.#isUnwritten = false;
  }

  #owner(kind: ChainKind, index: number): Count {
    switch (kind) {
      case "KUBE-SVC":
      case "KUBE-SVL":
      case "KUBE-EXT":
      case "KUBE-FW":
        if (index < this.#ports[0] || index >= this.#ports[1]) return this.others;
        this.names.add(`${kind} ${index}`);
        return this.own;
      case "KUBE-SEP": {
        if (index < this.#endpoints[0] || index >= this.#endpoints[1]) return this.others;
        const { endpointAddress, endpointPort } = this.#cluster;
        this.names.add(`${kind} ${this.#portOf(index)} ${endpointAddress[index]}:${endpointPort[index]}`);
        return this.own;
      }
      default:
        return this.once;
    }
  }

  #portOf(endpoint: number): number {
    let port = this.#ports[0];
    while (this.#cluster.endpointStart[port + 1]! <= endpoint) port++;
    return port;
  }
}
