/** Connections of a dual-stack node, between which a packet's family decides. */

import type { Connections, Decision, Explanation, Flow, Pair } from "../plane.js";
import { OF_IPV6 } from "./packet.js";

export class DualConnections implements Connections {
  readonly #ipv4: Connections;
  readonly #ipv6: Connections;
  readonly #hasOneTable: boolean;

  /** `hasOneTable`: both are in the same tables. */
  constructor([ipv4, ipv6]: Pair<Connections>, hasOneTable: boolean) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.#hasOneTable = hasOneTable;
  }

  connect(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    return protocol < OF_IPV6
      ? this.#ipv4.connect(src, sport, dst, dport, protocol, nowSec)
      : this.#ipv6.connect(src, sport, dst, dport, protocol - OF_IPV6, nowSec);
  }

  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    return protocol < OF_IPV6
      ? this.#ipv4.established(src, sport, dst, dport, protocol, nowSec)
      : this.#ipv6.established(src, sport, dst, dport, protocol - OF_IPV6, nowSec);
  }

  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const [part, own] = this.#of(flow);
    return part.explainConnect(own, nowSec, path);
  }

  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const [part, own] = this.#of(flow);
    return part.explainEstablished(own, nowSec, path);
  }

  reset(seed: number): void {
    this.#ipv4.reset(seed);
    this.#ipv6.reset(seed);
  }

  bytes(): number {
    return this.#ipv4.bytes() + (this.#hasOneTable ? 0 : this.#ipv6.bytes());
  }

  #of(flow: Flow): [Connections, Flow] {
    return flow.protocol < OF_IPV6
      ? [this.#ipv4, flow]
      : [this.#ipv6, { ...flow, protocol: flow.protocol - OF_IPV6 }];
  }
}
