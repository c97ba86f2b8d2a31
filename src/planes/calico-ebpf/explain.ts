/**
 * The same decision as `model.ts`, counted and in words: each node that the walk visits. The contract suite
 * holds both to the same answers.
 */

import { type Network, servicePortName } from "../../cluster/cluster.js";
import { addressText, familyOf, socketText } from "../../cluster/family.js";
import { IPV6_BITS } from "../../cluster/ipv6.js";
import { DROP, type Explanation, type Flow, noWork, PASS, REJECT } from "../plane.js";
import type { AffinityTable } from "../shared/affinity.js";
import { DATA, type LpmTrie, MISS, PREFIX_LENGTH } from "../shared/lpm/trie.js";
import { describeWalk, ipv6Length } from "../shared/lpm/walk-text.js";
import * as layout from "./layout.js";
import { type BackendMap, NO_BACKEND } from "./maps/backends.js";
import { MAGLEV_PLACES } from "./maps/maglev.js";

/** What an explanation needs of a model: its maps and its state, not its lookup. */
export interface ExplainedModel {
  readonly cluster: Parameters<typeof servicePortName>[0];
  readonly maps: {
    readonly frontends: LpmTrie;
    readonly backends: BackendMap;
    readonly routes: LpmTrie;
    readonly maglev: BackendMap | null;
  };
  readonly affinity: AffinityTable;
  remembered(group: number, src: number, timeout: number, nowSec: number): number;
  addressOf(endpoint: number): number;
  ordinal(count: number): number;
  place(src: number, sport: number, dst: number, dport: number, protocol: number): number;
  fromInside(src: number): boolean;
}

