/** loadBalancerSourceRanges as the planes test them: nftables in an interval set, Cilium in an LPM trie. */

import { type Cluster, maskTo } from "../../cluster/cluster.js";

/** Source ranges of all services. A service has a handful, so a scan stands for the kernel's tree. */
export class SourceRanges {
  readonly #start: Uint32Array;
  readonly #base: Int32Array;
  readonly #mask: Int32Array;

  constructor(cluster: Cluster) {
    this.#start = cluster.rangeStart;
    this.#base = Int32Array.from(cluster.rangeBase, (base) => base | 0);
    this.#mask = Int32Array.from(cluster.rangePrefixLength, (length) => maskTo(0xffffffff, length) | 0);
  }

  /** Whether a service lets this source in. Services without ranges are open to all: don't ask for those. */
  allows(service: number, src: number): boolean {
    const end = this.#start[service + 1]!;
    for (let range = this.#start[service]!; range < end; range++) {
      if ((src & this.#mask[range]!) === this.#base[range]) return true;
    }
    return false;
  }
}
