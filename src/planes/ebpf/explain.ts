/** The same decision as `model.ts`, counted and in words. The contract suite holds both to the same answers. */

import { servicePortName } from "../../cluster/cluster.js";
import { addressText, endpointText, familyOf, socketText } from "../../cluster/family.js";
import { DROP, type Explanation, type Flow, noWork, PASS, REJECT, type Work } from "../plane.js";
import type { AffinityTable } from "../shared/affinity.js";
import { MISS as LPM_MISS } from "../shared/lpm/trie.js";
import { describeWalk } from "../shared/lpm/walk-text.js";
import * as layout from "./layout.js";
import { MISS } from "./maps/htab.js";
import { maglevIndex } from "./maps/maglev.js";
import type { Context, MaglevMaps, Maps } from "./maps/maps.js";
import { RANGE_LOOKUP_BITS, rangeId } from "./maps/ranges.js";

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
  isNode(address: number): boolean;
}

/** Connection tracking between the service and its backends (lb4_local). */
export interface Tracking {
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
  const { cluster, frontendPort } = model.context;
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

  /** lb4_src_range_ok: a walk down the trie, node by node. */
  const isLetIn = (revNat: number): boolean => {
    const { ranges } = model.maps;
    const key = [rangeId(revNat), src, 0] as const;
    const visited = ranges.path(...key, RANGE_LOOKUP_BITS);
    const found = ranges.find(...key, RANGE_LOOKUP_BITS);
    work.mapLookups++;
    work.hashProbes += visited.length;
    const name = `lb${family}_source_range[frontend ${revNat} from ${addressText(cluster.network, src >>> 0)}]`;
    path?.push(...describeWalk(name, ranges, { key, length: RANGE_LOOKUP_BITS, visited, found }));
    return found !== LPM_MISS;
  };

  let address = dst;
  let scope: number = layout.SCOPE_EXTERNAL;
  let service = findService(dst, flow.dport, 0, flow.protocol, scope);
  if (service === MISS && model.isNode(dst)) {
    address = 0;
    service = findService(0, flow.dport, 0, flow.protocol, scope);
    if (service === MISS) return answer(PASS, "the node itself: PASS");
  }
  if (service === MISS) {
    if (inside) return answer(PASS, "no service: PASS");
    const wildcard = findService(dst, 0, 0, 0, 0);
    return wildcard === MISS
      ? answer(PASS, "no service: PASS")
      : answer(DROP, "a service address, but not this port, from outside: DROP");
  }
  const flags = services.words[service + layout.SERVICE_FLAGS]!;
  say(() => `frontend of ${servicePortName(cluster, frontendPort[model.frontendOf(service) - 1]!)}`);
  if (!inside && !(flags & layout.ROUTABLE)) return answer(DROP, "a cluster IP from outside: DROP");
  if (flags & layout.SOURCE_RANGE) {
    if (!isLetIn(model.frontendOf(service))) return answer(DROP, "source outside the ranges: DROP");
  }
  if (inside && flags & layout.TWO_SCOPES) {
    scope = layout.SCOPE_INTERNAL;
    service = findService(address, flow.dport, 0, flow.protocol, scope);
    if (service === MISS) return answer(PASS, "an external IP has no internal scope: PASS");
  }
  const count = services.words[service + layout.SERVICE_COUNT]! & 0xffff;
  const tracked = tracking?.known(work) ?? 0;
  if (tracked === 0 && count === 0) return answer(REJECT, "no backend: REJECT");

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