/** Explains one flow on a model, consuming its randomness and affinity as a lookup does. */
export function explainCalico(
  model: ExplainedModel,
  flow: Flow,
  nowSec: number,
  path?: string[],
): Explanation {
  const { frontends, backends, routes } = model.maps;
  const { network } = model.cluster;
  const maps = `cali_v${familyOf(network)}`;
  const text = (address: number): string => addressText(network, address >>> 0);
  const work = noWork();
  const src = flow.src | 0;
  const dst = flow.dst | 0;
  const inside = model.fromInside(src);
  const say = (words: () => readonly string[]): void => {
    path?.push(...words());
  };
  const answer = (decision: number, words: string): Explanation => {
    say(() => [words]);
    return { decision, work };
  };
  const walk = (
    name: string,
    trie: LpmTrie,
    key: readonly [number, number, number],
    length: number,
  ): number => {
    const visited = trie.path(...key, length);
    work.mapLookups++;
    work.hashProbes += visited.length;
    const found = trie.find(...key, length);
    say(() => describeWalk(name, trie, { key, length, visited, found, lengthOf: lengthIn(trie, network) }));
    return found;
  };
  const frontendAt = (address: number): number =>
    walk(
      `${maps}_nat_fe[${frontendText(network, address, flow.dport)} from ${text(src)}]`,
      frontends,
      [address, layout.portWord(flow.dport, flow.protocol, src), layout.sourceWord(src)],
      layout.LOOKUP_BITS,
    );
  const routeOf = (address: number): number => {
    const route = walk(`${maps}_routes[${text(address)}]`, routes, [address, 0, 0], 32);
    return route === MISS ? 0 : routes.words[route + layout.ROUTE_FLAGS]!;
  };

  let frontend = frontendAt(dst);
  if (frontend === MISS) {
    if (!inside) return answer(PASS, "no service, and from outside: PASS");
    if (!(routeOf(dst) & layout.ROUTE_HOST)) return answer(PASS, "no service, and no host: PASS");
    frontend = frontendAt(layout.ANY_NODE);
    if (frontend === MISS) return answer(PASS, "a host, but no NodePort: PASS");
  }
  const at = (field: number): number => frontends.words[frontend + field]!;
  say(() => [`frontend of ${servicePortName(model.cluster, at(layout.FE_ID))}`]);
  const lookBackendUp = (name: string, map: BackendMap, ordinal: number, told: string): number => {
    const id = at(layout.FE_ID);
    work.mapLookups++;
    work.hashProbes += map.probes(id, ordinal);
    const found = map.find(id, ordinal);
    const destination = () =>
      found === NO_BACKEND
        ? "no backend"
        : socketText(
            network,
            map.words[found + layout.BACKEND_ADDRESS]! >>> 0,
            map.words[found + layout.BACKEND_PORT]!,
          );
    say(() => [`${maps}_${name}[service ${id}, ${told} ${ordinal}]: ${destination()}`]);
    return found;
  };
  const flags = at(layout.FE_FLAGS);
  const { maglev } = model.maps;
  if (flags & layout.MAGLEV && !inside && maglev !== null) {
    const { sport, dport, protocol } = flow;
    const place = model.place(src, sport, dst, dport, protocol);
    say(() => [`Maglev, for a client outside: place ${place} of ${MAGLEV_PLACES} by lookup3 of the packet`]);
    const backend = lookBackendUp("mglv", maglev, place, "place");
    if (backend === NO_BACKEND) return answer(REJECT, "an empty table: REJECT");
    return { decision: maglev.words[backend + layout.BACKEND_ENDPOINT]! * 2, work };
  }
  let count = at(layout.FE_COUNT);
  if (count === layout.DROP_COUNT) return answer(DROP, "source outside the ranges: DROP");
  if (flags & (layout.INTERNAL_LOCAL | layout.EXTERNAL_LOCAL)) {
    const known = inside || (routeOf(src) & (layout.ROUTE_HOST | layout.ROUTE_WORKLOAD)) !== 0;
    if (flags & (known ? layout.INTERNAL_LOCAL : layout.EXTERNAL_LOCAL)) {
      count = at(layout.FE_LOCAL);
      say(() => [`policy Local for what comes from ${known ? "the cluster" : "outside"}: ${count} ordinals`]);
    }
  }
  if (count === 0) return answer(REJECT, "no backend: REJECT");

  const timeout = at(layout.FE_AFFINITY);
  const group = at(layout.FE_FRONTEND);
  let endpoint = -1;
  if (timeout !== 0) {
    work.mapLookups++;
    endpoint = model.remembered(group, src, timeout, nowSec);
    say(() => [`${maps}_nat_aff: ${endpoint < 0 ? "a new client" : "a known client"}`]);
  }
  let address = endpoint < 0 ? 0 : model.addressOf(endpoint);
  if (endpoint < 0) {
    const backend = lookBackendUp("nat_be", backends, model.ordinal(count), "ordinal");
    endpoint = backends.words[backend + layout.BACKEND_ENDPOINT]!;
    address = backends.words[backend + layout.BACKEND_ADDRESS]!;
  }
  if (timeout !== 0) model.affinity.put(group, src, endpoint, nowSec);
  return { decision: endpoint * 2 + Number(address === src), work };
}

/** Lengths as Calico's keys of IPv6 have them: address, port and protocol, then a source. */
function lengthIn(trie: LpmTrie, { ipv6 }: Pick<Network, "ipv6">): ((node: number) => number) | undefined {
  if (ipv6 === undefined) return undefined;
  return (node) => {
    const { words } = trie;
    const prefixLength = words[node + PREFIX_LENGTH]! - layout.FRONTEND_BITS;
    if (prefixLength <= 0) return ipv6Length(trie, node, ipv6);
    const base = ((words[node + DATA + 1]! << 24) | (words[node + DATA + 2]! >>> 8)) >>> 0;
    return layout.FRONTEND_BITS + IPV6_BITS - 32 + ipv6.cidr6({ base, prefixLength }).prefixLength;
  };
}

/** A frontend, or the one that stands for a NodePort at any node. */
function frontendText(network: Pick<Network, "ipv6">, address: number, port: number): string {
  if (network.ipv6 === undefined || address !== layout.ANY_NODE)
    return socketText(network, address >>> 0, port);
  return `[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:${port}`;
}
