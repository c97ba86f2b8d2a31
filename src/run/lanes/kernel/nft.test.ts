import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fakeResults } from "../../../../test/support/results.js";
import { replaceTool, toolPath } from "../../../kernel/testbed/tools.js";
import { nftPathOf, nftVersion } from "./nft.js";

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

const spec = (nft?: string) => ({ lane: "kernel", seed: 1, ...(nft && { nft }) }) as const;

describe.skipIf(process.platform === "win32")("another nft", () => {
  it("says its version, which the run stores", async () => {
    const path = program("nft", 'echo "nftables v1.1.3"');
    expect(await nftVersion(path)).toBe("nftables v1.1.3");
  });

  it.each([
    ["a file that is missing", () => join(folder, "none"), /none is not a program: give the path of one/],
    ["a file that is none", () => program("text", "", 0o644), /text is not a program/],
    [
      "another program",
      () => program("other", "echo iptables v1.8.9"),
      /says "iptables v1.8.9", and is no nft/,
    ],
    ["one that fails", () => program("fails", "exit 3"), /^nft: .*fails --version/],
  ])("is refused where it is %s, with how to get one", async (_, path, message) => {
    const refusal = nftVersion(path());
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toThrow(/scripts\/install-nft.sh prints$/);
  });

  it("is known while the run goes on, and not when it is resumed", () => {
    const results = fakeResults();
    expect(nftPathOf(results, { spec: null })).toBeNull();
    results.run.settings.kernel = {
      updates: 1,
      changes: 1,
      starts: 1,
      rollout: 0,
      cellSeconds: 1,
      runSeconds: null,
      nft: "nftables v1.1.3",
    };
    expect(nftPathOf(results, { spec: spec("/x/nft") })).toBe("/x/nft");
    expect(() => nftPathOf(results, { spec: null })).toThrow(
      /begun with another nft than the system's \(nftables v1.1.3\) and can't be resumed/,
    );
  });

  it("takes the place of the system's in a process that measures", () => {
    replaceTool("a-tool-of-tests", "/x/tool");
    expect(toolPath("a-tool-of-tests")).toBe("/x/tool");
  });
});
