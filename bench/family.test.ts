import { describe, expect, it, vi } from "vitest";
import { FAMILY_NAMES, type FamilyChoice } from "../src/cluster/family.js";
import { benchFamilies } from "../src/measure/replicate/bench-cluster.js";
import type { Counted, Measured } from "../src/measure/replicate/measured.js";
import type { Job } from "../src/measure/scenario.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import { dualPlane } from "../src/planes/families/dual.js";
import { unsupportedFamily } from "../src/planes/families/support.js";
import { planeById } from "../src/planes/registry.js";
import { PLANE_ENTRIES } from "../src/planes/registry-loader.js";
import { trials } from "../test/support/trials.js";
import { family } from "./family.js";
import { SCENARIOS } from "./index.js";

vi.mock("../src/measure/replicate/batches.js", async (original) => ({
  ...(await original<typeof import("../src/measure/replicate/batches.js")>()),
  calibrate: () => 513,
}));

const CHOICES: readonly FamilyChoice[] = [4, 6, "dual"];
const PLANES = PLANE_ENTRIES.map(({ descriptor }) => descriptor).filter(
  (descriptor) => unsupportedFamily(descriptor, "dual") === null,
);

/** Of those that are timed: a list and shared tables, or all. */
const TIMED = PLANES.slice(0, trials(2, PLANES.length));

async function run(id: string, plane: PlaneDescriptor, choice: FamilyChoice, change: Partial<Job> = {}) {
  const job: Job = {
    scenario: id,
    plane: plane.id,
    services: 12,
    variant: "",
    clusterSeed: 1,
    seed: 3,
    clusterFile: null,
    endpointsPerService: 4,
    affinityShare: 0,
    entry: plane.can.outsideOnly ? "loadBalancer" : "clusterIp",
    family: choice,
    options: { maglevTableSize: 251 },
    zipf: 0,
    popular: "random",
    misses: 0,
    slowdown: 0,
    warmupMs: 1,
    measureMs: 2,
    singlesMs: 1,
    ...change,
  };
  const cluster = await benchFamilies(job);
  const scenario = SCENARIOS.find((candidate) => candidate.id === id)!;
  return "ipv4" in cluster
    ? scenario.measure(job, cluster.ipv4, dualPlane(planeById(plane.id), cluster))
    : scenario.measure(job, cluster, planeById(plane.id));
}
const timed = (...args: Parameters<typeof run>) => run(...args) as Promise<Measured>;
const counted = async (...args: Parameters<typeof run>) => ((await run(...args)) as Counted).counts;

/** Of tables that both families share: counted once with both, and with each alone. IPVS has 256 buckets of 8 bytes. */
const sharedBytes = ({ id }: PlaneDescriptor) => (id === "ipvs" ? 2048 : 0);

describe("a run of both families", () => {
  it.each(PLANES)(
    "holds and writes in $id what each of them does, added up, and what they share once",
    async (plane) => {
      for (const scenario of ["memory", "update"]) {
        const [ipv4, ipv6, both] = [
          await counted(scenario, plane, 4),
          await counted(scenario, plane, 6),
          await counted(scenario, plane, "dual"),
        ];
        const names = scenario === "memory" ? ["bytes"] : Object.keys(ipv4!);
        const twice = scenario === "memory" ? sharedBytes(plane) : 0;
        for (const name of names)
          expect([name, both![name]]).toEqual([name, ipv4![name]! + ipv6![name]! - twice]);
      }
    },
  );

  it.each(TIMED)("times lookups of $id in both, half of them in each", async (plane) => {
    const [ipv4, ipv6, both] = [
      await timed("lookup", plane, 4),
      await timed("lookup", plane, 6),
      await timed("lookup", plane, "dual"),
    ];
    // An odd number of lookups would hold one more of a family.
    expect(both.batch).toBe(514);
    expect(both.checkedBatches).toBeGreaterThan(0);
    const steps = ({ work }: Measured) => work.rulesVisited + work.mapLookups;
    expect(steps(both) / ((steps(ipv4) + steps(ipv6)) / 2)).toBeCloseTo(1, 1);
    expect(both.programBytes).toBe(ipv4.programBytes + ipv6.programBytes - sharedBytes(plane));
  });

  it.each(TIMED)("times connections of $id in both, half of them in each", async (plane) => {
    for (const scenario of ["connect", "established"]) {
      const both = await timed(scenario, plane, "dual");
      expect(both.batch).toBe(514);
      expect(both.checkedBatches).toBeGreaterThan(0);
    }
  });

  it.each(TIMED)("changes both, and takes both back: $id decides as before", async (plane) => {
    const variants = [
      { scenario: "update", variant: "change" },
      { scenario: "churn", variant: "changes" },
    ];
    for (const { scenario, variant } of variants)
      expect((await timed(scenario, plane, "dual", { variant })).samples.length).toBeGreaterThan(1);
  });

  it.each(TIMED)("programs both of $id from nothing, as much as each alone", async (plane) => {
    const [ipv4, ipv6, both] = [
      await timed("sync", plane, 4),
      await timed("sync", plane, 6),
      await timed("sync", plane, "dual"),
    ];
    expect(both.samples.length).toBeGreaterThan(0);
    expect(both.programBytes).toBe(ipv4.programBytes + ipv6.programBytes - sharedBytes(plane));
  });
});

describe("the scenario family", () => {
  it("measures each plane in IPv4, IPv6 and both, and what grows by rules at four N", () => {
    const list = PLANE_ENTRIES.find(({ descriptor }) => descriptor.report.structure === "list")!.descriptor;
    const hash = PLANE_ENTRIES.find(({ descriptor }) => descriptor.report.structure === "hash")!.descriptor;
    const lookups = (plane: PlaneDescriptor) =>
      family.sizes!(null, plane)
        .filter(({ variant }) => variant === "IPv6")
        .map(({ services }) => services);
    expect([lookups(list), lookups(hash)]).toEqual([[1, 100, 1000, 10_000], [10_000]]);
    for (const part of ["", "writes, "])
      for (const choice of CHOICES)
        expect(family.sizes!([7], list)).toContainEqual({
          services: 7,
          endpoints: null,
          variant: `${part}${FAMILY_NAMES[choice]}`,
        });
  });

  it("makes the cluster of a variant in its family", () => {
    expect(
      ["IPv4", "IPv6", "writes, dual stack", "other"].map((variant) => family.clusterOf!(variant)),
    ).toEqual([{ family: 4 }, { family: 6 }, { family: "dual" }, {}]);
  });

  it("counts what a change writes", async () => {
    const [plane] = PLANES;
    const counts = await counted("family", plane!, 6, { variant: "writes, IPv6" });
    expect(counts).toEqual(await counted("update", plane!, 6));
    expect(counts["join bytes"]).toBeGreaterThan(0);
  });
});
