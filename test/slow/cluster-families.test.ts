/** The cluster lane in real clusters of IPv6 and of both families. */

import { beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import {
  kubectl,
  lbscaleAsync,
  leftOf,
  leftOut,
  leftovers,
  measure,
  measureAsync,
  newOut,
  withTestCluster,
} from "./cluster-tools.js";

const variantsOf = (out: string, scenario: string) => [
  ...new Set(
    readResults(out)
      .cells.filter((cell) => cell.scenario === scenario)
      .map(({ variant }) => variant),
  ),
];

describe.skipIf(leftOut)("a cluster of IPv6, kube-proxy in nftables mode", () => {
  withTestCluster("--family", "6", "--mode", "nftables");

  it("is measured with Services of IPv6 where nothing else is asked for", () => {
    const out = newOut();
    const options = ["--services", "1,100", "--protocol", "tcp,udp", "--duration", "3s"];
    const { status, stderr } = measure(...options, "--out", out);
    expect([status, stderr]).toEqual([0, expect.stringContaining("100 Services of IPv6")]);
    const { cells, equivalence, run, environment, cluster } = readResults(out);
    expect(run.settings.family).toBe(6);
    expect(new Set(cells.map(({ plane }) => plane))).toEqual(new Set(["nftables", "direct"]));
    expect(variantsOf(out, "connect")).toEqual(["", "udp"]);
    for (const { replicates } of cells) expect(replicates).toHaveLength(10);
    expect(equivalence.disagreements).toBe(0);
    const text = JSON.stringify({ cells, environment, cluster });
    for (const secret of ["lbscale-node", "fd00:10:"]) expect(text).not.toContain(secret);
    expect(leftovers()).toEqual([]);
  });

  it("refuses Services of IPv4, and of both families", () => {
    for (const family of ["4", "dual"]) {
      const { status, stderr } = measure("--family", family, "--out", newOut());
      expect([status, stderr]).toEqual([
        2,
        expect.stringContaining("have IPv6 alone (fd00:10:96::/108), and no IPv4"),
      ]);
    }
    expect(leftovers()).toEqual([]);
  });
});

describe.skipIf(leftOut)("a cluster of IPv4 and IPv6, with two nodes, kube-proxy in iptables mode", () => {
  withTestCluster("--family", "dual", "--nodes", "2", "--mode", "iptables");

  it.concurrent("has Services of IPv4 unless told, which is said", async () => {
    const out = newOut();
    const { status, stderr } = await measureAsync("--services", "2", "--duration", "2s", "--out", out);
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining("and IPv4 is measured: family chooses another"),
    ]);
    expect(readResults(out).run.settings.family).toBeUndefined();
    const { stdout } = await lbscaleAsync("doctor", "--context", "lbscale");
    expect(stdout).toContain("of IPv4 and IPv6; free addresses");
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent("is measured by both families of the same Services, apart and together", async () => {
    const out = newOut();
    const options = ["--services", "1,20", "--family", "dual", "--duration", "3s"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect(status).toBe(0);
    expect(variantsOf(out, "connect")).toEqual(["", "same node", "other node", "IPv4", "IPv6"]);
    const { cells, equivalence, run } = readResults(out);
    expect(run.settings.family).toBe("dual");
    const connections = (...variants: string[]) =>
      cells
        .filter(({ variant }) => variants.includes(variant))
        .reduce((sum, { percentiles }) => sum + (percentiles?.lookups ?? 0), 0);
    expect(connections("IPv4", "IPv6")).toBe(connections(""));
    expect(connections("same node", "other node")).toBe(connections(""));
    expect(Math.min(connections("IPv4"), connections("IPv6"))).toBeGreaterThan(0);
    expect(equivalence.disagreements).toBe(0);
    expect(await leftOf(stderr)).toEqual([]);
  });
});

describe.skipIf(leftOut)("a cluster of eight addresses of IPv6 for Services", () => {
  withTestCluster("--family", "6", "--service-range", "fd00:10:96::/125");

  beforeAll(() => {
    kubectl("create", "service", "clusterip", "a", "--tcp=80");
  });

  it("has room for seven, of which its own API server takes one", () => {
    const refused = measure("--services", "6", "--out", newOut());
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining("6 Services need as many addresses, and 5 are free in fd00:10:96::/125"),
    ]);
    const out = newOut();
    expect(measure("--services", "5", "--duration", "2s", "--out", out).status).toBe(0);
    expect(leftovers()).toEqual([]);
  });
});
