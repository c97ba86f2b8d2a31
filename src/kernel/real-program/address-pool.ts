/** Addresses and NodePorts that nothing uses yet, drawn at random. */

import { type Cidr, cidrSize, type Network } from "../../cluster/cluster.js";
import { addressText } from "../../cluster/family.js";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import type { Random } from "../../random.js";

/** kube-apiserver's default `--service-node-port-range`. */
const FIRST_NODE_PORT = 30_000;
const NODE_PORTS = 2768;

/** Draws each address and each NodePort once. */
export class AddressPool {
  readonly #random: Random;
  readonly #network: Pick<Network, "ipv6">;
  readonly #addresses = new Set<string>();
  readonly #nodePorts = new Set<number>();

  /** `network`: whose numbers ranges are in. */
  constructor(random: Random, network: Pick<Network, "ipv6">) {
    this.#random = random;
    this.#network = network;
  }

  /** It is in use already. */
  reserve(address: string): void {
    this.#addresses.add(canonicalAddress(address));
  }

  /** It is in use already. */
  reserveNodePort(port: number): void {
    this.#nodePorts.add(port);
  }

  /** A free address of a range, but for its first and last. */
  address(range: Cidr): string {
    for (;;) {
      const number = (range.base + 1 + this.#random.below(cidrSize(range) - 2)) >>> 0;
      const address = addressText(this.#network, number);
      if (this.#addresses.has(address)) continue;
      this.#addresses.add(address);
      return address;
    }
  }

  /** A free port of the range for NodePorts. */
  nodePort(): number {
    for (;;) {
      const port = FIRST_NODE_PORT + this.#random.below(NODE_PORTS);
      if (this.#nodePorts.has(port)) continue;
      this.#nodePorts.add(port);
      return port;
    }
  }
}
