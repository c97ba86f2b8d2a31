/** The process in the node's namespace (node/main.ts), as the worker of the sandbox talks to it. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { KernelError, toolPath } from "../testbed/tools.js";
import { type NodeRequest, nodeReplySchema } from "./tasks.js";

const SCRIPT = fileURLToPath(new URL("./node/main.js", import.meta.url));

/** Answers one request after the other. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #replies: AsyncIterator<string>;
  #words = "";

  /** Starts it in a network namespace. */
  constructor(namespace: string) {
    this.#child = spawn(toolPath("ip"), ["netns", "exec", namespace, process.execPath, SCRIPT], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stdin!.on("error", () => {});
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-2000);
    });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#replies = this.#lines[Symbol.asyncIterator]();
  }

  /** Sends a request and waits for its reply. Throws KernelError with the other side's words. */
  async call(request: NodeRequest): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { done, value } = await this.#replies.next();
    if (done === true)
      throw new KernelError(`the node's process ended: ${this.#words.trim().slice(-300) || "it was killed"}`);
    const reply = nodeReplySchema.parse(JSON.parse(value));
    if ("error" in reply) throw new KernelError(reply.error);
    return reply.value;
  }

  /** Ends it. What it started in its namespace is the testbed's to end. */
  stop(): void {
    this.#child.kill("SIGKILL");
    this.#lines.close();
  }
}
