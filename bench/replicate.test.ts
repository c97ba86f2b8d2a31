import { describe, expect, it } from "vitest";
import { generateCluster } from "../src/cluster/generate.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import type { Job } from "../src/measure/scenario.js";
import { type Model, type Plane, type PlaneId, REJECT } from "../src/planes/plane.js";
import { planeById } from "../src/planes/registry.js";
import { prepareLookup } from "./lookup.js";

const cluster = generateCluster({ services: 5, seed: 1 });
const job = (plane: PlaneId): Job => ({
  scenario: "lookup",
  plane,
  services: 5,
  clusterSeed: 1,
  seed: 3,
  clusterFile: null,
  variant: "",
  endpointsPerService: 4,
  affinityShare: 0,
  entry: "clusterIp",
  options: {},
  zipf: 0,
  popular: "random",
  misses: 0,
  warmupMs: 1,
  measureMs: 5,
  singlesMs: 5,
  slowdown: 0,
});

/** A plane whose model is spoiled. */
function spoiled(id: PlaneId, spoil: (model: Model) => Partial<Model>): Plane {
  const plane = planeById(id);
  return {
    ...plane,
    compile: (of, options) => {
      const program = plane.compile(of, options);
      const model = program.model(1);
      const whole: Model = {
        lookup: (...flow) => model.lookup(...flow),
        explain: (...flow) => model.explain(...flow),
        reset: (seed) => model.reset(seed),
      };
      return {
        plane: id,
        cluster: of,
        bytes: () => program.bytes(),
        facts: () => program.facts(),
        model: () => ({ ...whole, ...spoil(model) }),
        memory: () => program.memory(),
        update: (change, mode) => program.update(change, mode),
        live: (seed, capacity) => program.live(seed, capacity),
        connections: (seed, settings) => program.connections(seed, settings),
      };
    },
  };
}

describe("measureLatency", () => {
  it("reports samples in measured order, each batch checked, and the exact work", async () => {
    const measured = await measureLatency(prepareLookup, job("ebpf"), cluster, planeById("ebpf"));
    expect(measured.samples.length).toBeGreaterThanOrEqual(20);
    expect(measured.samples.every((ns) => ns > 0)).toBe(true);
    expect(measured.checkedBatches).toBeGreaterThanOrEqual(measured.samples.length);
    expect(measured.work.mapLookups).toBe(3);
    expect(measured.endpoints).toBe(4);
  });

  it("times nothing when a decision breaks the contract", async () => {
    const wrong = spoiled("ebpf", () => ({ lookup: () => REJECT }));
    await expect(measureLatency(prepareLookup, job("ebpf"), cluster, wrong)).rejects.toThrow(
      /nothing was timed/,
    );
  });

  it("refuses a replicate whose timed loop decides differently from explain", async () => {
    const other = spoiled("ebpf", (model) => ({
      explain: (flow, nowSec) => ({ ...model.explain(flow, nowSec), decision: 0 }),
    }));
    await expect(measureLatency(prepareLookup, job("ebpf"), cluster, other)).rejects.toThrow(
      /differently from explain/,
    );
  });
});
