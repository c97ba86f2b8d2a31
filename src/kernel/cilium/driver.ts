/**
 * Cilium's control plane as a process: objects in, what it wrote into its maps out. Its maps are fakes of Cilium's own, or
 * of this kernel: nothing of them is left when it ends, unless they are pinned. It ends with lbscale.
 */

import { spawn } from "node:child_process";
import { z } from "zod";
import type { ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { parseMessage } from "../../measure/message.js";
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
  /** Read an API server instead of changes, and pin the maps. */
  readonly follows?: Followed;
}

/** Where it reads, where it pins, and how long it gathers changes. */
interface Followed {
  readonly server: string;
  readonly bpffs: string;
  readonly waitMs: number;
}

export const CILIUM_ALGORITHMS = ["random", "maglev"] as const;
export type CiliumAlgorithm = (typeof CILIUM_ALGORITHMS)[number];

const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/);
const replySchema = z.object({
  maps: z.record(z.string(), z.array(z.tuple([hex, hex]))).default({}),
  journal: z.array(z.array(z.string()).min(4)),
  memlock: z.record(z.string(), z.number()).default({}),
  refused: z.record(z.string(), z.string()).default({}),
  operations: z.number().default(0),
  operationsNs: z.number().default(0),
  writtenNs: z.number().optional(),
  error: z.string().optional(),
});

/** What a step came to. */
export type CiliumStep = z.infer<typeof replySchema>;

/** What it wrote since it was last asked: how many operations, what they took together, and when the last had ended. */
export interface CiliumWrites
  extends Pick<CiliumStep, "operations" | "operationsNs" | "memlock" | "refused"> {
  /** Since 1970. */
  readonly writtenNs: number;
}

/** A running process of scripts/cilium-lb/: started by the constructor, ended by `stop` or the signal. */
export class Cilium {
  readonly #channel: Channel;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  /** Of the process. */
  readonly pid: number;
  readonly #onAbort = (): void => void this.#channel.close();

  constructor(options: CiliumOptions, signal?: AbortSignal) {
    const { binary, node, addresses, algorithm, maglevTableSize, realMaps, preallocated, follows } = options;
    const args = [
      ...["--node-name", node, "--algorithm", algorithm],
      ...addresses.flatMap((address) => ["--node-ip", address]),
      ...(maglevTableSize === undefined ? [] : ["--maglev-table-size", String(maglevTableSize)]),
      ...(realMaps ? ["--real-maps"] : []),
      ...(preallocated ? ["--prealloc"] : []),
      ...(follows === undefined
        ? []
        : ["--server", follows.server, "--bpffs", follows.bpffs, "--wait-time", `${follows.waitMs}ms`]),
    ];
    // A killed lbscale takes it along, and Ctrl-C is for lbscale, which ends it.
    const child = spawn(toolPath("setpriv"), ["--pdeathsig", "KILL", binary, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    // undefined: it could not be started, which the channel says.
    this.pid = child.pid ?? 0;
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
    return this.#reply();
  }

  /** Waits until its maps are there, where it follows an API server. */
  async ready(): Promise<void> {
    await this.#reply();
  }

  /**
   * Waits until the first so many events of the API server, and all that follows from them, are in the maps.
   * @throws KernelError where it ends, takes too long, or had nothing to write.
   */
  async after(events: number): Promise<CiliumWrites> {
    this.#channel.send(JSON.stringify({ events }));
    const { writtenNs, ...writes } = await this.#reply();
    if (writtenNs === undefined) throw new KernelError("Cilium's control plane wrote nothing");
    return { ...writes, writtenNs };
  }

  async #reply(): Promise<CiliumStep> {
    const step = parseMessage(replySchema, await this.#next(), "Cilium's control plane");
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
          reject(
            new KernelError(`Cilium has not settled in ${this.#timeoutMs / 1000} s: give it more time`, [
              "timeoutMs",
            ]),
          ),
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
