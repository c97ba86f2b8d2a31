import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import { folder, lbscale } from "../support/cli.js";
import { BOUTIQUE } from "../support/inputs.js";

describe("lbscale advise", () => {
  it("measures the cluster on this machine where no run is given", () => {
    const out = join(folder, "advised");
    const args = ["advise", BOUTIQUE, "--planes", "ebpf,iptables", "--replicates", "2", "--out", out];
    const { stdout, status } = lbscale(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/lookups measured on this cluster[\s\S]*range/);
    const { cells, cluster } = readResults(out);
    expect(cluster.source).toBe("imported");
    expect([...new Set(cells.map(({ services }) => services))]).toEqual([1, 12, 120]);
  });
});
