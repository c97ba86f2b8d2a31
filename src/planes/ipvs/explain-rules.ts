/** The rules of `rules.ts` once more, counting what they visit and saying so when asked. */

import { maskTo, SCTP, TCP } from "../../cluster/cluster.js";
import type { Work } from "../plane.js";
import { KNOWN, LOAD_BALANCER, MASQUERADE, type Rules } from "./rules.js";
import { networkKey } from "./set-entries.js";

export interface Trace {
  readonly work: Work;
  readonly path: string[] | undefined;
}

/** `Rules.nat`, counted: entries as iptables visits them, chain ends included. */
export function explainNat(rules: Rules, src: number, dst: number, key: number, trace: Trace): number {
  const { sets } = rules;
  const { work } = trace;
  let bits = 0;
  // The hook's jump, and RETURN for sources in 127/8: such packets never meet a service here.
  work.rulesVisited += 2;
  if (sets.loadBalancer.size > 0) {
    work.rulesVisited++;
    if (tested(trace, "KUBE-LOAD-BALANCER", sets.loadBalancer.has2(dst, key))) {
      bits = LOAD_BALANCER;
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
  if (!rules.isPod(src) && tested(trace, "KUBE-CLUSTER-IP", sets.clusterIp.has2(dst, key))) {
    bits |= marked(trace);
  }
  if (sets.external.size > 0) {
    // Three rules match this set: mark, accept what comes from off-machine, accept what is for this machine.
    work.rulesVisited++;
    if (tested(trace, "KUBE-EXTERNAL-IP", sets.external.has2(dst, key))) {
      work.rulesVisited++;
      return bits | marked(trace) | KNOWN;
    }
    work.rulesVisited += 2;
  }
  if (sets.externalLocal.size > 0) {
    work.rulesVisited++;
    if (tested(trace, "KUBE-EXTERNAL-IP-LOCAL", sets.externalLocal.has2(dst, key))) return bits | KNOWN;
    work.rulesVisited++;
  }
  work.rulesVisited++;
  if (rules.isNode(dst)) bits |= explainNodePort(rules, dst, key, trace);
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

function explainNodePort(rules: Rules, dst: number, key: number, trace: Trace): number {
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
export function explainDrops(rules: Rules, src: number, dst: number, key: number, trace: Trace): boolean {
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

/** `Rules.rejects`, counted. The RETURN rules before it match sets that nat has just tested: rules, no lookups. */
export function explainRejects(rules: Rules, dst: number, trace: Trace): boolean {
  const rejects = tested(trace, "KUBE-IPVS-IPS", rules.rejects(dst));
  // Jump, five RETURN rules, REJECT.
  if (rejects) trace.work.filterRulesVisited += 7;
  return rejects;
}

/** `Rules.hairpins`, counted. */
export function explainHairpins(
  rules: Rules,
  address: number,
  key: number,
  src: number,
  trace: Trace,
): boolean {
  if (rules.sets.loopBack.size === 0) return false;
  // POSTROUTING's jump, and the first rule of KUBE-POSTROUTING.
  trace.work.rulesVisited += 2;
  return tested(trace, "KUBE-LOOP-BACK", rules.hairpins(address, key, src));
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
