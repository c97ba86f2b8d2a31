/** The iptables model: a walk over the nat blob, and over the filter blob where nat chose no endpoint. */

import type { Cluster } from "../../cluster/cluster.js";
import { type Decision, type Explanation, type Flow, type Model, noWork } from "../plane.js";
import { AffinityTable } from "../shared/affinity.js";
import { reseed, xorshiftState } from "../shared/xorshift.js";
import { explainWalk } from "./explain.js";
import type { WalkState } from "./rules/matches.js";
import { Walker } from "./walk.js";
import type { Walkable } from "./walkable.js";

/** xt_recent's `ip_list_tot`: a list forgets its oldest client beyond this many. */
const RECENT_CLIENTS = 100;
/** Clients that all lists together remember in the model; the kernel allocates as it goes. */
const RECENT_CAPACITY = 1 << 18;

export class IptablesModel implements Model {
  readonly #cluster: Cluster;
  #nat: Walkable;
  #filter: Walkable;
  readonly #natWalker: Walker;
  readonly #filterWalker: Walker;
  readonly #state: WalkState;
  #natStart: number;
  #forward: number;
  #input: number;

  /** `spare`: endpoints that may join later. */
  constructor(cluster: Cluster, nat: Walkable, filter: Walkable, seed: number, spare = 0) {
    this.#cluster = cluster;
    this.#nat = nat;
    this.#filter = filter;
    this.#state = walkState(cluster, spare);
    this.#natWalker = new Walker(nat, this.#state);
    this.#filterWalker = new Walker(filter, this.#state);
    this.#natStart = nat.start("PREROUTING") >>> 2;
    this.#forward = filter.start("FORWARD") >>> 2;
    this.#input = filter.start("INPUT") >>> 2;
    this.reset(seed);
  }

  lookup(
    src: number,
    _sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const { mark } = this.#state;
    mark[0] = 0;
    mark[1] = 0;
    const chosen = this.#natWalker.walk(this.#natStart, src, dst, dport, protocol, nowSec);
    if (chosen >= 0) return chosen;
    return this.#filterWalker.walk(this.#filterStart(dst), src, dst, dport, protocol, nowSec);
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const state = this.#state;
    state.mark.fill(0);
    const nat = explainWalk(this.#nat, state, this.#natStart << 2, flow, nowSec, this.#cluster, path);
    const work = noWork();
    work.rulesVisited = nat.entriesVisited;
    work.mapLookups = nat.setLookups;
    if (nat.decision >= 0) return { decision: nat.decision, work };
    path?.push("filter table:");
    const start = this.#filterStart(flow.dst | 0) << 2;
    const filter = explainWalk(this.#filter, state, start, flow, nowSec, this.#cluster, path);
    work.filterRulesVisited = filter.entriesVisited;
    return { decision: filter.decision, work };
  }

  /** The kernel's do_replace: walks that begin from now on see the new tables. */
  replace(nat: Walkable, filter: Walkable): void {
    this.#nat = nat;
    this.#filter = filter;
    this.#natWalker.words = nat.words;
    this.#filterWalker.words = filter.words;
    this.#natStart = nat.start("PREROUTING") >>> 2;
    this.#forward = filter.start("FORWARD") >>> 2;
    this.#input = filter.start("INPUT") >>> 2;
  }

  /** The `recent` list of an endpoint's clients forgets them after this long. */
  setRecentSeconds(endpoint: number, seconds: number): void {
    this.#state.recentSeconds[endpoint] = seconds;
  }

  reset(seed: number): void {
    reseed(this.#state.random, seed);
    this.#state.recent?.clear();
  }

  /** Without DNAT a packet to the node itself goes through INPUT, anything else through FORWARD. */
  #filterStart(dst: number): number {
    if (dst >>> 24 === 127) return this.#input;
    const own = this.#state.nodeAddresses;
    for (let i = 0; i < own.length; i++) if (own[i] === dst) return this.#input;
    return this.#forward;
  }
}

function walkState(cluster: Cluster, spare: number): WalkState {
  const recentSeconds = new Int32Array(cluster.endpoints + spare);
  let sticky = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
    const first = cluster.endpointStart[p]!;
    const end = cluster.endpointStart[p + 1]!;
    recentSeconds.fill(seconds, first, end);
    if (seconds > 0) sticky += end - first;
  }
  return {
    random: xorshiftState(1),
    nodeAddresses: Int32Array.from(cluster.network.nodeAddresses, (address) => address | 0),
    recent:
      sticky === 0 && !(spare > 0 && cluster.affinitySeconds.some((seconds) => seconds > 0))
        ? null
        : new AffinityTable({
            groups: cluster.endpoints + spare,
            capacity: Math.min(RECENT_CAPACITY, (sticky + spare) * RECENT_CLIENTS),
            groupLimit: RECENT_CLIENTS,
          }),
    recentSeconds,
    mark: new Int32Array(2),
  };
}
