/**
 * The process inside the node's network namespace: the list/watch server on its loopback, and the program that it feeds.
 * Requests come in on stdin and are answered on stdout, one after the other.
 */

import { createInterface } from "node:readline";
import { parseMessage } from "../../../measure/message.js";
import { KernelError } from "../../testbed/tools.js";
import { nodeRequestSchema } from "../tasks.js";
import { CiliumNode } from "./cilium-node.js";
import type { ProgrammedNode } from "./programmed-node.js";
import { ProxiedNode } from "./proxied-node.js";
import { ServedCluster } from "./served-cluster.js";

let node: ProgrammedNode | undefined;

async function answer(line: string): Promise<unknown> {
  const request = parseMessage(nodeRequestSchema, line, "the sandbox");
  if (request.call === "prepare") {
    const { program } = request;
    const cluster = await ServedCluster.generate(request);
    node =
      program.kind === "cilium"
        ? new CiliumNode(request, program, cluster)
        : new ProxiedNode(request, program, cluster);
    return null;
  }
  if (node === undefined) throw new KernelError("the node has not been prepared");
  switch (request.call) {
    case "start":
      return node.start();
    case "settle":
      return node.settle();
    case "change":
      return node.change(request.service, request.kind);
    case "resize":
      return node.resize(request.service, request.endpoints);
    case "roll out":
      return node.rollOut(request.service);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: { value: unknown } | { error: string };
  try {
    reply = { value: (await answer(line)) ?? null };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(0);
