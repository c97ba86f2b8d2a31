/** Runs a command line in the test's own process: a new one takes half a second to load the same modules again. */

import { vi } from "vitest";
import { main } from "../../src/cli/program.js";
import { folder } from "./cli.js";

/**
 * What a command line writes, and the code that its process would exit with. In `folder`, as `lbscale` of `cli.ts`; what
 * starts processes of its own, reads standard input, or looks for files of the package is for that.
 */
export async function inProcess(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
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
  const before = process.cwd();
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  process.chdir(folder);
  try {
    const status = await main(args, { out, err });
    return { status, stdout, stderr };
  } finally {
    process.chdir(before);
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
