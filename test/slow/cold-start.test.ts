import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { readResults } from "../../src/results/files.js";
import { file, folder, lbscale } from "../support/cli.js";
import { UNHURRIED } from "../support/patience.js";
import { withTools } from "./tools.js";

describe("the cold start of a new node, in the kernel", () => {
  withTools(
    "loads each layout at once and in stages, and counts what the kernel walks",
    ["nft", "ip", "cc"],
    () => {
      const out = join(folder, "cold");
      const { status, stderr } = lbscale([
        ...["run", "--lane", "kernel", "--profile", "quick", "--scenarios", "cold-start"],
        ...[...UNHURRIED, "--services", "300", "--replicates", "2", "--formats", "none", "--out", out],
      ]);
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      const { cells } = readResults(out);
      expect(cells.map(({ plane, variant }) => `${plane} ${variant}`.trim())).toEqual(
        ["1.35", "1.36", "1.37"].flatMap((version) => [
          `nftables@${version}`,
          `nftables@${version} 250 a transaction`,
        ]),
      );
      // Three walks of what is there before each of 300 maps, two with it, after 7 or 8 sets.
      const walks = (named: number) => 5 * (named * 300 + (300 * 299) / 2) + 2 * 300;
      for (const { plane, variant, facts, replicates, warnings } of cells) {
        expect([plane, warnings, replicates.length]).toEqual([plane, [], 2]);
        expect(facts).toMatchObject({
          transactions: variant === "" ? 1 : 2,
          setsPassed: walks(plane.endsWith("1.35") ? 7 : 8),
        });
        expect(Number(facts.longestTransactionNs)).toBeGreaterThan(0);
      }
    },
  );

  withTools("measures with another nft, and stores what that says of itself", ["nft", "ip", "cc"], () => {
    const log = file("nft.log", "");
    const nft = file(
      "nft",
      `#!/bin/sh\necho "$1" >> ${log}\ncase $1 in --version) echo "nftables v9.9.9";; *) exec /usr/sbin/nft "$@";; esac\n`,
    );
    chmodSync(nft, 0o755);
    const out = join(folder, "other-nft");
    const { status } = lbscale([
      ...["run", "--lane", "kernel", "--profile", "quick", "--scenarios", "cold-start", "--services", "3"],
      ...[...UNHURRIED, "--planes", "nftables", "--nft", nft, "--formats", "none", "--out", out],
    ]);
    expect(status).toBe(0);
    const { run, cells } = readResults(out);
    expect(run.settings.kernel!.nft).toBe("nftables v9.9.9");
    expect(run.command).toContain("--nft PATH");
    expect(cells.map(({ facts }) => facts.nft)).toEqual(Array(3).fill(run.settings.kernel!.nft));
    // Two questions for its version, and a load of each layout.
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      "--version",
      "--version",
      "-f",
      "-f",
      "-f",
    ]);
    // Next to the run above, which had the system's.
    const both = lbscale(["report", join(folder, "cold"), out, "--formats", "text"]);
    expect([both.status, both.stdout]).toEqual([
      0,
      expect.stringContaining("nftables, layout of 1.37, other-nft"),
    ]);
    expect(both.stdout).toMatch(/nft differs: nftables v\d\S* .*\(cold\), nftables v9\.9\.9 \(other-nft\)/);
  });
});
