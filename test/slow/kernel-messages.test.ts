/** What passes between lbscale and its sandbox, where it is not what was agreed on: needs Linux and root. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { z } from "zod";
import { withTools } from "./tools.js";

const CHANNEL = new URL("../../dist/src/kernel/kube-proxy/channel.js", import.meta.url).href;
const SANDBOX = new URL("../../dist/src/kernel/testbed/sandbox.js", import.meta.url).href;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lbscale-messages-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What becomes of a request, in the sandbox's own process or in one of the given statements. */
async function ask(request: { readonly task: string }, code?: string): Promise<unknown> {
  const { runInSandbox } = (await import(SANDBOX)) as typeof import("../../src/kernel/testbed/sandbox.js");
  const script = join(folder, "inside.mjs");
  if (code !== undefined) writeFileSync(script, code);
  const reports: unknown[] = [];
  const failure = await runInSandbox("kernel", request, {
    report: z.object({ found: z.number() }),
    onReport: (report) => reports.push(report),
    ...(code !== undefined && { script }),
  }).then(
    () => undefined,
    ({ name, message }: Error) => `${name}: ${message}`,
  );
  return failure ?? reports;
}

describe("messages of the sandbox", () => {
  withTools("are read where they are what they have to be", [], async () => {
    expect(await ask({ task: "count" }, `console.log('{"found":1}\\n{"found":2}')`)).toEqual([
      { found: 1 },
      { found: 2 },
    ]);
  });

  withTools("end the run in one line where a library prints among them", [], async () => {
    expect(await ask({ task: "count" }, `console.log('{"found":1}\\nwarning: old kernel')`)).toBe(
      "MalformedMessageError: the sandbox sent a malformed message: it is not JSON",
    );
  });

  withTools("end the run with the name of the field that is wrong", [], async () => {
    expect(await ask({ task: "count" }, `console.log('{"found":"two"}')`)).toMatch(
      /^MalformedMessageError: the sandbox sent a malformed message: found: .*$/,
    );
  });

  withTools("are refused by name where a task is unknown, or lacks a field", [], async () => {
    expect(await ask({ task: "dance" })).toMatch(
      /^KernelError: the kernel lane sent a malformed message: task: .*$/,
    );
    const task = { task: "verify", planes: ["ebpf"], flows: 10 };
    expect(await ask(task)).toMatch(/^KernelError: the kernel lane sent a malformed message: seed: .*$/);
  });
});

describe("a guest for kube-proxy", () => {
  withTools("that says nothing is ended, with one line", ["linux.uml"], async () => {
    const { guestChannel } = (await import(
      CHANNEL
    )) as typeof import("../../src/kernel/kube-proxy/channel.js");
    const own = mkdtempSync(join(folder, "guest-"));
    // Nothing is asked, so nothing is answered.
    const guest = guestChannel(own, 2000);
    try {
      await expect(guest.next()).rejects.toThrow(/^the user-mode Linux guest: it said nothing for 2 s: .*$/);
    } finally {
      await guest.close();
    }
    expect(spawnSync("pgrep", ["-f", own]).stdout.toString()).toBe("");
  });
});
