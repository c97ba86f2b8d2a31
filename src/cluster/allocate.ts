/** Addresses and NodePorts that are free, for clusters that already hold some. */

import { InvalidClusterError } from "../errors.js";
import { type Cidr, cidrSize, inCidr, type Network } from "./cluster.js";
import { rangeText } from "./family.js";
import { NODE_PORT_BASE, NODE_PORT_COUNT } from "./network.js";

export interface FreeAddressesOptions {
  readonly range: Cidr;
  /** Ranges that follow when it is full; they may overlap. */
  readonly further?: readonly Cidr[];
  readonly taken: Iterable<number>;
  /** Parts of the range that are someone else's. */
  readonly reserved?: readonly Cidr[];
  /** Whose range it is, where that may be of IPv6. */
  readonly network?: Pick<Network, "ipv6">;
  /** What the addresses are for, as the message names it when they run out. */
  readonly what: string;
}

/** Hands out the addresses of ranges in order, of each from its second to its last but one, without those in use. */
export class FreeAddresses {
  readonly #ranges: readonly Cidr[];
  readonly #taken: ReadonlySet<number>;
  readonly #reserved: Cidr[];
  readonly #what: string;
  readonly #text: string;
  /** Which range is handed out, and the address after which it goes on. */
  #current = 0;
  #last: number;

  constructor({ range, further = [], taken, reserved = [], what, network = {} }: FreeAddressesOptions) {
    this.#ranges = [range, ...further];
    this.#taken = new Set(taken);
    this.#reserved = [...reserved];
    this.#what = what;
    this.#text = this.#ranges.map((one) => rangeText(network, one)).join(", ");
    this.#last = range.base;
  }

  /** The next free address. Throws InvalidClusterError when there is none. */
  next(): number {
    let range = this.#ranges[this.#current];
    while (range !== undefined) {
      const address = this.#nextIn(range);
      if (address !== undefined) return address;
      // What is full may lie in the next range.
      this.#reserved.push(range);
      range = this.#ranges[++this.#current];
      this.#last = range?.base ?? 0;
    }
    throw new InvalidClusterError(`${this.#text} has no room for more ${this.#what}: ask for fewer`);
  }

  #nextIn(range: Cidr): number | undefined {
    const end = range.base + cidrSize(range) - 1;
    let address = this.#last + 1;
    while (address < end) {
      const reserved = this.#reserved.find((cidr) => inCidr(cidr, address));
      if (reserved) address = reserved.base + cidrSize(reserved);
      else if (this.#taken.has(address)) address++;
      else {
        this.#last = address;
        return address;
      }
    }
    return undefined;
  }
}

/** Hands out the ports of the default NodePort range in order, without those in use. */
export class FreeNodePorts {
  readonly #taken: ReadonlySet<number>;
  #next = NODE_PORT_BASE;

  constructor(taken: Iterable<number>) {
    this.#taken = new Set(taken);
  }

  /** The next free port, or 0 when the range is used up. */
  next(): number {
    while (this.#taken.has(this.#next)) this.#next++;
    return this.#next < NODE_PORT_BASE + NODE_PORT_COUNT ? this.#next++ : 0;
  }
}
