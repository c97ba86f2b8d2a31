/**
 * Calico with its connection state, per packet (felix/bpf-gpl/conntrack.h): connection tracking first. A
 * translated connection has a forward entry under the addresses that the client sees, which leads to a
 * reverse one under those that the endpoint sees.
 */

import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { explainFind, explainInsert, type LruKey } from "../ebpf/maps/explain-lru.js";
import { type Connections, type Decision, type Explanation, type Flow, noWork, PASS } from "../plane.js";
import { BACKGROUND_SERVICE, backgroundClient, backgroundPort } from "../shared/conntrack.js";
import { MISS } from "../shared/lpm/trie.js";
import { type ConntrackMap, CT_DECISION, CT_REVERSE } from "./maps/conntrack.js";
import type { CalicoModel } from "./model.js";

const KEY_BYTES = 16;

export class CalicoConnections implements Connections {
  readonly #model: CalicoModel;
  readonly #map: ConntrackMap;
  readonly #name: string;
  readonly #address: Uint32Array;
  readonly #port: Uint16Array;

  constructor(model: CalicoModel, cluster: Cluster, map: ConntrackMap, fill: number) {
    this.#model = model;
    this.#map = map;
    this.#name = `cali_v${familyOf(cluster.network)}_ct`;
    this.#address = cluster.endpointAddress;
    this.#port = cluster.endpointPort;
    for (let i = 0; i < fill; i++) {
      const element = map.insert(6, BACKGROUND_SERVICE, backgroundClient(i), 80 | (backgroundPort(i) << 16));
      map.words[element + CT_DECISION] = PASS;
      map.checkpoint();
    }
  }

  connect(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const map = this.#map;
    const ports = dport | (sport << 16);
    let entry = map.find(protocol, dst, src, ports);
    if (entry !== MISS) {
      map.touch(entry);
      const known = map.words[entry + CT_DECISION]!;
      if (known < 0) return known;
      const reverse = map.find(
        protocol,
        map.words[entry + CT_REVERSE]!,
        src,
        map.words[entry + CT_REVERSE + 1]!,
      );
      if (reverse !== MISS) map.touch(reverse);
      return known;
    }
    const decision = this.#model.lookup(src, sport, dst, dport, protocol, nowSec);
    // What is refused or dropped leaves no entry.
    if (decision < PASS) return decision;
    if (decision >= 0) {
      const endpoint = decision >> 1;
      const address = this.#address[endpoint]! | 0;
      const reversePorts = this.#port[endpoint]! | (sport << 16);
      if (map.find(protocol, address, src, reversePorts) === MISS) {
        const reverse = map.insert(protocol, address, src, reversePorts);
        map.words[reverse + CT_DECISION] = PASS;
      }
      entry = map.insert(protocol, dst, src, ports);
      map.words[entry + CT_REVERSE] = address;
      map.words[entry + CT_REVERSE + 1] = reversePorts;
    } else entry = map.insert(protocol, dst, src, ports);
    map.words[entry + CT_DECISION] = decision;
    return decision;
  }

  /** Two lookups for a translated connection, and no walk down the trie. */
  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    return this.connect(src, sport, dst, dport, protocol, nowSec);
  }

  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const map = this.#map;
    const src = flow.src | 0;
    const key: LruKey = [flow.protocol, flow.dst | 0, src, flow.dport | (flow.sport << 16)];
    const work = noWork();
    const found = explainFind(map, key, KEY_BYTES, work);
    path?.push(`${this.#name}: ${found === MISS ? "a new connection" : "known"}`);
    if (found !== MISS) {
      map.touch(found);
      const decision = map.words[found + CT_DECISION]!;
      if (decision >= 0) {
        const reverseKey: LruKey = [
          flow.protocol,
          map.words[found + CT_REVERSE]!,
          src,
          map.words[found + CT_REVERSE + 1]!,
        ];
        const reverse = explainFind(map, reverseKey, KEY_BYTES, work);
        if (reverse !== MISS) map.touch(reverse);
        path?.push(`${this.#name}: its reverse entry`);
      }
      return { decision, work };
    }
    const chosen = this.#model.explain(flow, nowSec, path);
    const { decision } = chosen;
    work.mapLookups += chosen.work.mapLookups;
    work.hashProbes += chosen.work.hashProbes;
    if (decision < PASS) return { decision, work };
    let reverseKey: LruKey | null = null;
    if (decision >= 0) {
      const endpoint = decision >> 1;
      reverseKey = [
        flow.protocol,
        this.#address[endpoint]! | 0,
        src,
        this.#port[endpoint]! | (flow.sport << 16),
      ];
      if (map.find(...reverseKey) === MISS) {
        const reverse = explainInsert(map, reverseKey, KEY_BYTES, work);
        map.words[reverse + CT_DECISION] = PASS;
      }
    }
    const entry = explainInsert(map, key, KEY_BYTES, work);
    map.words[entry + CT_DECISION] = decision;
    map.words[entry + CT_REVERSE] = reverseKey?.[1] ?? 0;
    map.words[entry + CT_REVERSE + 1] = reverseKey?.[3] ?? 0;
    path?.push(`${this.#name}: ${reverseKey ? "reverse and forward entries" : "an entry"} created`);
    return { decision, work };
  }

  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return this.explainConnect(flow, nowSec, path);
  }

  reset(seed: number): void {
    this.#map.reset();
    this.#model.reset(seed);
  }

  bytes(): number {
    return this.#map.bytes();
  }
}
