/** The rules of `rules.ts` once more, counting what they visit and saying so when asked. */

import { maskTo, SCTP, TCP } from "../../cluster/cluster.js";
import type { Work } from "../plane.js";
import { formatWalk, type NodeRoutes } from "./routing/node-routes.js";
import { type IpvsRules, IS_LOAD_BALANCER, KNOWN, MASQUERADE } from "./rules.js";
import { networkKey } from "./tables/set-entries.js";

export interface Trace {
  readonly work: Work;
  readonly path: string[] | undefined;
}

/** A first packet, as sets and routes are asked about it. */
export interface Packet {
  readonly src: number;
  readonly dst: number;
  /** See `portKey`. */
  readonly key: number;
}

/** `Rules.nat`, counted: entries as iptables visits them, chain ends included, and the searches of addrtype for routes. */
export function explainNat(rules: IpvsRules, routes: NodeRoutes, packet: Packet, trace: Trace): number {
  const { src, dst, key } = packet;
  const { sets } = rules;
  const { work } = trace;
  let bits = 0;
  // The hook's jump, and RETURN for sources in 127/8: such packets never meet a service here.
  work.rulesVisited += 2;
  if (sets.loadBalancer.size > 0) {
    work.rulesVisited++;
    if (tested(trace, "KUBE-LOAD-BALANCER", sets.loadBalancer.has2(dst, key))) {
      bits = IS_LOAD_BALANCER;
      let local = false;
      if (sets.loadBalancerLocal.size > 0) {
        work.rulesVisited++;
        local = tested(trace, "KUBE-LOAD-BALANCER-LOCAL", sets.loadBalancerLocal.has2(dst, key));
      }
      if (!local) {
        bits |= marked(trace);
        work.rulesVisited += 2;
      }
    }
  }
  work.rulesVisited++;
  const isOutside = rules.isFromOutside(src, dst, key);
  if ((rules.testsSource || !rules.isPod(src)) && tested(trace, "KUBE-CLUSTER-IP", isOutside))
    bits |= marked(trace);
  if (sets.external.size > 0) {
    // Three rules match this set: mark, accept what comes from off-machine, accept what is for this machine.
    work.rulesVisited++;
    if (tested(trace, "KUBE-EXTERNAL-IP", sets.external.has2(dst, key))) {
      work.rulesVisited++;
      explainAccept(rules, routes, packet, trace);
      return bits | marked(trace) | KNOWN;
    }
    work.rulesVisited += 2;
  }
  if (sets.externalLocal.size > 0) {
    work.rulesVisited++;
    if (tested(trace, "KUBE-EXTERNAL-IP-LOCAL", sets.externalLocal.has2(dst, key))) {
      explainAccept(rules, routes, packet, trace);
      return bits | KNOWN;
    }
    work.rulesVisited++;
  }
  work.rulesVisited++;
  const isLocal = rules.isLocalDestination(dst);
  const search = routes.search(dst, work);
  trace.path?.push(`routing table: ${isLocal ? "a local address" : "no local address"}${formatWalk(search)}`);
  if (isLocal) bits |= explainNodePort(rules, dst, key, trace) & MASQUERADE;
  work.rulesVisited++;
  if (tested(trace, "KUBE-CLUSTER-IP", sets.clusterIp.has2(dst, key))) return bits | KNOWN;
  if (sets.loadBalancer.size > 0) {
    work.rulesVisited++;
    if (tested(trace, "KUBE-LOAD-BALANCER", sets.loadBalancer.has2(dst, key))) return bits | KNOWN;
  }
  // The end of KUBE-SERVICES, and the hook's policy.
  work.rulesVisited += 2;
  return bits;
}

/**
 * The rules that accept an external address: what comes from elsewhere (addrtype's search for the source), else what is for this
 * node (its search for the destination).
 */
function explainAccept(rules: IpvsRules, routes: NodeRoutes, { src, dst }: Packet, trace: Trace): void {
  const from = routes.search(src, trace.work);
  if (from === null) return;
  trace.path?.push(`routing table, of the source: ${from.type}${formatWalk(from)}`);
  if (!rules.isLocalDestination(src)) return;
  const to = routes.search(dst, trace.work);
  trace.path?.push(`routing table: a local address${formatWalk(to)}`);
}

