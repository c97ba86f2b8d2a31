/** Connections of the planes that are netfilter rules, iptables and nftables: nf_conntrack remembers what they chose. */

import type { Cluster } from "../../cluster/cluster.js";
import { familyFlag } from "../families/packet.js";
import {
  addWork,
  type ConnectionOptions,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  type Model,
  noWork,
  PASS,
} from "../plane.js";
import { Conntrack, DEFAULT_BUCKETS, NONE } from "./conntrack.js";
import { explainConfirm, explainKnown } from "./explain-conntrack.js";

/** nf_conntrack of a node's other family, or the table that the options ask for, filled. */
export function conntrackOf(options: ConnectionOptions, seed: number, otherFamily?: Connections): Conntrack {
  if (otherFamily instanceof NetfilterConnections) return otherFamily.conntrack;
  const buckets = options.conntrackBuckets ?? DEFAULT_BUCKETS;
  return new Conntrack(buckets, options.conntrackMax ?? DEFAULT_BUCKETS, options.fill, seed);
}

/** Who answers a connection: the chosen endpoint, or whom the client addressed. */
export function answeringSide(
  cluster: Cluster,
  decision: Decision,
  flow: Flow,
): { address: number; port: number } {
  if (decision < 0) return { address: flow.dst, port: flow.dport };
  return {
    address: cluster.endpointAddress[decision >> 1]!,
    port: cluster.endpointPort[decision >> 1]!,
  };
}

export class NetfilterConnections implements Connections {
  /** Those of both families where a node has both. */
  readonly conntrack: Conntrack;
  readonly #model: Model;
  readonly #flag: number;
  readonly #cluster: Cluster;
  readonly #endpointAddress: Uint32Array;
  readonly #endpointPort: Uint16Array;

  constructor(model: Model, cluster: Cluster, conntrack: Conntrack) {
    this.#model = model;
    this.conntrack = conntrack;
    this.#flag = familyFlag(cluster.network);
    this.#cluster = cluster;
    this.#endpointAddress = cluster.endpointAddress;
    this.#endpointPort = cluster.endpointPort;
  }

  connect(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const conntrack = this.conntrack;
    const tagged = protocol | this.#flag;
    const bucket = conntrack.bucket(src, sport, dst, dport, tagged);
    const known = conntrack.find(bucket, src, sport, dst, dport, tagged);
    if (known !== NONE) return conntrack.refresh(known, nowSec);
    return this.#begin(bucket, src, sport, dst, dport, protocol, nowSec);
  }

  /** One lookup: nat rules are tried for new connections only (nf_nat_inet_fn). */
  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const conntrack = this.conntrack;
    const tagged = protocol | this.#flag;
    const bucket = conntrack.bucket(src, sport, dst, dport, tagged);
    const known = conntrack.find(bucket, src, sport, dst, dport, tagged);
    if (known !== NONE) return conntrack.refresh(known, nowSec);
    return this.#begin(bucket, src, sport, dst, dport, protocol, nowSec);
  }

  /** A tuple that nobody has: the rules, and what they chose is remembered. */
  #begin(
    bucket: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const conntrack = this.conntrack;
    // init_conntrack fails before any rule is tried.
    if (conntrack.full) return DROP;
    const decision = this.#model.lookup(src, sport, dst, dport, protocol, nowSec);
    // What is refused or dropped is never confirmed.
    if (decision < PASS) return decision;
    let answering = dst;
    let answeringPort = dport;
    if (decision !== PASS) {
      answering = this.#endpointAddress[decision >> 1]! | 0;
      answeringPort = this.#endpointPort[decision >> 1]!;
    }
    const tagged = protocol | this.#flag;
    conntrack.confirm(bucket, src, sport, dst, dport, tagged, answering, answeringPort, decision, nowSec);
    return decision;
  }

  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const work = noWork();
    const count = { work, path };
    const tagged = { ...flow, protocol: flow.protocol | this.#flag };
    const known = explainKnown(this.conntrack, tagged, nowSec, count);
    if (known !== null) return { decision: known, work };
    if (this.conntrack.full) {
      path?.push("nf_conntrack: table full, dropping packet");
      return { decision: DROP, work };
    }
    const { decision, work: total } = this.#model.explain(flow, nowSec, path);
    addWork(total, work);
    if (decision >= PASS) {
      const answering = answeringSide(this.#cluster, decision, flow);
      const { network } = this.#cluster;
      explainConfirm(this.conntrack, tagged, answering, decision, nowSec, { work: total, path, network });
    }
    return { decision, work: total };
  }

  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return this.explainConnect(flow, nowSec, path);
  }

  reset(seed: number): void {
    this.conntrack.reset();
    this.#model.reset(seed);
  }

  bytes(): number {
    return this.conntrack.bytes();
  }
}
