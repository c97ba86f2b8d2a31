import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const npmRun = (script: string) =>
  execFileSync("npm", ["run", "-s", script], { cwd: ROOT, encoding: "utf8" });

describe("npm scripts of the README", () => {
  it("bench:generate makes 1,000,000 services in at most 1 GiB, and compiles 100,000 on the planes that hold them", () => {
    const output = npmRun("bench:generate");
    const [, peakRssMiB] = /^ ?1000000 +\d+ +\d+ +(\d+)/m.exec(output)!;
    expect(Number(peakRssMiB)).toBeLessThan(1024);
    const compiled = [...output.matchAll(/^([a-z-]+) +\d+\.\d\d +\d+\.\d\d$/gm)].map(([, id]) => id);
    expect(compiled).toEqual(["iptables", "nftables", "ebpf", "calico-ebpf"]);
  });

  it("bench:newcomer compares every plane with a Map and an array of rules", () => {
    const output = npmRun("bench:newcomer");
    for (const name of [
      "iptables",
      "ipvs",
      "nftables",
      "ebpf",
      "ebpf-maglev",
      "Map<string>",
      "array of rules",
    ]) {
      expect(output).toMatch(new RegExp(`${name} +[\\d.]+ ns`));
    }
  });

  it("docs:api documents every export, without a warning", () => {
    npmRun("docs:api");
    const pages = readdirSync(join(ROOT, "docs", "api", "functions"));
    for (const page of [
      "index.generateCluster.html",
      "index.explainService.html",
      "api_results.adviseCluster.html",
      "api_results.compareWith.html",
      "api_charts.renderCharts.html",
    ]) {
      expect(pages).toContain(page);
    }
  });

  it("publish:run writes a run's page, its charts and the gallery", () => {
    const folder = mkdtempSync(join(os.tmpdir(), "lbscale-publish-"));
    const run = join(ROOT, "results", "default");
    execFileSync(process.execPath, [join(ROOT, "dist", "scripts", "publish.js"), run], { cwd: folder });
    const gallery = readFileSync(join(folder, "results", "README.md"), "utf8");
    expect(gallery).toContain("[default](default/)");
    const targets = [...gallery.matchAll(/(?:src|srcset|href)="([^"]+)"|\]\((?!https:|#)([^)]+)\)/g)];
    for (const [, attribute, link] of targets)
      expect([attribute ?? link, existsSync(join(folder, "results", attribute ?? link!))]).toEqual([
        attribute ?? link,
        true,
      ]);
    for (const file of ["README.md", "results.json.gz", join("charts", "scaling.svg")])
      expect([file, existsSync(join(folder, "results", "default", file))]).toEqual([file, true]);
    rmSync(folder, { recursive: true });
  });
});
