/** Cilium at the socket (connect4 in bpf/bpf_sock.c): decided once, in the system call; packets then need nothing. */

import type { Cluster } from "../../cluster/cluster.js";
import {
  type Connections,
  type Decision,
  type Explanation,
  type Flow,
  type Model,
  noWork,
  PASS,
} from "../plane.js";
import { BACKGROUND_ENDPOINT, BACKGROUND_SERVICE } from "../shared/conntrack.js";
import { explainFind, explainInsert, type LruKey } from "./maps/explain-lru.js";
import { MISS } from "./maps/htab.js";
import { type ReverseSocketMap, SK_ADDRESS, SK_PORT } from "./maps/lru.js";

/** Cilium's `bpf-sock-rev-map-max`. */
export const DEFAULT_SOCKETS = 262_144;
/** struct ipv4_revnat_tuple. */
const KEY_BYTES = 16;

export class SocketConnections implements Connections {
  readonly #model: Model;
  readonly #map: ReverseSocketMap;
  readonly #endpointAddress: Uint32Array;
  readonly #endpointPort: Uint16Array;
  /** Cookies count up (sock_gen_cookie); in a typed array, so that counting never boxes. */
  readonly #cookie: Int32Array;
  readonly #filled: number;

  constructor(model: Model, cluster: Cluster, map: ReverseSocketMap, fill: number) {
    this.#model = model;
    this.#map = map;
    this.#endpointAddress = cluster.endpointAddress;
    this.#endpointPort = cluster.endpointPort;
    this.#filled = fill;
    this.#cookie = Int32Array.of(fill);
    for (let cookie = 1; cookie <= fill; cookie++) {
      const element = map.insert(cookie, 0, BACKGROUND_ENDPOINT, 8080);
      map.words[element + SK_ADDRESS] = BACKGROUND_SERVICE;
      map.words[element + SK_PORT] = 80;
      map.checkpoint();
    }
  }

  /** Each call is another socket's, whatever its ports: a socket that chose an endpoint gets an entry. */
  connect(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const decision = this.#model.lookup(src, sport, dst, dport, protocol, nowSec);
    const cookie = ++this.#cookie[0]!;
    if (decision < 0) return decision;
    const map = this.#map;
    const address = this.#endpointAddress[decision >> 1]! | 0;
    const port = this.#endpointPort[decision >> 1]!;
    // sock4_update_revnat: looked up first, updated where that finds nothing.
    let element = map.find(cookie, 0, address, port);
    if (element === MISS) element = map.insert(cookie, 0, address, port);
    map.words[element + SK_ADDRESS] = dst;
    map.words[element + SK_PORT] = dport;
    return decision;
  }

  /** No program runs: the kernel's socket sends to the endpoint itself. */
  established(): Decision {
    return PASS;
  }

  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const explanation = this.#model.explain(flow, nowSec, path);
    const { decision, work } = explanation;
    const cookie = ++this.#cookie[0]!;
    if (decision < 0) return explanation;
    const map = this.#map;
    const endpoint = decision >> 1;
    const key: LruKey = [cookie, 0, this.#endpointAddress[endpoint]! | 0, this.#endpointPort[endpoint]!];
    const found = explainFind(map, key, KEY_BYTES, work);
    const element = found === MISS ? explainInsert(map, key, KEY_BYTES, work) : found;
    map.words[element + SK_ADDRESS] = flow.dst;
    map.words[element + SK_PORT] = flow.dport;
    path?.push(`lb4_reverse_sk[cookie ${cookie}]: updated`);
    return explanation;
  }

  explainEstablished(_flow: Flow, _nowSec: number, path?: string[]): Explanation {
    path?.push("the socket sends to its endpoint: no program runs");
    return { decision: PASS, work: noWork() };
  }

  reset(seed: number): void {
    this.#cookie[0] = this.#filled;
    this.#map.reset();
    this.#model.reset(seed);
  }

  bytes(): number {
    return this.#map.bytes();
  }
}
