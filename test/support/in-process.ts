/** The command line in the test's own process: for tests that ask what it prints, and start dozens of commands. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { main } from "../../src/cli/program.js";

/** What a command wrote, and its exit code. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of the calling test file, a way to put files there, and the command line that runs in it. */
export function commandLine() {
  const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  });
  /** Writes a file into the folder, and returns its path. */
  const file = (name: string, text: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return { folder, file, lbscale };
}

async function lbscale(args: readonly string[]): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const out = (text: string) => {
    stdout += text;
  };
  const err = (text: string) => {
    stderr += text;
  };
  const collect = (into: (text: string) => void) => (chunk: string | Uint8Array) => {
    into(String(chunk));
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(collect(out)),
    vi.spyOn(process.stderr, "write").mockImplementation(collect(err)),
  ];
  try {
    return { status: await main(args, { out, err }), stdout, stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
