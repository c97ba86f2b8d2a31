/** The same decision as `model.ts`, counted and in words. The contract suite holds both to the same answers. */

import { servicePortName } from "../../cluster/cluster.js";
import { addressText, endpointText, familyOf, socketText } from "../../cluster/family.js";
import { DROP, type Explanation, type Flow, noWork, PASS, REJECT, type Work } from "../plane.js";
import type { AffinityTable } from "../shared/affinity.js";
import { MISS as LPM_MISS, type LpmTrie } from "../shared/lpm/trie.js";
import { describeWalk, ipv6Length } from "../shared/lpm/walk-text.js";
import * as layout from "./layout.js";
import { MISS } from "./maps/htab.js";
import { HOST, IDENTITY, IPCACHE_FAMILY } from "./maps/ipcache.js";
import { maglevIndex } from "./maps/maglev.js";
import type { Context, MaglevMaps, Maps } from "./maps/maps.js";
import { LOOKUP_BITS, rangeId } from "./maps/ranges.js";

/** What an explanation needs of a model: its maps and its state, not its lookup. */
export interface ExplainedModel {
  readonly context: Context;
  readonly maps: Maps;
  /** Undefined: backends are picked at random. */
  readonly maglev?: MaglevMaps;
  readonly affinity: AffinityTable;
  affinityBackend(service: number, frontend: number, src: number, nowSec: number): number;
  randomSlot(count: number): number;
  frontendOf(service: number): number;
  fromInside(src: number): boolean;
}

/** Connection tracking between the service and its backends (lb4_local). */
export interface Tracking {
  /** Whether a connection to no service is known, before ipcache is asked: none is, as a model keeps none. */
  ask(work: Work): void;
  /** Backend id of a known connection, or 0. */
  known(work: Work): number;
  /** A new connection to a backend of a frontend. */
  remember(id: number, frontend: number, work: Work): void;
}

