/** Ways to the process in the sandbox: pipes into namespaces of its own, or files that a user-mode Linux guest polls. */

import { chownSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { lastWords } from "../../process.js";
import { type Channel, endOf, pipeChannel } from "../real-program/channel.js";
import {
  guestCommand,
  guestEnvironment,
  guestFailure,
  guestSilent,
  NOBODY,
  SILENCE_MS,
  Tail,
} from "../testbed/guest.js";
import { spawnIsolated } from "../testbed/sandbox.js";
import { GUEST_ERRORS_FILE, GUEST_REPLIES_FILE, GUEST_REQUESTS_FOLDER } from "./protocol.js";

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
const GUEST_INIT = fileURLToPath(new URL("./guest-init.js", import.meta.url));

/** The worker as the first process of new namespaces. Needs root. */
export function namespaceChannel(): Channel {
  return pipeChannel(spawnIsolated([process.execPath, WORKER], process.env), "the sandbox of kube-proxy");
}

const POLL_MS = 20;

/**
 * The worker in a user-mode Linux guest, whose kernel has IPVS. While it works on a request it says so (`BEAT_MS`): a guest
 * that is silent for `silenceMs` while a reply is waited for hangs.
 */
export function guestChannel(folder: string, silenceMs = SILENCE_MS): Channel {
  const requests = join(folder, GUEST_REQUESTS_FOLDER);
  mkdirSync(requests);
  for (const file of [GUEST_REPLIES_FILE, GUEST_ERRORS_FILE]) writeFileSync(join(folder, file), "");
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chownSync(folder, NOBODY, NOBODY);
    for (const file of readdirSync(folder)) chownSync(join(folder, file), NOBODY, NOBODY);
  }
  const child = spawnIsolated(guestCommand(folder, isRoot, null, GUEST_INIT), guestEnvironment(folder));
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
      const since = performance.now();
      for (;;) {
        const isLast = hasEnded || console().includes("Kernel panic");
        received.push(...replies.lines());
        const reply = received.shift();
        if (reply !== undefined) return reply;
        if (isLast) throw guestFailure("it ended early", console());
        if (performance.now() - since > silenceMs) throw guestSilent(silenceMs, console());
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
