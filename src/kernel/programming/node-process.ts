/** The process in the node's namespace (node/main.ts), as the worker of the sandbox talks to it. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Channel, pipeChannel } from "../real-program/channel.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import { type NodeRequest, nodeReplySchema } from "./tasks.js";

const SCRIPT = fileURLToPath(new URL("./node/main.js", import.meta.url));

/** Answers one request after the other. */
export class NodeProcess {
  readonly #channel: Channel;

  /** Starts it in a network namespace. */
  constructor(namespace: string) {
    const child = spawn(toolPath("ip"), ["netns", "exec", namespace, process.execPath, SCRIPT], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#channel = pipeChannel(child, "the node's process");
  }

  /** Sends a request and waits for its reply. Throws KernelError with the other side's words. */
  async call(request: NodeRequest): Promise<unknown> {
    this.#channel.send(JSON.stringify(request));
    const reply = nodeReplySchema.parse(JSON.parse(await this.#channel.next()));
    if ("error" in reply) throw new KernelError(reply.error);
    return reply.value;
  }

  /** Ends it, and waits for nothing. What it started in its namespace is the testbed's to end. */
  stop(): void {
    void this.#channel.close();
  }
}