/** Explains one flow on a model, consuming its randomness and affinity as a lookup does. */
export function explainEbpf(
  model: ExplainedModel,
  flow: Flow,
  nowSec: number,
  path?: string[],
  tracking?: Tracking,
): Explanation {
  const { cluster, frontendPort, atSocket } = model.context;
  const { services, backends } = model.maps;
  const family = familyOf(cluster.network);
  const work = noWork();
  const src = flow.src | 0;
  const dst = flow.dst | 0;
  const inside = model.fromInside(src);
  const say = (words: () => string): void => {
    path?.push(words());
  };
  const answer = (decision: number, words: string): Explanation => {
    say(() => words);
    return { decision, work };
  };
  const findService = (
    address: number,
    port: number,
    slot: number,
    protocol: number,
    scope: number,
  ): number => {
    const key = [address, layout.portSlot(port, slot), layout.protocolScope(protocol, scope)] as const;
    work.mapLookups++;
    work.hashProbes += services.probes(...key);
    const element = services.find(...key);
    say(
      () =>
        `lb${family}_services_v2[${frontendText(cluster, address, port)} slot ${slot} scope ${scope}]: ${element === MISS ? "miss" : "hit"}`,
    );
    return element;
  };

  /** A walk down a trie whose keys have an address behind one word, node by node. */
  const walk = (name: string, trie: LpmTrie, before: number, address: number): number => {
    const { ipv6 } = cluster.network;
    const key = [before, address, 0] as const;
    const visited = trie.path(...key, LOOKUP_BITS);
    const found = trie.find(...key, LOOKUP_BITS);
    work.mapLookups++;
    work.hashProbes += visited.length;
    const lengthOf = ipv6 && ((node: number) => ipv6Length(trie, node, ipv6, 1));
    path?.push(...describeWalk(name, trie, { key, length: LOOKUP_BITS, visited, found, lengthOf }));
    return found;
  };

  /** lb4_src_range_ok. */
  const isLetIn = (revNat: number): boolean => {
    const name = `lb${family}_source_range[frontend ${revNat} from ${addressText(cluster.network, src >>> 0)}]`;
    return walk(name, model.maps.ranges, rangeId(revNat), src) !== LPM_MISS;
  };

  /** Whether the destination is the node's own. */
  const isHost = (): boolean => {
    const { trie } = model.maps.ipcache;
    const name = `ipcache_v2[${addressText(cluster.network, dst >>> 0)}]`;
    const found = walk(name, trie, IPCACHE_FAMILY, dst);
    return found !== LPM_MISS && trie.words[found + IDENTITY] === HOST;
  };

  /** lb4_lookup_service. */
  const serviceAt = (address: number): number => {
    const service = findService(address, flow.dport, 0, flow.protocol, layout.SCOPE_EXTERNAL);
    if (!inside || service === MISS) return service;
    if (!(services.words[service + layout.SERVICE_FLAGS]! & layout.TWO_SCOPES)) return service;
    return findService(address, flow.dport, 0, flow.protocol, layout.SCOPE_INTERNAL);
  };

  let service = serviceAt(dst);
  if (service === MISS && !inside) {
    const wildcard = findService(dst, 0, 0, 0, 0);
    return wildcard === MISS
      ? answer(PASS, "no service: PASS")
      : answer(DROP, "a service address, but not this port, from outside: DROP");
  }
  if (service === MISS) {
    tracking?.ask(work);
    if (!isHost()) return answer(PASS, "no service, and not the node: PASS");
    service = serviceAt(0);
    if (service === MISS) return answer(PASS, "the node itself: PASS");
  }
  const flags = services.words[service + layout.SERVICE_FLAGS]!;
  say(() => `frontend of ${servicePortName(cluster, frontendPort[model.frontendOf(service) - 1]!)}`);
  if (!inside && flags & layout.SOURCE_RANGE) {
    if (!isLetIn(model.frontendOf(service))) return answer(DROP, "source outside the ranges: DROP");
  }
  if (!inside && !(flags & layout.ROUTABLE)) return answer(DROP, "a cluster IP from outside: DROP");
  const count = services.words[service + layout.SERVICE_COUNT]! & 0xffff;
  const tracked = tracking?.known(work) ?? 0;
  if (tracked === 0 && count === 0) return answer(REJECT, "no backend: REJECT");
  if (atSocket && flags & layout.EXTERNAL_IP && !isHost())
    return answer(PASS, "an external IP that is not the node's, at the socket: PASS");

  let id = tracked;
  const frontend = model.frontendOf(service);
  if (tracked === 0 && flags & layout.AFFINITY) {
    work.mapLookups++;
    id = model.affinityBackend(service, frontend, src, nowSec);
    say(() => `lb4_affinity: ${id === 0 ? "a new client" : `backend ${id}`}`);
  }
  if (id === 0) id = pick();
  if (flags & layout.AFFINITY) model.affinity.put(frontend, src, id, nowSec);

  work.mapLookups++;
  work.hashProbes += backends.probes(id);
  const backend = backends.find(id);
  const local = backends.words[backend + layout.BACKEND_LOCAL] === 1;
  const hairpin = backends.words[backend + layout.BACKEND_ADDRESS] === src;
  const leaves = !inside && !(flags & layout.EXTERNAL_LOCAL) && !local;
  say(() => `lb${family}_backends_v3[${id}]: ${endpointText(cluster, id - 1)}`);
  if (tracked === 0) tracking?.remember(id, frontend, work);
  return { decision: (id - 1) * 2 + Number(hairpin || leaves), work };

  function pick(): number {
    if (model.maglev === undefined) return pickRandom();
    if (!inside) return pickMaglev(model.maglev);
    say(() => "a client inside the cluster: a random slot, never Maglev");
    return pickRandom();
  }

  function pickRandom(): number {
    const address = services.words[service + layout.KEY]!;
    const scope = services.words[service + layout.KEY + 2]! >>> 8;
    const slot = findService(address, flow.dport, model.randomSlot(count), flow.protocol, scope);
    return services.words[slot + layout.SERVICE_BACKEND]!;
  }

  function pickMaglev(maglev: MaglevMaps): number {
    work.mapLookups += 2;
    work.hashProbes += maglev.outer.probes(frontend);
    const start = maglev.outer.words[maglev.outer.find(frontend) + layout.OUTER_INNER]!;
    const sport = flags & layout.AFFINITY ? 0 : flow.sport;
    const index = maglevIndex(src, sport, flow.dport, flow.protocol, maglev.tableSize, family);
    say(() => `lb4_maglev[${frontend}][${index}]: backend ${maglev.tables[start + index]}`);
    return maglev.tables[start + index]!;
  }
}

/** A frontend, or the surrogate of every address of the node. */
function frontendText({ network }: Context["cluster"], address: number, port: number): string {
  if (address !== 0 || network.ipv6 === undefined) return socketText(network, address >>> 0, port);
  return `[::]:${port}`;
}
