/** loadBalancerSourceRanges as the planes test them: nftables in an interval set, Cilium in an LPM trie. */

import { type Cidr, type Cluster, maskTo } from "../../cluster/cluster.js";

/** Source ranges of all services. A service has a handful, so a scan stands for the kernel's tree. */
export class SourceRanges {
  readonly #start: Uint32Array;
  readonly #base: Int32Array;
  readonly #mask: Int32Array;

  /** `rangesOf`: what a service lets in, where it is not what its ranges say alone. */
  constructor(cluster: Cluster, rangesOf?: (service: number) => readonly Cidr[]) {
    const ranges: Cidr[] = [];
    this.#start = new Uint32Array(cluster.services + 1);
    for (let s = 0; s < cluster.services; s++) {
      if (rangesOf) ranges.push(...rangesOf(s));
      else {
        for (let r = cluster.rangeStart[s]!; r < cluster.rangeStart[s + 1]!; r++) {
          ranges.push({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! });
        }
      }
      this.#start[s + 1] = ranges.length;
    }
    this.#base = Int32Array.from(ranges, ({ base }) => base | 0);
    this.#mask = Int32Array.from(ranges, ({ prefixLength }) => maskTo(0xffffffff, prefixLength) | 0);
  }

  /** Whether a service lets this source in. Services without ranges are open to all: don't ask for those. */
  allows(service: number, src: number): boolean {
    const end = this.#start[service + 1]!;
    for (let range = this.#start[service]!; range < end; range++) {
      if ((src & this.#mask[range]!) === this.#base[range]) return true;
    }
    return false;
  }

  /** How many ranges a service has. */
  count(service: number): number {
    return this.#start[service + 1]! - this.#start[service]!;
  }
}
