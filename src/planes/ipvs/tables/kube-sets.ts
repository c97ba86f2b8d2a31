/** kube-proxy's ipsets, built. */

import type { Family } from "../../../cluster/family.js";
import { Random } from "../../../random.js";
import { IpSet } from "./ipset.js";
import { type BitmapName, HASH_SETS, type HashSetName, type SetEntries } from "./set-entries.js";

export class KubeSets {
  readonly loopBack: IpSet;
  readonly clusterIp: IpSet;
  readonly external: IpSet;
  readonly externalLocal: IpSet;
  readonly loadBalancer: IpSet;
  readonly loadBalancerLocal: IpSet;
  readonly firewall: IpSet;
  readonly sourceCidr: IpSet;
  /** Load-balancer addresses that may ask themselves: see `ingressSources`. */
  readonly sourceIp: IpSet;
  readonly healthCheck: PortBitmap;
  /** Prefix lengths in `sourceCidr`: a test of hash:ip,port,net tries them one after another (mtype_test_cidrs). */
  readonly prefixLengths: Int32Array;
  readonly nodePortSctp: IpSet;
  readonly nodePortLocalSctp: IpSet;
  readonly nodePortTcp: PortBitmap;
  readonly nodePortLocalTcp: PortBitmap;
  readonly nodePortUdp: PortBitmap;
  readonly nodePortLocalUdp: PortBitmap;
  readonly ipvsIps: IpSet;

  /** `spare`: this node's endpoints that may join. */
  constructor(entries: SetEntries, seed: number, spare = 0, family: Family = 4) {
    const random = Random.fromSeed(seed, "ipset");
    const hash = (name: HashSetName, room = 0) =>
      new IpSet(entries.hash[name].view(), HASH_SETS[name], random.nextInt32(), room, family);
    const bitmap = (name: BitmapName) => new PortBitmap(entries.bitmap[name].view());
    this.loopBack = hash("KUBE-LOOP-BACK", spare);
    this.clusterIp = hash("KUBE-CLUSTER-IP");
    this.external = hash("KUBE-EXTERNAL-IP");
    this.externalLocal = hash("KUBE-EXTERNAL-IP-LOCAL");
    this.loadBalancer = hash("KUBE-LOAD-BALANCER");
    this.loadBalancerLocal = hash("KUBE-LOAD-BALANCER-LOCAL");
    this.firewall = hash("KUBE-LOAD-BALANCER-FW");
    this.sourceCidr = hash("KUBE-LOAD-BALANCER-SOURCE-CIDR");
    this.sourceIp = hash("KUBE-LOAD-BALANCER-SOURCE-IP");
    this.healthCheck = bitmap("KUBE-HEALTH-CHECK-NODE-PORT");
    this.prefixLengths = Int32Array.from(entries.prefixLengths);
    this.nodePortSctp = hash("KUBE-NODE-PORT-SCTP-HASH");
    this.nodePortLocalSctp = hash("KUBE-NODE-PORT-LOCAL-SCTP-HASH");
    this.nodePortTcp = bitmap("KUBE-NODE-PORT-TCP");
    this.nodePortLocalTcp = bitmap("KUBE-NODE-PORT-LOCAL-TCP");
    this.nodePortUdp = bitmap("KUBE-NODE-PORT-UDP");
    this.nodePortLocalUdp = bitmap("KUBE-NODE-PORT-LOCAL-UDP");
    this.ipvsIps = hash("KUBE-IPVS-IPS");
  }

  /** Memory of the sets, derived from the kernel's structures. */
  bytes(): number {
    return [
      ...[this.loopBack, this.clusterIp, this.external, this.externalLocal, this.ipvsIps],
      ...[this.loadBalancer, this.loadBalancerLocal, this.firewall, this.sourceCidr],
      ...[this.sourceIp, this.healthCheck],
      ...[this.nodePortSctp, this.nodePortLocalSctp],
      ...[this.nodePortTcp, this.nodePortLocalTcp, this.nodePortUdp, this.nodePortLocalUdp],
    ].reduce((total, set) => total + set.bytes(), 0);
  }
}

/** `bitmap:port`. */
export class PortBitmap {
  readonly size: number;
  readonly #bits = new Int32Array(65536 / 32);

  constructor(ports: Int32Array) {
    this.size = ports.length;
    for (const port of ports) this.#bits[port >>> 5]! |= 1 << (port & 31);
  }

  bytes(): number {
    return this.#bits.byteLength;
  }

  /** Whether the set holds a port. */
  has(port: number): boolean {
    return ((this.#bits[port >>> 5]! >>> (port & 31)) & 1) === 1;
  }
}
