/**
 * Cilium's control plane as a process: objects in, what it wrote into its maps out. Its maps are fakes of Cilium's own, or
 * unpinned ones of this kernel; either way nothing is left when it ends, and it ends with lbscale.
 */

import { spawn } from "node:child_process";
import { z } from "zod";
import type { ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { type Channel, pipeChannel } from "../real-program/channel.js";
import { KernelError, toolPath } from "../testbed/tools.js";

export interface CiliumOptions {
  readonly binary: string;
  readonly node: string;
  /** Of the node: where its NodePorts are. */
  readonly addresses: readonly string[];
  readonly algorithm: CiliumAlgorithm;
  readonly maglevTableSize?: number;
  /** How long a step may take. */
  readonly timeoutMs: number;
  /** Write into maps of the kernel (root). */
  readonly realMaps?: boolean;
  /** The agent's own default; Helm's is not to. */
  readonly preallocated?: boolean;
}

export const CILIUM_ALGORITHMS = ["random", "maglev"] as const;
export type CiliumAlgorithm = (typeof CILIUM_ALGORITHMS)[number];

const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/);
const replySchema = z.object({
  maps: z.record(z.string(), z.array(z.tuple([hex, hex]))).default({}),
  journal: z.array(z.array(z.string()).min(4)),
  memlock: z.record(z.string(), z.number()).default({}),
  refused: z.record(z.string(), z.string()).default({}),
  error: z.string().optional(),
});

/** What a step came to. */
export type CiliumStep = z.infer<typeof replySchema>;

export class Cilium {
  readonly #channel: Channel;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => void this.#channel.close();

  constructor(options: CiliumOptions, signal?: AbortSignal) {
    const { binary, node, addresses, algorithm, maglevTableSize, realMaps, preallocated } = options;
    const args = [
      ...["--node-name", node, "--algorithm", algorithm],
      ...addresses.flatMap((address) => ["--node-ip", address]),
      ...(maglevTableSize === undefined ? [] : ["--maglev-table-size", String(maglevTableSize)]),
      ...(realMaps ? ["--real-maps"] : []),
      ...(preallocated ? ["--prealloc"] : []),
    ];
    // A killed lbscale takes it along, and Ctrl-C is for lbscale, which ends it.
    const child = spawn(toolPath("setpriv"), ["--pdeathsig", "KILL", binary, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    this.#channel = pipeChannel(child, "Cilium's control plane");
    this.#timeoutMs = options.timeoutMs;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Makes changes, and waits until all that follows from them is in the maps.
   * @throws KernelError where it ends, refuses something, or takes too long.
   */
  async apply(changes: readonly ObjectChange[]): Promise<CiliumStep> {
    if (this.#signal?.aborted) throw new KernelError("Cilium was ended");
    this.#channel.send(JSON.stringify({ changes }));
    const step = replySchema.parse(JSON.parse(await this.#next()));
    if (step.error !== undefined) throw new KernelError(`Cilium's control plane: ${step.error}`);
    return step;
  }

  /** Ends it. Does nothing the second time. */
  async stop(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    await this.#channel.close();
  }

  async #next(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new KernelError(`Cilium has not settled in ${this.#timeoutMs / 1000} s: raise --timeout`)),
        this.#timeoutMs,
      );
    });
    try {
      return await Promise.race([this.#channel.next(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
