/** Connections that a client makes all the time (native/watch.c), as they come. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Flow } from "../../planes/plane.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import { parseWatched, type WatchedConnection } from "./visible.js";

/** Between two connections: short against any sync, and leaves the program the processor. */
const INTERVAL_US = 200;
const TARGET_BYTES = 16;

/** A client that connects until it is stopped or, `untilAnswered`, until each target has led somewhere. */
export class ConnectionWatcher {
  readonly connections: WatchedConnection[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #onConnection: () => void = () => {};

  /**
   * @param namespace The client's.
   * @param watch The compiled native/watch.c.
   * @param options `cgroup`: which it is a member of; null: none in particular. `addressing`: the testbed's.
   */
  constructor(
    namespace: string,
    watch: string,
    targets: readonly Flow[],
    options: {
      readonly cgroup: string | null;
      readonly addressing: readonly string[];
      readonly untilAnswered?: boolean;
    },
  ) {
    const { cgroup, addressing, untilAnswered = false } = options;
    const args = [
      String(INTERVAL_US),
      ...(untilAnswered ? ["answered"] : []),
      ...addressing,
      ...(cgroup === null ? [] : [cgroup]),
    ];
    this.#child = spawn(toolPath("ip"), ["netns", "exec", namespace, watch, ...args], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.stdin!.on("error", () => {});
    this.#child.stdin!.end(encode(targets));
    const lines = createInterface({ input: this.#child.stdout! });
    lines.on("line", (line) => {
      const watched = parseWatched(line);
      if (watched !== null) this.connections.push(watched);
      this.#onConnection();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", () => resolve(null));
      lines.once("close", () => {
        this.#onConnection();
        resolve(this.#child.exitCode);
      });
    });
  }

  /** Waits until a test of the connections so far gives a value. Throws KernelError when the client ends before. */
  until<T>(test: (connections: readonly WatchedConnection[]) => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const value = test(this.connections);
        if (value === null) return;
        this.#onConnection = () => {};
        resolve(value);
      };
      this.#onConnection = attempt;
      attempt();
      void this.#ended.then(() => reject(new KernelError("the client that watches connections ended")));
    });
  }

  /** Waits until it has ended by itself. */
  async end(): Promise<void> {
    await this.#ended;
  }

  /** Ends it. */
  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

function encode(targets: readonly Flow[]): Buffer {
  const data = Buffer.alloc(targets.length * TARGET_BYTES);
  targets.forEach(({ src, dst, dport, protocol }, i) => {
    const at = i * TARGET_BYTES;
    data.writeUInt32LE(src >>> 0, at);
    data.writeUInt32LE(dst >>> 0, at + 4);
    data.writeUInt16LE(dport, at + 10);
    data.writeUInt32LE(protocol, at + 12);
  });
  return data;
}
