/** A line of JSON for a line of JSON with another process. */

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { lastWords } from "../../process.js";
import { KernelError } from "../testbed/tools.js";

/** Requests go in, replies come out, one line each. */
export interface Channel {
  send(line: string): void;
  /** The next reply. Throws KernelError, with the last words of the other side, when it has ended. */
  next(): Promise<string>;
  /** Ends everything on the other side, and waits for that. */
  close(): Promise<void>;
}

/** Over the standard streams of a process. `what` it is appears in the message when it has ended. */
export function pipeChannel(child: ChildProcess, what: string): Channel {
  const ended = endOf(child);
  const errors = lastWords(child, ["stderr"]);
  let failure = "it was killed";
  child.once("error", ({ message }) => {
    failure = message;
  });
  // What is sent to a process that has ended is answered by next().
  child.stdin!.on("error", () => {});
  const lines = createInterface({ input: child.stdout! });
  const replies = lines[Symbol.asyncIterator]();
  return {
    send: (line) => void child.stdin!.write(`${line}\n`),
    next: async () => {
      const { done, value } = await replies.next();
      if (done !== true) return value;
      await ended;
      throw new KernelError(`${what} ended: ${errors().trim().slice(-300) || failure}`);
    },
    close: async () => {
      child.kill("SIGKILL");
      await ended;
      lines.close();
    },
  };
}

/** Resolves when a process and all that inherited its output have ended. */
export function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
}
