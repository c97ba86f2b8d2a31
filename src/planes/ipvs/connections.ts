/** IPVS with its connections: ip_vs_conn, and nf_conntrack next to it because kube-proxy sets net/ipv4/vs/conntrack = 1. */

import type { Cluster } from "../../cluster/cluster.js";
import { InvalidOptionError } from "../../errors.js";
import { familyFlag } from "../families/packet.js";
import {
  addWork,
  type ConnectionOptions,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  noWork,
  PASS,
} from "../plane.js";
import { type Conntrack, NONE } from "../shared/conntrack.js";
import { type Count, explainConfirm, explainKnown } from "../shared/explain-conntrack.js";
import { answeringSide, conntrackOf } from "../shared/netfilter-connections.js";
import { NULL } from "./layout.js";
import type { IpvsModel } from "./model.js";
import {
  CLIENT,
  CLIENT_PORT,
  ConnectionTable,
  DEFAULT_TABLE_BITS,
  familyOf,
  NEXT,
  PROTOCOL,
  VIRTUAL,
  VIRTUAL_PORT,
} from "./tables/connection-table.js";

/** Connections of the families of a node, whose models decide: in one ip_vs_conn_tab and one nf_conntrack. */
export function connectionsOf(
  families: readonly { readonly cluster: Cluster }[],
  models: readonly IpvsModel[],
  seed: number,
  options: ConnectionOptions,
): Connections[] {
  const conntrack = conntrackOf(options, seed);
  const bits = options.ipvsTableBits ?? DEFAULT_TABLE_BITS;
  if (!Number.isInteger(bits) || bits < 8 || bits > 27) {
    throw new InvalidOptionError(`ipvsTableBits ${bits}: Linux takes 8 to 27`);
  }
  // Each connection of IPVS is one of conntrack's too, whose limit is therefore the room.
  const table = new ConnectionTable(bits, conntrack.max, options.fill, seed);
  return families.map(({ cluster }, i) => new IpvsConnections(models[i]!, cluster, conntrack, table));
}

class IpvsConnections implements Connections {
  readonly #model: IpvsModel;
  readonly #cluster: Cluster;
  readonly #flag: number;
  readonly #conntrack: Conntrack;
  readonly #table: ConnectionTable;
  readonly #endpointAddress: Uint32Array;
  readonly #endpointPort: Uint16Array;

  /** `conntrack` and `table`: those of both families where a node has both. */
  constructor(model: IpvsModel, cluster: Cluster, conntrack: Conntrack, table: ConnectionTable) {
    this.#model = model;
    this.#cluster = cluster;
    this.#flag = familyFlag(cluster.network);
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
    const tagged = protocol | this.#flag;
    const bucket = conntrack.bucket(src, sport, dst, dport, tagged);
    const known = conntrack.find(bucket, src, sport, dst, dport, tagged);
    if (known !== NONE) return this.#proceed(known, src, sport, dst, dport, tagged, nowSec);
    return this.#begin(bucket, src, sport, dst, dport, tagged, nowSec);
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
    const tagged = protocol | this.#flag;
    const bucket = conntrack.bucket(src, sport, dst, dport, tagged);
    const known = conntrack.find(bucket, src, sport, dst, dport, tagged);
    if (known !== NONE) return this.#proceed(known, src, sport, dst, dport, tagged, nowSec);
    return this.#begin(bucket, src, sport, dst, dport, tagged, nowSec);
  }

  /** What conntrack knows, ip_vs_in looks for too; what is no service's is conntrack's alone. */
  #proceed(
    known: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    tagged: number,
    nowSec: number,
  ): Decision {
    const decision = this.#conntrack.refresh(known, nowSec);
    const table = this.#table;
    const bucket = table.bucket(src, sport, tagged);
    const connection = table.find(bucket, src, sport, dst, dport, tagged);
    return connection === NULL ? decision : table.refresh(connection);
  }

  #begin(
    bucket: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    tagged: number,
    nowSec: number,
  ): Decision {
    const conntrack = this.#conntrack;
    // init_conntrack fails before IPVS sees the packet.
    if (conntrack.full) return DROP;
    const table = this.#table;
    const chain = table.bucket(src, sport, tagged);
    const stale = table.find(chain, src, sport, dst, dport, tagged);
    if (stale !== NULL) return table.refresh(stale);
    const decision = this.#model.lookup(src, sport, dst, dport, tagged ^ this.#flag, nowSec);
    // What is refused or dropped is never confirmed.
    if (decision < PASS) return decision;
    let answering = dst;
    let answeringPort = dport;
    if (decision !== PASS) {
      answering = this.#endpointAddress[decision >> 1]! | 0;
      answeringPort = this.#endpointPort[decision >> 1]!;
      table.insert(chain, src, sport, dst, dport, tagged, answering, answeringPort, decision);
    }
    conntrack.confirm(bucket, src, sport, dst, dport, tagged, answering, answeringPort, decision, nowSec);
    return decision;
  }

  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const work = noWork();
    const count = { work, path };
    const tagged = { ...flow, protocol: flow.protocol | this.#flag };
    const known = explainKnown(this.#conntrack, tagged, nowSec, count);
    if (known !== null) {
      this.#model.explainRoute(flow.dst, count);
      const connection = this.#search(tagged, count);
      return { decision: connection === NULL ? known : this.#table.refresh(connection), work };
    }
    if (this.#conntrack.full) {
      path?.push("nf_conntrack: table full, dropping packet");
      return { decision: DROP, work };
    }
    const stale = this.#search(tagged, count);
    if (stale !== NULL) {
      this.#model.explainRoute(flow.dst, count);
      return { decision: this.#table.refresh(stale), work };
    }

    const { decision, work: total } = this.#model.explain(flow, nowSec, path);
    addWork(total, work);
    if (decision < PASS) return { decision, work: total };
    const answering = answeringSide(this.#cluster, decision, flow);
    if (decision !== PASS) this.#insert(tagged, answering, decision, { work: total, path });
    const { network } = this.#cluster;
    explainConfirm(this.#conntrack, tagged, answering, decision, nowSec, { work: total, path, network });
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
      words[connection + VIRTUAL_PORT] === (flow.dport | (familyOf(flow.protocol) << 16)) &&
      (words[connection + PROTOCOL]! & 0xffff) === (flow.protocol & 0xff);
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
