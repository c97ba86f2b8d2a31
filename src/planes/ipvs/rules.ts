/**
 * kube-proxy's iptables rules in IPVS mode, in the order of proxier.go writeIptablesRules. Their number doesn't depend
 * on the cluster's size, because they match ipsets. A rule whose set is empty isn't written, so only the kinds of
 * service in the cluster add rules. `explain-rules.ts` has the same rules with counts.
 */

import { type Cluster, maskTo, SCTP, TCP } from "../../cluster/cluster.js";
import type { KubeProxySettings } from "../shared/kube-proxy.js";
import type { KubeSets } from "./tables/kube-sets.js";
import { networkKey } from "./tables/set-entries.js";

/** Bits of `Rules.nat`. */
export const MASQUERADE = 1;
/** A set knows the address and port: nat accepts it, and the filter table returns it to IPVS. */
export const KNOWN = 2;
export const IS_LOAD_BALANCER = 4;

export class IpvsRules {
  readonly sets: KubeSets;
  /** Without a pod range the rule of KUBE-CLUSTER-IP asks for a *source* that is a cluster IP (`--match-set … src,dst`). */
  readonly testsSource: boolean;
  readonly #podBase: number;
  readonly #podMask: number;
  readonly #nodes: Int32Array;

  constructor(cluster: Cluster, sets: KubeSets, { masqueradeAll, podDetector }: KubeProxySettings) {
    const { podCidr, nodeAddresses } = cluster.network;
    this.sets = sets;
    this.testsSource = !masqueradeAll && !podDetector;
    // A mask of nothing that nobody's address equals: --masquerade-all knows no pods.
    this.#podBase = masqueradeAll ? 1 : podCidr.base | 0;
    this.#podMask = masqueradeAll ? 0 : maskTo(0xffffffff, podCidr.prefixLength) | 0;
    this.#nodes = Int32Array.from(nodeAddresses, (address) => address | 0);
  }

  /** nat PREROUTING, chain KUBE-SERVICES. `key`: see `portKey`. */
  nat(src: number, dst: number, key: number): number {
    const sets = this.sets;
    let bits = 0;
    if (sets.loadBalancer.size > 0 && sets.loadBalancer.has2(dst, key)) {
      bits = IS_LOAD_BALANCER;
      const local = sets.loadBalancerLocal.size > 0 && sets.loadBalancerLocal.has2(dst, key);
      if (!local) bits |= MASQUERADE;
    }
    if (this.isFromOutside(src, dst, key)) bits |= MASQUERADE;
    if (sets.external.size > 0 && sets.external.has2(dst, key)) return bits | MASQUERADE | KNOWN;
    if (sets.externalLocal.size > 0 && sets.externalLocal.has2(dst, key)) return bits | KNOWN;
    if (this.isLocalDestination(dst)) bits |= this.nodePort(dst, key) & MASQUERADE;
    if (sets.clusterIp.has2(dst, key)) return bits | KNOWN;
    if (sets.loadBalancer.size > 0 && sets.loadBalancer.has2(dst, key)) return bits | KNOWN;
    return bits;
  }

  /** nat KUBE-NODE-PORT: RETURN for the LOCAL set of the protocol, then mark. */
  nodePort(dst: number, key: number): number {
    const sets = this.sets;
    const protocol = key >>> 16;
    const port = key & 0xffff;
    if (protocol === SCTP) {
      if (sets.nodePortLocalSctp.size > 0 && sets.nodePortLocalSctp.has2(dst, key)) return KNOWN;
      return sets.nodePortSctp.size > 0 && sets.nodePortSctp.has2(dst, key) ? MASQUERADE | KNOWN : 0;
    }
    const local = protocol === TCP ? sets.nodePortLocalTcp : sets.nodePortLocalUdp;
    const all = protocol === TCP ? sets.nodePortTcp : sets.nodePortUdp;
    if (local.size > 0 && local.has(port)) return KNOWN;
    return all.size > 0 && all.has(port) ? MASQUERADE | KNOWN : 0;
  }

  /**
   * filter KUBE-PROXY-FIREWALL: whether a load-balancer address has source ranges and this source is in none. It hangs in
   * INPUT and FORWARD: the node's own packets are balanced on LOCAL_OUT and never come by it.
   */
  drops(src: number, dst: number, key: number): boolean {
    const { firewall, sourceCidr, prefixLengths } = this.sets;
    if (firewall.size === 0 || this.isOwn(src) || !firewall.has2(dst, key)) return false;
    for (let i = 0; i < prefixLengths.length; i++) {
      const length = prefixLengths[i]!;
      const network = length === 0 ? 0 : src & (-1 << (32 - length));
      if (sourceCidr.has3(dst, network, networkKey(key, length))) return false;
    }
    return !(this.sets.sourceIp.size > 0 && this.sets.sourceIp.has3(dst, key, src));
  }

  /** filter KUBE-IPVS-FILTER: whether the address is a service's, whose other ports must not lead to this node. */
  rejects(dst: number): boolean {
    return this.sets.ipvsIps.has1(dst);
  }

  /** nat POSTROUTING: whether client and chosen endpoint are the same pod of this node. */
  hairpins(address: number, key: number, src: number): boolean {
    return this.sets.loopBack.size > 0 && this.sets.loopBack.has3(address, key, src);
  }

  /** The rule of KUBE-CLUSTER-IP. `! -s podCIDR` is part of its header, which ip_packet_match tests before any set. */
  isFromOutside(src: number, dst: number, key: number): boolean {
    if (this.testsSource) return this.sets.clusterIp.has2(src, key);
    return !this.isPod(src) && this.sets.clusterIp.has2(dst, key);
  }

  /** The local-traffic detector: sources inside the pod range need no masquerade at cluster IPs. */
  isPod(src: number): boolean {
    return (src & this.#podMask) === this.#podBase;
  }

  /** Whether the node itself sends from this address. */
  isOwn(src: number): boolean {
    return src >>> 24 === 127 || this.isNode(src);
  }

  /**
   * `addrtype --dst-type LOCAL`: the node's addresses, and those of kube-ipvs0, which are all services'. The kernel searches
   * the routing trie for it (routing/, counted by `explain`); here, where it is timed, the set of the same addresses stands in.
   */
  isLocalDestination(dst: number): boolean {
    return this.isNode(dst) || this.sets.ipvsIps.has1(dst);
  }

  /**
   * filter INPUT, chain KUBE-IPVS-FILTER, which every packet meets, because its jump asks for no state: whether it returns
   * the packet to IPVS, or leaves it to the rule that rejects other ports of services' addresses.
   */
  isReturned(dst: number, key: number): boolean {
    const { loadBalancer, clusterIp, external, externalLocal, healthCheck } = this.sets;
    return (
      loadBalancer.has2(dst, key) ||
      clusterIp.has2(dst, key) ||
      external.has2(dst, key) ||
      externalLocal.has2(dst, key) ||
      healthCheck.has(key & 0xffff)
    );
  }

  /** Whether the address is one of the node's own. */
  isNode(dst: number): boolean {
    const nodes = this.#nodes;
    for (let i = 0; i < nodes.length; i++) if (nodes[i] === dst) return true;
    return false;
  }
}
