/** The process in the node's namespace (node/main.ts), as the worker of the sandbox talks to it. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { checkMessage, parseMessage } from "../../measure/message.js";
import { type Channel, pipeChannel } from "../real-program/channel.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import { type NodeRequest, nodeReplySchema } from "./tasks.js";

const SCRIPT = fileURLToPath(new URL("./node/main.js", import.meta.url));

/** Who answers. */
const FROM = "the node's process";

/** Answers one request after the other. */
export class NodeProcess {
  readonly #channel: Channel;

  /** Starts it in a network namespace. */
  constructor(namespace: string) {
    const child = spawn(toolPath("ip"), ["netns", "exec", namespace, process.execPath, SCRIPT], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#channel = pipeChannel(child, FROM);
  }

  /**
   * Sends a request and waits for its reply.
   *
   * @param schema What the reply has to be.
   * @throws KernelError with the other side's words.
   */
  async call<T>(request: NodeRequest, schema: z.ZodType<T>): Promise<T> {
    this.#channel.send(JSON.stringify(request));
    const reply = parseMessage(nodeReplySchema, await this.#channel.next(), FROM);
    if ("error" in reply) throw new KernelError(reply.error);
    return checkMessage(schema, reply.value, FROM);
  }

  /** Ends it, and waits for nothing. What it started in its namespace is the testbed's to end. */
  stop(): void {
    void this.#channel.close();
  }
}
