/** Ways to the process in the sandbox: pipes into namespaces of its own, or files that a user-mode Linux guest polls. */

import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { guestCommand, guestFailure, NOBODY, Tail } from "../testbed/guest.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import { GUEST_ERRORS_FILE, GUEST_REPLIES_FILE, GUEST_REQUESTS_FOLDER } from "./protocol.js";

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
const GUEST_INIT = fileURLToPath(new URL("./guest-init.js", import.meta.url));

/** Requests go in, replies come out, one line each. */
export interface Channel {
  send(line: string): void;
  /** The next reply. Throws KernelError, with the last words of the other side, when it has ended. */
  next(): Promise<string>;
  /** Ends everything on the other side, and waits for that. */
  close(): Promise<void>;
}

/** Starts a command in new namespaces, in a process group of its own: Ctrl-C is for the parent, which ends this one. */
function spawnIsolated(command: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const unshare = [
    ...[...user, "--net", "--mount", "--propagation", "private"],
    ...["--pid", "--fork", "--kill-child=KILL", "--mount-proc"],
  ];
  return spawn(toolPath("setpriv"), ["--pdeathsig", "KILL", toolPath("unshare"), ...unshare, ...command], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: environment,
  });
}

/** Resolves when a process and all that inherited its output have ended. */
function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
}

/** The last characters that a process printed. */
function lastWords(child: ChildProcess, streams: readonly ("stdout" | "stderr")[]): () => string {
  let words = "";
  for (const name of streams) {
    child[name]!.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-8000);
    });
  }
  return () => words;
}

/** The worker as the first process of new namespaces. Needs root. */
export function namespaceChannel(): Channel {
  const child = spawnIsolated([process.execPath, WORKER], process.env);
  const ended = endOf(child);
  const errors = lastWords(child, ["stderr"]);
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
      throw new KernelError(
        `the sandbox of kube-proxy ended: ${errors().trim().slice(-300) || "it was killed"}`,
      );
    },
    close: async () => {
      child.kill("SIGKILL");
      await ended;
      lines.close();
    },
  };
}

const POLL_MS = 20;

/** The worker in a user-mode Linux guest, whose kernel has IPVS. */
export function guestChannel(folder: string): Channel {
  const requests = join(folder, GUEST_REQUESTS_FOLDER);
  mkdirSync(requests);
  for (const file of [GUEST_REPLIES_FILE, GUEST_ERRORS_FILE]) writeFileSync(join(folder, file), "");
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chownSync(folder, NOBODY, NOBODY);
    for (const file of readdirSync(folder)) chownSync(join(folder, file), NOBODY, NOBODY);
  }
  // The kernel lane's command, with an init of our own and its arguments.
  const command = [...guestCommand(folder, isRoot, null).slice(0, -3), GUEST_INIT, folder, process.execPath];
  const child = spawnIsolated(command, { ...process.env, HOME: folder });
  const console = lastWords(child, ["stdout", "stderr"]);
  let hasEnded = false;
  const ended = endOf(child).then(() => {
    hasEnded = true;
  });
  const replies = new Tail(join(folder, GUEST_REPLIES_FILE));
  const received: string[] = [];
  let sent = 0;
  return {
    // A file each: the guest caches what it has read of one, and how long that was.
    send: (line) => {
      const path = join(requests, String(sent++));
      writeFileSync(`${path}.part`, `${line}\n`);
      renameSync(`${path}.part`, path);
    },
    next: async () => {
      for (;;) {
        const isLast = hasEnded || console().includes("Kernel panic");
        received.push(...replies.lines());
        const reply = received.shift();
        if (reply !== undefined) return reply;
        if (isLast) throw guestFailure("it ended early", console());
        await setTimeout(POLL_MS);
      }
    },
    close: async () => {
      child.kill("SIGKILL");
      await ended;
      replies.close();
    },
  };
}
