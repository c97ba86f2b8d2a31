/** Cilium with its connection state: per packet (tc), in the connection-tracking map of lb4_local (bpf/lib/lb.h). */

import {
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  PASS,
  REJECT,
} from "../plane.js";
import { BACKGROUND_SERVICE, backgroundClient, backgroundPort } from "../shared/conntrack.js";
import { explainEbpf, type Tracking } from "./explain.js";
import {
  AFFINITY,
  BACKEND_ADDRESS,
  BACKEND_LOCAL,
  EXTERNAL_LOCAL,
  KEY,
  ROUTABLE,
  SERVICE_COUNT,
  SERVICE_FLAGS,
  SOURCE_RANGE,
} from "./layout.js";
import { explainFind, explainInsert, type LruKey } from "./maps/explain-lru.js";
import { MISS } from "./maps/htab.js";
import { type ConnectionMap, CT_BACKEND, CT_LIFETIME, CT_PACKETS, CT_REV_NAT } from "./maps/lru.js";
import type { CiliumModel } from "./model.js";

/** Cilium's nominal `bpf-ct-global-tcp-max`. */
export const DEFAULT_CT_ENTRIES = 524_288;
/** TUPLE_F_SERVICE: the scope of service entries, next to the protocol in the key. */
const SERVICE_SCOPE = 4 << 8;
/** struct ipv4_ct_tuple. */
const KEY_BYTES = 14;
/** CT_CONNECTION_LIFETIME_TCP. */
const LIFETIME_SEC = 8000;

export class TcConnections implements Connections {
  readonly #model: CiliumModel;
  readonly #map: ConnectionMap;

  constructor(model: CiliumModel, map: ConnectionMap, fill: number) {
    this.#model = model;
    this.#map = map;
    for (let i = 0; i < fill; i++) {
      map.insert(BACKGROUND_SERVICE, backgroundClient(i), 80 | (backgroundPort(i) << 16), 6 | SERVICE_SCOPE);
      map.checkpoint();
    }
  }

  /**
   * The first half is `CiliumModel.lookup`'s, which can't be shared without giving the timed lookup a call it doesn't
   * need: the service comes first, and connection tracking decides whether a backend has to be chosen.
   */
  connect(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const model = this.#model;
    const services = model.maps.services;
    const words = services.words;
    const inside = model.fromInside(src);
    const map = this.#map;
    let service = model.serviceAt(dst, dport, protocol, inside);
    if (service === MISS) {
      if (!inside) return services.find(dst, 0, 0) === MISS ? PASS : DROP;
      // ct_has_egress_entry4: a known connection to no service is not asked about again. The model keeps none of these.
      if (map.find(src, dst, sport | (dport << 16), protocol) !== MISS || !model.isHost(dst)) return PASS;
      service = model.serviceAt(0, dport, protocol, true);
      if (service === MISS) return PASS;
    }
    const flags = words[service + SERVICE_FLAGS]!;
    if (!inside) {
      if ((flags & SOURCE_RANGE) !== 0 && !model.lets(service, src)) return DROP;
      if ((flags & ROUTABLE) === 0) return DROP;
    }

    const ports = dport | (sport << 16);
    const kind = protocol | SERVICE_SCOPE;
    let entry = map.find(dst, src, ports, kind);
    const known = entry !== MISS;
    const sticky = (flags & AFFINITY) !== 0;
    let id: number;
    if (known) {
      map.touch(entry);
      map.words[entry + CT_LIFETIME] = nowSec + LIFETIME_SEC;
      map.words[entry + CT_PACKETS]!++;
      id = map.words[entry + CT_BACKEND]!;
      // lb4_update_affinity_by_addr: every packet re-arms affinity.
      if (sticky) model.affinity.put(model.frontendOf(service), src, id, nowSec);
    } else {
      if ((words[service + SERVICE_COUNT]! & 0xffff) === 0) return REJECT;
      const address = words[service + KEY]!;
      const scope = words[service + KEY + 2]! >>> 8;
      id = sticky
        ? model.pickSticky(service, src, sport, address, dport, protocol, scope, inside, nowSec)
        : model.pick(service, src, sport, address, dport, protocol, scope, inside);
    }
    const backends = model.maps.backends.words;
    const backend = model.maps.backends.find(id);
    if (!known) {
      entry = map.insert(dst, src, ports, kind);
      this.#write(entry, id, model.frontendOf(service), nowSec);
    }
    const hairpin = backends[backend + BACKEND_ADDRESS] === src;
    const leaves = !inside && (flags & EXTERNAL_LOCAL) === 0 && backends[backend + BACKEND_LOCAL] === 0;
    // The id that the element holds, as in `CiliumModel.lookup`: the next packet waits for this map too.
    return ((backends[backend + KEY]! - 1) << 1) | (hairpin || leaves ? 1 : 0);
  }

  /** Service, connection, backend: three lookups, and no choice. */
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
    const key: LruKey = [
      flow.dst | 0,
      flow.src | 0,
      flow.dport | (flow.sport << 16),
      flow.protocol | SERVICE_SCOPE,
    ];
    const tracking: Tracking = {
      ask: (work) => {
        const egress: LruKey = [flow.src | 0, flow.dst | 0, flow.sport | (flow.dport << 16), flow.protocol];
        explainFind(map, egress, KEY_BYTES, work);
        path?.push("ct4_global, egress scope: a new connection");
      },
      known: (work) => {
        const entry = explainFind(map, key, KEY_BYTES, work);
        path?.push(`ct4_global, service scope: ${entry === MISS ? "a new connection" : "known"}`);
        if (entry === MISS) return 0;
        map.touch(entry);
        map.words[entry + CT_LIFETIME] = nowSec + LIFETIME_SEC;
        map.words[entry + CT_PACKETS]!++;
        return map.words[entry + CT_BACKEND]!;
      },
      remember: (id, frontend, work) => {
        path?.push(`ct4_global: ${map.victim === MISS ? "" : "full, the oldest entry goes; "}created`);
        this.#write(explainInsert(map, key, KEY_BYTES, work), id, frontend, nowSec);
      },
    };
    return explainEbpf(this.#model, flow, nowSec, path, tracking);
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

  /** ct_create4. */
  #write(entry: number, id: number, frontend: number, nowSec: number): void {
    const words = this.#map.words;
    words[entry + CT_BACKEND] = id;
    words[entry + CT_PACKETS] = 1;
    words[entry + CT_LIFETIME] = nowSec + LIFETIME_SEC;
    words[entry + CT_REV_NAT] = frontend << 16;
  }
}
