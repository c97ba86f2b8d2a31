import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("install-nft.sh", import.meta.url));
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A PATH on which there is a shell, and nothing that installs. */
for (const tool of ["bash", "env"]) symlinkSync(`/usr/bin/${tool}`, join(folder, tool));

function install(args: readonly string[], env: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync("/bin/bash", [SCRIPT, ...args], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe.skipIf(os.platform() !== "linux")("scripts/install-nft.sh", () => {
  it("refuses what is no name of a release, before anything is downloaded", () => {
    for (const suite of ["../x", "trixie main", "13"])
      expect(install([suite], { PATH: folder, HOME: folder })).toEqual({
        status: 2,
        stdout: "",
        stderr: `install-nft: ${suite} is no name of a Debian release: give one such as trixie\n`,
      });
  });

  it("says what it needs where that is missing", () => {
    const { status, stderr } = install([], { PATH: folder, HOME: folder });
    expect([status, stderr]).toEqual([
      2,
      "install-nft: apt-get is not installed: nft is taken from Debian's packages, and cc compiles what starts it\n",
    ]);
  });
});
