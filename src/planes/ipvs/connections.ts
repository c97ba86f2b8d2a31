/** IPVS with its connections: ip_vs_conn, and nf_conntrack next to it because kube-proxy sets net/ipv4/vs/conntrack = 1. */

import type { Cluster } from "../../cluster/cluster.js";
import {
  addWork,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  type Model,
  noWork,
  PASS,
} from "../plane.js";
import { type Conntrack, NONE } from "../shared/conntrack.js";
import { type Count, explainConfirm, explainKnown } from "../shared/explain-conntrack.js";
import { answeringSide } from "../shared/netfilter-connections.js";
import { NULL } from "./layout.js";
import {
  CLIENT,
  CLIENT_PORT,
  type ConnectionTable,
  NEXT,
  PROTOCOL,
  VIRTUAL,
  VIRTUAL_PORT,
} from "./tables/connection-table.js";

export class IpvsConnections implements Connections {
  readonly #model: Model;
  readonly #cluster: Cluster;
  readonly #conntrack: Conntrack;
  readonly #table: ConnectionTable;
  readonly #endpointAddress: Uint32Array;
  readonly #endpointPort: Uint16Array;

  constructor(model: Model, cluster: Cluster, conntrack: Conntrack, table: ConnectionTable) {
    this.#model = model;
    this.#cluster = cluster;
    this.#conntrack = conntrack;
    this.#table = table;
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
    const conntrack = this.#conntrack;
    const bucket = conntrack.bucket(src, sport, dst, dport, protocol);
    const known = conntrack.find(bucket, src, sport, dst, dport, protocol);
    if (known !== NONE) return this.#proceed(known, src, sport, dst, dport, protocol, nowSec);
    return this.#begin(bucket, src, sport, dst, dport, protocol, nowSec);
  }

  /** Two lookups: the service table is only read for connections that ip_vs_conn_tab doesn't have. */
  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const conntrack = this.#conntrack;
    const bucket = conntrack.bucket(src, sport, dst, dport, protocol);
    const known = conntrack.find(bucket, src, sport, dst, dport, protocol);
    if (known !== NONE) return this.#proceed(known, src, sport, dst, dport, protocol, nowSec);
    return this.#begin(bucket, src, sport, dst, dport, protocol, nowSec);
  }

  /** What conntrack knows, ip_vs_in looks for too; what is no service's is conntrack's alone. */
  #proceed(
    known: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const decision = this.#conntrack.refresh(known, nowSec);
    const table = this.#table;
    const bucket = table.bucket(src, sport, protocol);
    const connection = table.find(bucket, src, sport, dst, dport, protocol);
    return connection === NULL ? decision : table.refresh(connection);
  }

  #begin(
    bucket: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const conntrack = this.#conntrack;
    // init_conntrack fails before IPVS sees the packet.
    if (conntrack.full) return DROP;
    const table = this.#table;
    const chain = table.bucket(src, sport, protocol);
    const stale = table.find(chain, src, sport, dst, dport, protocol);
    if (stale !== NULL) return table.refresh(stale);
    const decision = this.#model.lookup(src, sport, dst, dport, protocol, nowSec);
    // What is refused or dropped is never confirmed.
    if (decision < PASS) return decision;
    let answering = dst;
    let answeringPort = dport;
    if (decision !== PASS) {
      answering = this.#endpointAddress[decision >> 1]! | 0;
      answeringPort = this.#endpointPort[decision >> 1]!;
      table.insert(chain, src, sport, dst, dport, protocol, answering, answeringPort, decision);
    }
    conntrack.confirm(bucket, src, sport, dst, dport, protocol, answering, answeringPort, decision, nowSec);
    return decision;
  }

  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const work = noWork();
    const count = { work, path };
    const known = explainKnown(this.#conntrack, flow, nowSec, count);
    if (known !== null) {
      const connection = this.#search(flow, count);
      return { decision: connection === NULL ? known : this.#table.refresh(connection), work };
    }
    if (this.#conntrack.full) {
      path?.push("nf_conntrack: table full, dropping packet");
      return { decision: DROP, work };
    }
    const stale = this.#search(flow, count);
    if (stale !== NULL) return { decision: this.#table.refresh(stale), work };

    const { decision, work: total } = this.#model.explain(flow, nowSec, path);
    addWork(total, work);
    if (decision < PASS) return { decision, work: total };
    const answering = answeringSide(this.#cluster, decision, flow);
    if (decision !== PASS) this.#insert(flow, answering, decision, { work: total, path });
    explainConfirm(this.#conntrack, flow, answering, decision, nowSec, { work: total, path });
    return { decision, work: total };
  }

  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return this.explainConnect(flow, nowSec, path);
  }

  reset(seed: number): void {
    this.#table.reset();
    this.#conntrack.reset();
    this.#model.reset(seed);
  }

  bytes(): number {
    return this.#table.bytes() + this.#conntrack.bytes();
  }

  /** `ConnectionTable.find`, counted. */
  #search(flow: Flow, { work, path }: Count): number {
    const { words, buckets } = this.#table;
    const matches = (connection: number) =>
      words[connection + CLIENT] === (flow.src | 0) &&
      words[connection + VIRTUAL] === (flow.dst | 0) &&
      (words[connection + CLIENT_PORT]! & 0xffff) === flow.sport &&
      (words[connection + VIRTUAL_PORT]! & 0xffff) === flow.dport &&
      (words[connection + PROTOCOL]! & 0xffff) === flow.protocol;
    let probes = 0;
    let connection = words[this.#table.bucket(flow.src | 0, flow.sport, flow.protocol)]!;
    while (connection !== NULL) {
      probes++;
      if (matches(connection)) break;
      connection = words[connection + NEXT]!;
    }
    work.mapLookups++;
    work.stateProbes += probes;
    path?.push(
      `ip_vs_conn of ${buckets} buckets: ${connection === NULL ? "none" : "found"}, ${probes} compared`,
    );
    return connection;
  }

  #insert(
    flow: Flow,
    destination: { readonly address: number; readonly port: number },
    decision: Decision,
    { work, path }: Count,
  ): void {
    const table = this.#table;
    table.insert(
      table.bucket(flow.src | 0, flow.sport, flow.protocol),
      flow.src | 0,
      flow.sport,
      flow.dst | 0,
      flow.dport,
      flow.protocol,
      destination.address | 0,
      destination.port,
      decision,
    );
    work.entriesWritten++;
    path?.push("ip_vs_conn: a new connection at the head of its chain");
  }
}
