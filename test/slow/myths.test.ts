import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flowAt, generateTrace } from "../../src/cluster/flows.js";
import { generateCluster } from "../../src/cluster/generate.js";
import type { PlaneOptions } from "../../src/planes/plane.js";
import { planeById } from "../../src/planes/registry.js";
import { ROOT } from "../support/readme.js";

const PAGE = readFileSync(join(ROOT, "docs", "myths.md"), "utf8").replace(/\s+/g, " ");
const MAIN = join(ROOT, "dist", "src", "cli", "main.js");

/** What one endpoint that joins makes a control plane write, in the page's cluster. */
function joined(plane: string, options: PlaneOptions = {}, mode?: "full") {
  const program = planeById(plane).compile(generateCluster({ services: 1000, seed: 1 }), options);
  return program.update({ kind: "join", servicePort: 500 }, mode);
}

/** Mean work of first packets to all services of a cluster. */
function meanWork(plane: string, services: number, endpoints = 4, affinityShare = 0) {
  const cluster = generateCluster({
    services,
    seed: 1,
    endpoints: { kind: "constant", count: endpoints },
    affinityShare,
  });
  const model = planeById(plane).compile(cluster, { seed: 1 }).model(1);
  const { words, length } = generateTrace(cluster, { flows: 20_000, seed: 2 });
  let rules = 0;
  let lookups = 0;
  let probes = 0;
  let routes = 0;
  for (let i = 0; i < length; i++) {
    const { work } = model.explain(flowAt(words, i), 0);
    rules += work.rulesVisited;
    lookups += work.mapLookups;
    probes += work.hashProbes;
    routes += work.routingNodes ?? 0;
  }
  return {
    rules: rules / length,
    lookups: lookups / length,
    probes: probes / length,
    routes: routes / length,
  };
}

describe("docs/myths.md", () => {
  it("names the rules of iptables' partial and full sync", () => {
    const partial = joined("iptables").rules.toLocaleString("en");
    const full = joined("iptables", {}, "full").rules.toLocaleString("en");
    expect(PAGE).toContain(`that is ${partial} rules, where a full sync has ${full}`);
  });

  it("names the commands of nftables mode in 1.35: chains declared and flushed, and their rules", () => {
    const { rules, chains } = joined("nftables", { kubeProxy: "1.35" });
    expect(PAGE).toContain(`for a joined endpoint, ${2 * chains + rules} for the fifth (E' = 5), at any N`);
  });

  it("names the services that IPVS compares", () => {
    expect(PAGE).toContain("2 at 513, 21 at 10,000");
    const ipvs = (services: number) => meanWork("ipvs", services).probes - meanWork("ipvs", 1).probes + 1;
    expect(Math.round(ipvs(513))).toBe(2);
    expect(Math.abs(ipvs(10_000) - 20.5)).toBeLessThan(1);
    expect(PAGE).toContain("about six nodes, at 10 Services as at 10,000");
    for (const services of [10, 10_000]) expect(Math.round(meanWork("ipvs", services).routes / 2)).toBe(6);
  });

  it("says that Cilium asks three maps at any N, and Calico's walk grows with each doubling", () => {
    for (const services of [10, 1000]) expect(meanWork("ebpf", services).lookups).toBe(3);
    const grown = meanWork("calico-ebpf", 8000).probes - meanWork("calico-ebpf", 1000).probes;
    expect(grown).toBeGreaterThan(2);
    expect(grown).toBeLessThan(4);
  });

  it("says what endpoints cost: half of them in iptables, none in nftables, all with affinity", () => {
    expect(meanWork("iptables", 5, 101).rules - meanWork("iptables", 5, 1).rules).toBeCloseTo(50, 0);
    expect(meanWork("nftables", 5, 101).rules).toBe(meanWork("nftables", 5, 2).rules);
    expect(meanWork("nftables", 5, 41, 1).rules).toBeGreaterThan(40);
  });

  describe("commands", () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(os.tmpdir(), "lbscale-myths-"));
      symlinkSync(join(ROOT, "results"), join(folder, "results"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const commands = [...new Set([...PAGE.matchAll(/`npx lbscale ([^`]+)`/g)].map(([, words]) => words!))];
    // What measures belongs to no short test, and --cilium needs a program that Go builds.
    it.each(commands.filter((words) => !/^run |--cilium/.test(words)))("npx lbscale %s", (words) => {
      expect(
        execFileSync("bash", ["-c", `"${process.execPath}" "${MAIN}" ${words} && echo done`], {
          cwd: folder,
          encoding: "utf8",
        }),
      ).toMatch(/done\n$/);
    });
  });
});
