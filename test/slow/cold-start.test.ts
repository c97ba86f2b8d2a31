import { join } from "node:path";
import { describe, expect } from "vitest";
import { readResults } from "../../src/results/files.js";
import { folder, lbscale } from "../support/cli.js";
import { withTools } from "./tools.js";

describe("the cold start of a new node, in the kernel", () => {
  withTools(
    "loads each layout at once and in stages, and counts what the kernel walks",
    ["nft", "ip", "cc"],
    () => {
      const out = join(folder, "cold");
      const { status, stderr } = lbscale([
        ...["run", "--lane", "kernel", "--profile", "quick", "--scenarios", "cold-start"],
        ...["--services", "300", "--replicates", "2", "--formats", "none", "--out", out],
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
});
