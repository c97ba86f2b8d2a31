/** What the cluster lane measures in real clusters of each mode, and of two nodes. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import {
  leftOf,
  leftOut,
  leftovers,
  measure,
  measureAsync,
  newOut,
  toleratedWakeUpUs,
  withTestCluster,
} from "./cluster-tools.js";

/** The idle state that a CPU leaves soonest, in which the test cluster keeps them; null: the machine has none to choose from. */
const STATE = "/sys/devices/system/cpu/cpu0/cpuidle/state0/name";
const shallowest = existsSync(STATE) ? readFileSync(STATE, "utf8").trim() : null;

describe.skipIf(leftOut).each(["nftables", "iptables"])("a cluster with kube-proxy in mode %s", (mode) => {
  withTestCluster("--mode", mode);

  it("is measured at 1, 100 and 1,000 Services, every connection at an endpoint of its Service", () => {
    const out = newOut();
    const { status, stderr } = measure("--services", "1,100,1000", "--duration", "3s", "--out", out);
    expect(stderr).toContain(`kube-proxy v1.36.3, ${mode}`);
    expect(status).toBe(0);
    const { cells, equivalence, environment, cluster } = readResults(out);
    expect(cells).toHaveLength(12);
    for (const { estimate, percentiles, replicates } of cells) {
      expect(replicates).toHaveLength(10);
      expect(estimate?.median).toBeGreaterThan(0);
      expect(percentiles?.p99.value).toBeGreaterThan(percentiles?.p50.value ?? Number.POSITIVE_INFINITY);
    }
    expect(new Set(cells.map(({ plane }) => plane))).toEqual(new Set([mode, "direct"]));
    expect(equivalence).toMatchObject({ disagreements: 0, services: 1000 });
    expect(equivalence.flows).toBeGreaterThan(3000);
    if (shallowest !== null && toleratedWakeUpUs() !== null)
      for (const { facts } of cells)
        expect(facts[`share of idle time in ${shallowest}`]).toBeGreaterThan(0.9);
    const text = JSON.stringify({ cells, environment, cluster });
    for (const secret of ["lbscale-node", "10.213.0", "10.244.", "10.96."])
      expect(text).not.toContain(secret);
    expect(leftovers()).toEqual([]);
  });
});

describe.skipIf(leftOut)("a cluster of two nodes", () => {
  withTestCluster("--nodes", "2");

  it.concurrent("is measured from both, to endpoints on the same node and on the other", async () => {
    const out = newOut();
    const options = ["--services", "1,20", "--protocol", "tcp,udp", "--duration", "3s"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect([status, stderr]).toEqual([0, expect.stringContaining("2 of 2 nodes usable")]);
    const { cells, equivalence } = readResults(out);
    const variants = ["", "other node", "same node", "udp", "udp, other node", "udp, same node"];
    expect([...new Set(cells.map(({ variant }) => variant))].sort()).toEqual(variants);
    for (const { variant, replicates, facts, percentiles } of cells) {
      // Of ten rounds on each node, each of 0.3 s: on a busy machine one may be without connections of a kind.
      expect([variant, replicates.length > 10 && replicates.length <= 20]).toEqual([variant, true]);
      expect([facts["node 1 p50 ns"], facts["node 2 p50 ns"]]).toEqual([
        expect.any(Number),
        expect.any(Number),
      ]);
      expect(percentiles?.p99.value).toBeGreaterThan(0);
    }
    const connections = (variant: string) =>
      cells
        .filter((cell) => cell.variant === variant)
        .reduce((sum, { percentiles }) => sum + (percentiles?.lookups ?? 0), 0);
    expect(connections("same node") + connections("other node")).toBe(connections(""));
    expect(equivalence.disagreements).toBe(0);
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent("is watched from both as changes reach them", async () => {
    const out = newOut();
    const options = ["--services", "20", "--scenarios", "sync"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect(status).toBe(0);
    const [each, last] = readResults(out).cells;
    expect([each?.variant, last?.variant]).toEqual(["", "every node"]);
    expect(each?.replicates.map(({ samples }) => samples.length)).toEqual([2, 2, 2]);
    expect(last?.replicates.map(({ samples }) => samples)).toEqual(
      each?.replicates.map(({ samples }) => [Math.max(...samples)]),
    );
    expect(await leftOf(stderr)).toEqual([]);
  });
});
