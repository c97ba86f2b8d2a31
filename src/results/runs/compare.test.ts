import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { Random } from "../../random.js";
import type { Replicate, Results } from "../schema.js";
import { cellEffect, compareRuns, incomparable } from "./compare.js";

/**
 * A run on a machine that differs from run to run: all cells by `runNoise`, a cell by up to 3 %, replicates by 2 %.
 * `factor` slows a plane down.
 */
function measured(seed: number, factor: (plane: string) => number = () => 1, runNoise = 0.01): Results {
  const random = Random.fromSeed(seed);
  const results = fakeResults();
  const speed = 1 + runNoise * random.normal();
  for (const cell of results.cells) {
    const level = 100 * factor(cell.plane) * speed * (1 + 0.02 * random.normal());
    for (const replicate of cell.replicates) {
      replicate.median = level * (1 + 0.02 * random.normal());
      replicate.chaseNs = 80 * (1 + 0.2 * random.normal());
    }
  }
  return results;
}

const verdicts = (base: Results, head: Results) =>
  Object.fromEntries(compareRuns(base, head).planes.map(({ plane, verdict }) => [plane, verdict]));

describe("compareRuns", () => {
  it("raises at most one alarm in twenty pairs of the same code", () => {
    let alarms = 0;
    for (let pair = 0; pair < 40; pair++) {
      if (compareRuns(measured(2 * pair), measured(2 * pair + 1)).regression) alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(2);
  });

  it("finds a plane that is 15 % slower in at least 95 % of pairs, and blames no other", () => {
    let found = 0;
    for (let pair = 0; pair < 40; pair++) {
      const slow = (plane: string) => (plane === "nftables" ? 1.15 : 1);
      const seen = verdicts(measured(1000 + 2 * pair), measured(1001 + 2 * pair, slow));
      if (seen.nftables === "slower") found++;
      expect(seen.iptables).not.toBe("slower");
    }
    expect(found).toBeGreaterThanOrEqual(38);
  });

  it("finds what it prints as detectable in about 95 % of pairs", () => {
    let found = 0;
    for (let pair = 0; pair < 60; pair++) {
      const base = measured(3000 + 2 * pair, () => 1, 0);
      const head = measured(3001 + 2 * pair, () => 1, 0);
      const { detectable } = compareRuns(base, head).planes.find(({ plane }) => plane === "ebpf")!;
      for (const cell of head.cells) {
        if (cell.plane === "ebpf") for (const replicate of cell.replicates) replicate.median *= detectable;
      }
      if (verdicts(base, head).ebpf === "slower") found++;
    }
    expect(found / 60).toBeGreaterThan(0.85);
  });

  it("does not call a slow-down below 5 % a regression, and reports what became faster", () => {
    expect(
      compareRuns(
        measured(1),
        measured(2, () => 1.02),
      ).regression,
    ).toBe(false);
    const seen = verdicts(
      measured(3),
      measured(4, (plane) => (plane === "ipvs" ? 0.7 : 1)),
    );
    expect(seen.ipvs).toBe("faster");
  });

  it("names the cells that only one run has", () => {
    const head = measured(2);
    head.cells = head.cells.filter(({ plane, services }) => plane !== "ipvs" || services > 10);
    expect(compareRuns(measured(1), head).unmatched).toEqual(["ipvs/lookup/1", "ipvs/lookup/10"]);
  });

  it("leaves out and names a cell that took no time, and still finds another plane's regression", () => {
    const slow = (plane: string) => (plane === "nftables" ? 1.3 : 1);
    const [base, head] = [measured(1), measured(2, slow)];
    const zero = base.cells.find(({ plane, services }) => plane === "iptables" && services === 10)!;
    for (const replicate of zero.replicates) replicate.median = 0;
    const { planes, regression, unmatched } = compareRuns(base, head);
    expect(unmatched).toEqual(["iptables/lookup/10"]);
    expect(regression).toBe(true);
    expect(planes.find(({ plane }) => plane === "iptables")!.ratio).toBeGreaterThan(0);
    expect(planes.filter(({ verdict }) => verdict === "slower").map(({ plane }) => plane)).toEqual([
      "nftables",
    ]);
  });
});

describe("cellEffect", () => {
  const replicates = (pairs: readonly (readonly [number, number])[]) =>
    pairs.map(([median, condition]) => ({ median, chaseNs: condition, floorNs: condition })) as Replicate[];

  it("takes the machine's speed off: all of this difference is memory, or the core", () => {
    const base = replicates([70, 80, 90, 100].map((slow) => [slow, slow] as const));
    const head = replicates([140, 160, 180, 200].map((slow) => [slow, slow] as const));
    for (const condition of ["chaseNs", "floorNs"] as const) {
      expect(cellEffect(base, head, condition).value).toBeCloseTo(0, 9);
    }
  });

  it("is the log ratio of medians where memory did not change", () => {
    const at = (median: number) => replicates([median, median, median].map((value) => [value, 80] as const));
    expect(cellEffect(at(100), at(110), "chaseNs").value).toBeCloseTo(Math.log(1.1), 12);
  });
});

describe("the condition that is taken off", () => {
  /** Replicates whose time follows one condition, which differs by half between two runs; the other one is chance. */
  const run = (follows: "chaseNs" | "floorNs", level: number, programBytes: number) => {
    const results = fakeResults({ planes: ["ebpf"], services: [1, 10, 100] });
    for (const cell of results.cells) {
      cell.programBytes = programBytes;
      for (const [i, replicate] of cell.replicates.entries()) {
        const other = follows === "chaseNs" ? "floorNs" : "chaseNs";
        Object.assign(replicate, {
          [follows]: level * (1 + i / 10),
          [other]: 1,
          median: level * (1 + i / 10),
        });
      }
    }
    return results;
  };
  const ratio = (follows: "chaseNs" | "floorNs", programBytes: number) =>
    compareRuns(run(follows, 100, programBytes), run(follows, 150, programBytes)).planes[0]!.ratio;

  it("is the core's rate where a program fits its caches, and else the speed of memory", () => {
    expect(ratio("floorNs", 2 ** 16)).toBeCloseTo(1, 9);
    expect(ratio("chaseNs", 2 ** 16)).toBeCloseTo(1.5, 9);
    expect(ratio("chaseNs", 2 ** 24)).toBeCloseTo(1, 9);
    expect(ratio("floorNs", 2 ** 24)).toBeCloseTo(1.5, 9);
  });
});

describe("incomparable", () => {
  const change = (edit: (results: Results) => unknown) => {
    const head = measured(2);
    edit(head);
    return incomparable(measured(1), head).join("; ");
  };

  it("has nothing against two runs of the same kind, also where one was slowed down by the test hook", () => {
    expect(change(() => {})).toBe("");
    expect(
      change(({ run }) => {
        run.settings.slowdown = { plane: "iptables", share: 0.1 };
      }),
    ).toBe("");
  });

  it.each<[string, (results: Results) => unknown, RegExp]>([
    ["machines", ({ environment }) => Object.assign(environment, { cpu: "M1" }), /machine: .* and M1/],
    ["Node", ({ environment }) => Object.assign(environment, { node: "24.1.0" }), /Node: /],
    ["seeds", ({ run }) => Object.assign(run, { seed: 7 }), /seed: 1 and 7/],
    ["settings", ({ run }) => Object.assign(run.settings, { endpointsPerService: 8 }), /settings: /],
    ["completeness", ({ run }) => Object.assign(run, { complete: false }), /HEAD is not complete/],
    ["cells", (results) => results.cells.splice(1), /no plane has two/],
  ])("refuses runs that differ in %s", (_, edit, reason) => {
    expect(change(edit)).toMatch(reason);
  });

  it("refuses runs at another clock rate, which would make every plane slower", () => {
    const head = measured(2);
    for (const cell of head.cells) {
      for (const replicate of cell.replicates) {
        replicate.median *= 1.08;
        replicate.floorNs *= 1.08;
      }
    }
    expect(incomparable(measured(1), head)).toEqual(["clock rate: the empty loop takes 8.0 % more in HEAD"]);
  });

  it("refuses runs over other clusters", () => {
    const [base, head] = [measured(1), measured(2)];
    base.cluster.digests["100"] = "a";
    head.cluster.digests["100"] = "b";
    expect(incomparable(base, head)).toEqual(["clusters differ"]);
  });
});
