/**
 * In which order a proxy gets its first objects. kube-proxy begins to write once it has Services and EndpointSlices, and
 * does not write again for a ServiceCIDR that comes later (nftables/proxier.go, OnServiceCIDRsChanged, 1.34 to 1.37): its
 * rules would lack the range until something else changes. It asks for all of them at once, so Services wait their turn.
 * Its Node it waits for by itself.
 */

import { setTimeout } from "node:timers/promises";

export interface TurnOptions {
  /** How long Services wait for a client to ask for ServiceCIDRs, which one may never do, in milliseconds. */
  readonly rangesWaitMs?: number;
  /** How long a client has to take in the ServiceCIDRs it was sent, in milliseconds. */
  readonly rangesPauseMs?: number;
}

const RANGES_WAIT_MS = 2000;
const RANGES_PAUSE_MS = 100;
/** Clients call themselves what they like, and anybody may ask. */
const MOST_CLIENTS = 64;

/** How often clients of one name have got ServiceCIDRs, and Services. A client that starts gets each once. */
class Client {
  ranges = 0;
  services = 0;
  readonly wake = new EventTarget();
}

/** Lets Services wait until the same client has its ServiceCIDRs. */
export class Turns {
  readonly #waitMs: number;
  readonly #pauseMs: number;
  readonly #clients = new Map<string, Client>();

  constructor({ rangesWaitMs = RANGES_WAIT_MS, rangesPauseMs = RANGES_PAUSE_MS }: TurnOptions = {}) {
    this.#waitMs = rangesWaitMs;
    this.#pauseMs = rangesPauseMs;
  }

  /** A client was sent the ServiceCIDRs. */
  sentRanges(name: string): void {
    const client = this.#client(name);
    client.ranges++;
    client.wake.dispatchEvent(new Event("ranges"));
  }

  /** Resolves when a client may have its Services: it has ServiceCIDRs, or has not asked for them for too long. */
  async forServices(name: string): Promise<void> {
    const client = this.#client(name);
    const turn = ++client.services;
    if (client.ranges < turn && !(await this.#asks(client, turn))) {
      // Whoever lists again, or never asks, takes no turn from those who come after.
      client.services--;
      return;
    }
    await setTimeout(this.#pauseMs, undefined, { ref: false });
  }

  /** Whether ServiceCIDRs have been sent so often before the patience is over. */
  async #asks(client: Client, turn: number): Promise<boolean> {
    const stop = new AbortController();
    const sent = new Promise<true>((resolve) => {
      client.wake.addEventListener("ranges", () => client.ranges >= turn && resolve(true), {
        signal: stop.signal,
      });
    });
    try {
      const patience = { signal: stop.signal, ref: false };
      return await Promise.race([sent, setTimeout(this.#waitMs, false as const, patience)]);
    } finally {
      stop.abort();
    }
  }

  #client(name: string): Client {
    const client = this.#clients.get(name) ?? new Client();
    // The one that was named last is last: whoever has been silent for longest goes first.
    this.#clients.delete(name);
    this.#clients.set(name, client);
    const [silent] = this.#clients.keys();
    if (this.#clients.size > MOST_CLIENTS && silent !== undefined) this.#clients.delete(silent);
    return client;
  }
}