function explainNodePort(rules: IpvsRules, dst: number, key: number, trace: Trace): number {
  const { sets } = rules;
  const { work } = trace;
  const protocol = key >>> 16;
  const bits = rules.nodePort(dst, key);
  const chain = [
    ...[sets.nodePortLocalTcp, sets.nodePortTcp],
    ...[sets.nodePortLocalUdp, sets.nodePortUdp],
    ...[sets.nodePortLocalSctp, sets.nodePortSctp],
  ];
  const own = protocol === TCP ? 0 : protocol === SCTP ? 4 : 2;
  const returned = bits === KNOWN;
  for (let rule = 0; rule <= (returned ? own : 5); rule++) {
    if (chain[rule]!.size === 0) continue;
    work.rulesVisited++;
    // A rule of another protocol fails in its header, before its set.
    if (rule === own || rule === own + 1) work.mapLookups++;
  }
  if (!returned) work.rulesVisited++;
  trace.path?.push(
    `KUBE-NODE-PORT: ${bits === 0 ? "no NodePort" : "a NodePort"}${returned ? " of policy Local" : ""}`,
  );
  if ((bits & MASQUERADE) !== 0) marked(trace);
  return bits;
}

/** `Rules.drops`, counted; filter rules count only where they decide. */
export function explainDrops(rules: IpvsRules, src: number, dst: number, key: number, trace: Trace): boolean {
  const { firewall, sourceCidr, prefixLengths } = rules.sets;
  if (firewall.size === 0 || rules.isOwn(src)) return false;
  if (!tested(trace, "KUBE-LOAD-BALANCER-FW", firewall.has2(dst, key))) return false;
  for (const length of prefixLengths) {
    trace.work.mapLookups++;
    if (!sourceCidr.has3(dst, maskTo(src, length) | 0, networkKey(key, length))) continue;
    trace.path?.push("KUBE-LOAD-BALANCER-SOURCE-CIDR: the source is in a range");
    return false;
  }
  const { sourceIp } = rules.sets;
  if (sourceIp.size > 0) {
    trace.work.filterRulesVisited++;
    if (tested(trace, "KUBE-LOAD-BALANCER-SOURCE-IP", sourceIp.has3(dst, key, src))) return false;
  }
  // Jump, FW set, source ranges, DROP.
  trace.work.filterRulesVisited += 4;
  trace.path?.push("KUBE-LOAD-BALANCER-SOURCE-CIDR: the source is in no range");
  return true;
}

/**
 * Filter INPUT, which every packet meets, counted without ends of chains: KUBE-IPVS-FILTER up to the set that returns the
 * packet, the firewall, and KUBE-NODE-PORT with the health-check ports. Returns whether the packet is rejected.
 */
export function explainInput(rules: IpvsRules, dst: number, key: number, trace: Trace): boolean {
  const { sets } = rules;
  const { work } = trace;
  const port = key & 0xffff;
  const returning: readonly (readonly [string, () => boolean])[] = [
    ["KUBE-LOAD-BALANCER", () => sets.loadBalancer.has2(dst, key)],
    ["KUBE-CLUSTER-IP", () => sets.clusterIp.has2(dst, key)],
    ["KUBE-EXTERNAL-IP", () => sets.external.has2(dst, key)],
    ["KUBE-EXTERNAL-IP-LOCAL", () => sets.externalLocal.has2(dst, key)],
    ["KUBE-HEALTH-CHECK-NODE-PORT", () => sets.healthCheck.has(port)],
  ];
  work.filterRulesVisited++;
  let isReturned = false;
  for (const [name, has] of returning) {
    work.filterRulesVisited++;
    isReturned = tested(trace, name, has());
    if (isReturned) break;
  }
  if (!isReturned) {
    work.filterRulesVisited++;
    if (tested(trace, "KUBE-IPVS-IPS", rules.rejects(dst))) return true;
  }
  // Jumps to the firewall and to KUBE-NODE-PORT, whose rule stands whether there are health-check ports or not.
  work.filterRulesVisited += 3;
  if (sets.firewall.size > 0) {
    work.filterRulesVisited++;
    tested(trace, "KUBE-LOAD-BALANCER-FW", sets.firewall.has2(dst, key));
  }
  tested(trace, "KUBE-HEALTH-CHECK-NODE-PORT", sets.healthCheck.has(port));
  return false;
}

/** `Rules.hairpins`, counted. */
export function explainHairpins(
  rules: IpvsRules,
  address: number,
  key: number,
  { src, isMarked }: { readonly src: number; readonly isMarked: boolean },
  trace: Trace,
): boolean {
  // POSTROUTING's jump.
  trace.work.rulesVisited++;
  if (rules.sets.loopBack.size > 0) {
    trace.work.rulesVisited++;
    if (tested(trace, "KUBE-LOOP-BACK", rules.hairpins(address, key, src))) return true;
  }
  // RETURN unless marked; else clear the mark, masquerade.
  trace.work.rulesVisited += isMarked ? 3 : 1;
  return false;
}

function tested(trace: Trace, set: string, found: boolean): boolean {
  trace.work.mapLookups++;
  trace.path?.push(`${set}: ${found ? "member" : "no member"}`);
  return found;
}

/** KUBE-MARK-MASQ: its rule and its end. */
function marked(trace: Trace): number {
  trace.work.rulesVisited += 2;
  trace.path?.push("KUBE-MARK-MASQ: marked for masquerade");
  return MASQUERADE;
}
