import { describe, expect, it } from "vitest";
import { withCells } from "../../../../test/support/results-lanes.js";
import { CATALOG } from "../../../catalog.js";
import type { Cell } from "../../../results/schema.js";
import { describeRun } from "../../../run/describe.js";
import { changeLoad, coldStart, firstSyncTime, programmingTime } from "./programming.js";

const OLD = "kube-proxy/nftables@1.36";
const NEW = "kube-proxy/nftables@1.37";

describe("findings about kube-proxy itself", () => {
  it("say what a change takes by each at the largest N that several were measured at", () => {
    const found = programmingTime(
      withCells([
        ["kernel", "programming", OLD, 1000, 200e6],
        ["kernel", "programming", NEW, 1000, 40e6],
        ["kernel", "programming", OLD, 5000, 1.5e9],
        ["kernel", "programming", NEW, 5000, 130e6],
        ["kernel", "programming", NEW, 10_000, 340e6],
      ]),
    );
    expect(found?.headline).toMatch(
      /^.* takes 1\.5\u00a0s\u00a0\(1\.4–1\.7\u00a0s\) per change at 5,000 Services$/,
    );
    expect(found?.sentence).toMatch(
      /programmed in 1\.5 s by .*, 130 ms by .*: the slowest takes 12 times \[/,
    );
    expect(found?.cells).toEqual([`${OLD}/programming/5000`, `${NEW}/programming/5000`]);
  });

  it("compare the newest versions as they are installed, and name older ones and other settings apart", () => {
    const results = withCells([
      ["kernel", "programming", OLD, 5000, 2.5e9],
      ["kernel", "programming", "kube-proxy/iptables-legacy@1.37", 5000, 780e6],
      ["kernel", "programming", NEW, 5000, 337e6],
      ["kernel", "programming", "cilium@1.20", 5000, 314e6],
      ["kernel", "programming", "cilium/unbuffered@1.20", 5000, 3.8e6],
    ]);
    const facts: Cell["facts"][] = [
      { kubeProxy: "Kubernetes v1.36.3", tables: "nft" },
      { kubeProxy: "Kubernetes v1.37.2", tables: "legacy" },
      { kubeProxy: "Kubernetes v1.37.2", tables: "nft" },
      { cilium: "Cilium v1.20.2", reflectorWaitTime: "500 ms" },
      { cilium: "Cilium v1.20.2", reflectorWaitTime: "1 ms" },
    ];
    for (const [i, cell] of results.cells.entries()) cell.facts = facts[i]!;
    const found = programmingTime({ ...results, ...describeRun(results.cells, CATALOG) });
    expect(found?.headline).toMatch(
      /^At 5,000 Services kube-proxy 1\.36 nftables takes 7\.4×\u00a0\([\d.–]+\) 1\.37's time$/,
    );
    expect(found?.headline.split(" ").length).toBeLessThanOrEqual(10);
    expect(found?.sentence).toMatch(
      /programmed in 780 ms by kube-proxy 1\.37 iptables-legacy, 337 ms by kube-proxy 1\.37 nftables, 314 ms by Cilium 1\.20: the slowest takes 2\.5 times \[2\.0, 3\.0\] the fastest, the intervals of kube-proxy 1\.37 nftables and Cilium 1\.20 overlap\. Older versions and other settings: 2\.5 s by kube-proxy 1\.36 nftables, 3\.8 ms by Cilium 1\.20 \(1 ms\)\. kube-proxy 1\.36 nftables takes 7\.4 times \[[\d., ]+\] the time of kube-proxy 1\.37 nftables\.$/,
    );
  });

  it("are headed by the slowest of the newest where no version takes twice the time of another", () => {
    const results = withCells([
      ["kernel", "programming", OLD, 5000, 500e6],
      ["kernel", "programming", "kube-proxy/iptables-legacy@1.37", 5000, 780e6],
      ["kernel", "programming", NEW, 5000, 337e6],
    ]);
    for (const [i, kubeProxy] of ["v1.36.3", "v1.37.2", "v1.37.2"].entries())
      results.cells[i]!.facts = { kubeProxy: `Kubernetes ${kubeProxy}`, tables: i === 1 ? "legacy" : "nft" };
    const found = programmingTime({ ...results, ...describeRun(results.cells, CATALOG) });
    expect(found?.headline).toMatch(/^kube-proxy 1\.37 iptables-legacy takes 780\u00a0ms/);
  });

  it.each([
    ["a newer one waits less", ["Cilium v1.19.0", "500 ms"], ["Cilium v1.20.2", "1 ms"]],
    ["how long it waits can't be read", ["Cilium v1.20.2", "x"], ["Cilium v1.20.2", "x"]],
  ])("are headed by one program also where %s", (_, ...facts) => {
    const results = withCells([
      ["kernel", "programming", "a", 5000, 314e6],
      ["kernel", "programming", "b", 5000, 3e6],
    ]);
    for (const [i, [cilium = "", reflectorWaitTime = ""]] of facts.entries())
      results.cells[i]!.facts = { cilium, reflectorWaitTime };
    expect(programmingTime(results)?.headline).toMatch(/^[ab] takes /);
  });

  it("compare a program that was measured in two families with itself, and with no other", () => {
    const results = withCells([
      ["kernel", "programming", "a, IPv6", 5000, 449e6],
      ["kernel", "programming", "a, IPv4", 5000, 417e6],
      ["kernel", "programming", "b, IPv6", 5000, 142e6],
      ["kernel", "programming", "b, IPv4", 5000, 100e6],
    ]);
    for (const cell of results.cells) {
      cell.facts = {
        kubeProxy: "Kubernetes v1.37.2",
        tables: cell.plane.startsWith("a") ? "legacy" : "nft",
      };
    }
    expect(changeLoad(results)).toBeNull();
    expect(programmingTime(results)?.sentence).toMatch(
      /: the intervals of a, IPv6 and a, IPv4 overlap; b, IPv6 takes 1\.4 times \[1\.2, 1\.7\] the time of b, IPv4\.$/,
    );
  });

  it("say which programs have no time there, and why: the others are survivors", () => {
    const results = withCells([
      ["kernel", "programming", OLD, 1000, 200e6],
      ["kernel", "programming", NEW, 1000, 40e6],
      ["kernel", "programming", "slow", 1000, 1],
    ]);
    const [limit, spent] = ["it did not finish within its time limit of 60 s", "60 s were spent on it"];
    Object.assign(results.cells.at(-1)!, {
      ...{ estimate: null, replicates: [] },
      warnings: [`a replicate failed: ${limit}; ${spent}`],
    });
    expect(programmingTime(results)?.sentence).toMatch(
      / Without a time there: slow \(it did not finish within its time limit of 60 s\)\.$/,
    );
  });

  it("say how much of the time one change per second keeps a rule list's kube-proxy busy", () => {
    const load = (ns: number) => {
      const results = withCells([
        ["kernel", "programming", "kube-proxy/iptables-legacy@1.37", 10_000, ns],
        ["kernel", "programming", NEW, 10_000, 2e9],
      ]);
      return changeLoad({ ...results, ...describeRun(results.cells, CATALOG) });
    };
    expect(load(832e6)?.headline).toBe(
      "At 10,000 Services kube-proxy 1.37 iptables-legacy works 832\u00a0ms\u00a0(749–915\u00a0ms) per change",
    );
    expect(load(832e6)?.sentence).toMatch(/with one change per second it is busy for 83 % of the time\.$/);
    expect(load(1.2e9)?.sentence).toMatch(/it can't keep up with one change per second/);
    expect(changeLoad(withCells([["kernel", "programming", NEW, 1000, 42e6]]))).toBeNull();
  });

  it("say nothing where the intervals of slowest and fastest meet, or there is only one", () => {
    expect(
      programmingTime(
        withCells([
          ["kernel", "programming", OLD, 1000, 42e6],
          ["kernel", "programming", NEW, 1000, 40e6],
        ]),
      ),
    ).toBeNull();
    expect(programmingTime(withCells([["kernel", "programming", NEW, 1000, 40e6]]))).toBeNull();
  });

  it("say nothing of a first sync that lbscale's own planes were loaded in", () => {
    expect(firstSyncTime(withCells([["kernel", "sync", OLD, 1000, 42e6]]))).toBeNull();
  });

  it("say what smaller transactions bring a new node, of the newest rules at the largest N", () => {
    const staged = (ns: number, variant: string, services = 10_000) => {
      const results = withCells([["kernel", "cold-start", "nftables@1.37", services, ns]]);
      return results.cells.map((cell) => ({ ...cell, variant }));
    };
    const results = withCells([["kernel", "cold-start", "nftables@1.37", 10_000, 15e9]]);
    results.cells.push(
      ...staged(9e9, "250 a transaction"),
      ...staged(12e9, "1,000 a transaction"),
      ...staged(1e9, "250 a transaction", 1000),
    );
    const found = coldStart(results);
    expect(found?.sentence).toMatch(
      /10,000 Services \(.*\) onto a new node in 15 s in one transaction, in 9 s with 250 a transaction: one transaction takes .*1\.7.* as long\.$/,
    );
    results.cells[1]!.estimate!.interval = [9e9, 16e9];
    expect(coldStart(results)?.sentence).toMatch(/: their intervals allow no difference \(/);
    expect(coldStart(withCells([["kernel", "cold-start", "nftables@1.37", 10_000, 15e9]]))).toBeNull();
  });
});
