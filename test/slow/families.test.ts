/** IPv6 and dual stack from the command line: run, resume, advise, explain. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { PLANE_ENTRIES } from "../../src/planes/registry-loader.js";
import { readResults } from "../../src/results/files.js";
import { file, folder, lbscale, MAIN } from "../support/cli.js";
import { raiseWhenSaved } from "../support/raise-when-saved.js";

const SMALL = ["--profile", "quick", "--services", "3", "--replicates", "1", "--formats", "none"];
const measure = (name: string, ...args: string[]) => {
  const out = join(folder, name);
  return { out, ...lbscale(["run", ...SMALL, ...args, "--out", out]) };
};

describe("lbscale run --family", () => {
  it("measures IPv6 and stores that it did, with the command that repeats it", () => {
    const { out, status, stderr } = measure("six", "--planes", "iptables", "--family", "6");
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    const { run, cells, cluster } = readResults(out);
    expect(run.settings.family).toBe(6);
    expect(run.command).toContain(" --family 6");
    const { out: four } = measure("four", "--planes", "iptables");
    const other = readResults(four);
    expect(other.run.settings.family).toBeUndefined();
    expect(cluster.digests["3"]).not.toBe(other.cluster.digests["3"]);
    expect(cells[0]!.programBytes).toBeGreaterThan(other.cells[0]!.programBytes!);
  });

  it("counts both families of a dual-stack node", () => {
    const bytes = (family: string) => {
      const { out } = measure(
        `memory-${family}`,
        "--planes",
        "nftables",
        "--scenarios",
        "memory",
        "--family",
        family,
      );
      return readResults(out).cells[0]!.counts!.bytes!;
    };
    expect(bytes("dual")).toBe(bytes("4") + bytes("6"));
  });

  it("measures every plane on a dual-stack node, lookups and connections", () => {
    const { out, status, stderr } = measure("every", "--family", "dual", "--scenarios", "lookup,connect");
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("left out")]);
    const { cells } = readResults(out);
    for (const { descriptor } of PLANE_ENTRIES)
      for (const scenario of ["lookup", "connect"])
        expect(
          cells.some(
            (cell) => cell.plane === descriptor.id && cell.scenario === scenario && cell.estimate !== null,
          ),
        ).toBe(true);
  });

  it("refuses by name what it can't measure, and leaves it out of all", () => {
    const balance = measure("refused", "--scenarios", "balance", "--family", "dual");
    expect([balance.status, balance.stderr]).toEqual([
      2,
      expect.stringMatching(/^lbscale: scenario balance measures one family: .*: give family 4 or 6/),
    ]);
    const guest = lbscale(["run", "--lane", "guest", "--family", "dual"]);
    expect([guest.status, guest.stderr]).toEqual([
      2,
      expect.stringContaining("lane guest measures one family at a time"),
    ]);
    const word = lbscale(["run", "--family", "5"]);
    expect([word.status, word.stderr]).toEqual([2, expect.stringContaining("family")]);
  });

  it("goes on with the family that a run has, and refuses another", () => {
    const out = join(folder, "resumed");
    const args = [
      "run",
      "--profile",
      "quick",
      "--services",
      "1,2",
      "--planes",
      "iptables",
      "--replicates",
      "6",
    ];
    const words = [...args, "--family", "6", "--formats", "none", "--out", out];
    spawnSync(process.execPath, [...raiseWhenSaved("SIGINT", "lookup"), MAIN, ...words], { cwd: folder });
    const stopped = readResults(out);
    expect([stopped.run.complete, stopped.run.settings.family]).toEqual([false, 6]);
    const other = lbscale(["run", "--resume", "--out", out, "--family", "4"]);
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining("--family ")]);
    expect(lbscale(["run", "--resume", "--out", out, "--formats", "none"]).status).toBe(0);
    const { run, cells, cluster } = readResults(out);
    expect([run.complete, run.settings.family]).toEqual([true, 6]);
    expect(cells.every(({ replicates }) => replicates.length === 6)).toBe(true);
    expect(cluster.digests).toMatchObject(stopped.cluster.digests);
  });
});

describe("an imported cluster of IPv6, or of both families", () => {
  const paths: Record<string, string> = {};
  beforeAll(() => {
    for (const family of ["6", "dual"])
      paths[family] = file(
        `${family}.json`,
        lbscale(["generate", "--services", "12", "--family", family]).stdout,
      );
  });
  const of = (name: string, family: string, ...args: string[]) =>
    measure(name, "--planes", "iptables,nftables", "--cluster", paths[family]!, ...args);

  it("is measured in the families that it has, or in one of them", () => {
    const six = of("imported-6", "6");
    expect([six.status, readResults(six.out).run.settings.family]).toEqual([0, 6]);
    const dual = of("imported-dual", "dual");
    expect([dual.status, dual.stderr]).toEqual([0, expect.stringContaining("both families are measured")]);
    expect(readResults(dual.out).run.settings.family).toBe("dual");
    const one = of("imported-one", "dual", "--family", "6");
    expect(readResults(one.out).run.settings.family).toBe(6);
    const none = of("imported-none", "6", "--family", "dual");
    expect([none.status, none.stderr]).toEqual([
      2,
      expect.stringContaining("family: this cluster has IPv6 and not dual stack: leave it out"),
    ]);
  });

  it.each(["6", "dual"])("is the same after import, verify, run and export (--family %s)", (family) => {
    const servicesOf = (text: string) => {
      const { services, ipv6 } = JSON.parse(text);
      return [services, ipv6?.services];
    };
    const given = lbscale(["export", paths[family]!, "--format", "kubernetes"]);
    const imported = lbscale(["import", "-"], given.stdout);
    expect(servicesOf(imported.stdout)).toEqual(servicesOf(readFileSync(paths[family]!, "utf8")));
    const path = file(`imported-${family}.json`, imported.stdout);
    expect(lbscale(["verify", path, "--flows", "2000"]).status).toBe(0);
    const { status, out } = measure(`whole-${family}`, "--planes", "iptables,ebpf", "--cluster", path);
    expect([status, readResults(out).cells.every(({ estimate }) => estimate !== null)]).toEqual([0, true]);
    expect(lbscale(["export", path, "--format", "kubernetes"]).stdout).toBe(given.stdout);
  });

  it("is advised on from a run of its family, with both families side by side where it has both", () => {
    const { out } = measure(
      "advised",
      "--planes",
      "iptables,nftables",
      "--family",
      "6",
      "--services",
      "1,10",
    );
    const six = lbscale(["advise", paths["6"]!, "--run", out, "--planes", "iptables,nftables"]);
    expect([six.status, six.stdout]).toEqual([0, expect.stringContaining("12 Services of IPv6")]);
    expect(six.stdout).toContain("- times hold the larger tables of IPv6, not the 16 bytes");
    const other = lbscale(["advise", paths.dual!, "--run", out]);
    expect([other.status, other.stderr]).toEqual([
      2,
      expect.stringMatching(/measured IPv6, and this cluster is IPv4: give a run of that family/),
    ]);
    const { out: twice } = measure("advised-dual", "--planes", "iptables", "--family", "dual");
    const refused = lbscale(["advise", paths.dual!, "--run", twice]);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(
        /measured both families at once, and lookups are compared in one: give a run of IPv4/,
      ),
    ]);
    const { out: four } = measure("advised-4", "--planes", "iptables,nftables", "--services", "1,10");
    const dual = lbscale(["advise", paths.dual!, "--run", four]);
    expect(dual.stdout).not.toContain("Not counted");
    expect(dual.stdout).toMatch(
      /^Both families: 12 Services of IPv4 and 12 of IPv6.*:\nplane +memory, IPv4/m,
    );
    const json = JSON.parse(
      lbscale(["advise", paths.dual!, "--run", four, "--planes", "iptables", "--json"]).stdout,
    );
    const [plane] = json.dualStack.planes;
    expect(plane.ipv6Bytes).toBeGreaterThan(plane.ipv4Bytes);
    expect(json.planes[0].memory.bytes).toBe(plane.ipv4Bytes);
  });

  it("is explained with times where the run has its family", () => {
    const run = join(folder, "advised");
    const ask = ["explain", paths["6"]!, "svc-3", "--planes", "iptables"];
    expect(lbscale([...ask, "--run", run]).stdout).not.toContain("No times");
    expect(lbscale(ask).stdout).toContain("No times: the run has none of IPv6");
  });
});
