import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import { file, folder, lbscale, MAIN } from "../support/cli.js";
import { BOUTIQUE, service, TINY, UNDRAWN } from "../support/inputs.js";
import { raiseWhenSaved } from "../support/raise-when-saved.js";

/** What `npm test` has no time for: each starts processes that measure. test/cli/run.test.ts has the rest. */
describe("lbscale run", () => {
  it("measures an imported cluster, grown to the asked sizes", () => {
    const out = join(folder, "grown");
    const args = ["run", "--profile", "quick", "--planes", "ebpf", "--replicates", "1", "--out", out];
    const { status, stderr } = lbscale([
      ...args,
      "--formats",
      "none",
      "--cluster",
      BOUTIQUE,
      "--services",
      "12,40",
    ]);
    expect(stderr).not.toMatch(/internal error/);
    expect(status).toBe(0);
    const results = readResults(out);
    expect(results.cluster.source).toBe("imported");
    expect(results.cells.map((cell) => [cell.services, cell.endpoints])).toEqual([
      [12, 1],
      [40, 1],
    ]);
  });

  it("saves what it has on Ctrl-C, exits 130, and finishes with --resume", () => {
    const out = join(folder, "interrupted");
    const words = [
      ...raiseWhenSaved("SIGINT", "lookup"),
      MAIN,
      ...UNDRAWN,
      "--replicates",
      "2",
      "--out",
      out,
    ];
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    expect(status).toBe(130);
    expect(stderr).toMatch(/finish it with: lbscale run --resume/);
    const partial = readResults(out);
    expect(partial.run.complete).toBe(false);
    expect(partial.cells.flatMap((cell) => cell.replicates)).toHaveLength(1);
    const kept = partial.cells.map((cell) => cell.replicates);
    const resumed = lbscale(["run", "--resume", "--out", out, "--formats", "csv", "--json"]);
    expect(resumed.status).toBe(0);
    const whole = readResults(out);
    expect(JSON.parse(resumed.stdout)).toEqual(whole);
    expect(readdirSync(join(out, "charts")).every((name) => name.endsWith(".csv"))).toBe(true);
    expect(whole.run.complete).toBe(true);
    expect(whole.cells.flatMap((cell) => cell.replicates)).toHaveLength(8);
    for (const [i, replicates] of kept.entries()) {
      expect(whole.cells[i]!.replicates.slice(0, replicates.length)).toEqual(replicates);
    }
  });

  it("stores and says which nft loads the rules of nftables mode: that of kube-proxy's image, or the one given", () => {
    const nft = (name: string, ...options: string[]) => {
      const out = join(folder, name);
      const small = [
        "--planes",
        "nftables,ebpf",
        "--services",
        "3",
        "--replicates",
        "1",
        "--formats",
        "none",
      ];
      const { stdout } = lbscale(["run", "--profile", "quick", ...small, ...options, "--out", out]);
      return [readResults(out).run.settings.nft, /^loaded by nft: (.*)$/m.exec(stdout)?.[1]];
    };
    expect(nft("image-nft")).toEqual([{ nftables: "1.0.6" }, "1.0.6"]);
    expect(nft("new-nft", "--nft-version", "v1.1.3")).toEqual([{ nftables: "1.1.3" }, "1.1.3"]);
  });

  it("draws nothing with --formats none, and refuses none together with a format", () => {
    const out = join(folder, "undrawn");
    const { status, stdout, stderr } = lbscale([...UNDRAWN, "--out", out]);
    expect(status).toBe(0);
    expect(readdirSync(out)).toEqual(["results.json"]);
    expect(stderr).not.toMatch(/drawing/);
    expect(stdout).toMatch(/services\s+plane\s+median/);
    expect(stdout).toMatch(/saved .*results\.json\nnext: lbscale report .* --formats html,png/);
    const both = lbscale([...TINY, "--formats", "none,png"]);
    expect(both.stderr).toBe("lbscale: --formats none draws nothing: give it alone, or leave it out\n");
    expect(both.status).toBe(2);
  });

  it("leaves a hole with its reason where a plane can't hold the cluster, and fails when nothing is left", () => {
    const args = [
      "run",
      "--profile",
      "quick",
      "--replicates",
      "1",
      "--formats",
      "none",
      "--ebpf-map-max",
      "100",
      "--planes",
      "ebpf",
    ];
    const some = join(folder, "some");
    expect(lbscale([...args, "--services", "5,500", "--out", some]).status).toBe(0);
    const [small, large] = readResults(some).cells;
    expect(small!.estimate).not.toBeNull();
    expect(large!.estimate).toBeNull();
    expect(large!.warnings[0]).toMatch(/holds 100 entries and this cluster needs 3000.*bpf-lb-map-max/);
    const none = lbscale([...args, "--services", "500", "--out", join(folder, "none")]);
    expect(none.stderr).toMatch(/nothing could be measured: .*bpf-lb-map-max/);
    expect(none.status).toBe(1);
  });

  it("does not resume with another cluster", () => {
    const out = join(folder, "swapped");
    const first = file("first.yaml", service("{clusterIP: 10.96.7.6, ports: [{port: 80}]}"));
    expect(lbscale([...UNDRAWN, "--services", "1", "--cluster", first, "--out", out]).status).toBe(0);
    const results = readResults(out);
    results.run.complete = false;
    writeFileSync(join(out, "results.json"), JSON.stringify(results));
    const other = file("other.yaml", service("{clusterIP: 10.96.7.7, ports: [{port: 80}]}"));
    const swapped = lbscale(["run", "--resume", "--out", out, "--cluster", other]);
    expect(swapped.stderr).toMatch(/began with another cluster/);
    expect(swapped.status).toBe(2);
  });
});
