/** Runs that were recorded, played again: what was said to be left, against what was left. */

import { beforeAll, describe, expect, it, vi } from "vitest";
import { trials } from "../../test/support/trials.js";
import { readResults } from "../results/files.js";
import type { Cell, Results } from "../results/schema.js";
import { runSchedule } from "./run.js";
import type { Job } from "./scenario.js";
import type { Ran } from "./spawn.js";

/** Takes of the recorded replicates, by their seeds. */
let attempts: Map<number, Ran[]>;
let clock: number;

vi.mock("./spawn.js", async (original) => ({
  ...(await original<typeof import("./spawn.js")>()),
  runReplicate: async (_script: string, { seed }: Job) => {
    const queue = attempts.get(seed)!;
    const ran = queue.length > 1 ? queue.shift()! : queue[0]!;
    clock += ran.wallMs;
    return ran;
  },
}));

const NOTHING = { resolutionNs: 10, floorNs: 40 };

/** A recorded run as it was before anything was measured; its replicates go into `attempts`. */
function before(recorded: Results): Results {
  attempts = new Map();
  for (const { replicates, disturbed, endpoints, programBytes, facts } of recorded.cells) {
    for (const replicate of replicates) {
      const measured = {
        ...replicate,
        endpoints,
        programBytes: programBytes ?? 0,
        facts,
        heapBytesPerOperation: replicate.heapBytesPerLookup,
        timer: NOTHING,
      };
      const earlier = disturbed
        .filter(({ block }) => block === replicate.block)
        .map(({ wallMs, floorNs, median }) => ({
          wallMs,
          measured: { ...measured, floorNs, samples: [median] },
        }));
      attempts.set(replicate.seed, [...earlier, { wallMs: replicate.wallMs, measured }] as unknown as Ran[]);
    }
  }
  const cells = recorded.cells.map((cell) => ({
    ...cell,
    replicates: [],
    disturbed: [],
    // What is counted takes one process, and no time that was recorded.
    stopped: cell.replicates.length === 0 ? cell.stopped : null,
    lookedAt: 0,
  }));
  // A cell that measured nothing is none of the clock's.
  const schedule = recorded.run.schedule.map((block) =>
    block.filter((index) => recorded.cells[index]!.replicates.length > 0),
  );
  return { ...recorded, run: { ...recorded.run, schedule }, cells: cells as Cell[] };
}

interface Said {
  readonly at: number;
  readonly leftMs: number;
  readonly mostMs: number;
}

interface Replay {
  /** Before each replicate. */
  readonly said: Said[];
  readonly endMs: number;
  readonly results: Results;
  readonly recorded: Results;
}

async function replay(name: string): Promise<Replay> {
  const recorded = readResults(`results/${name}`);
  const results = before(recorded);
  const said: Said[] = [];
  clock = 0;
  await runSchedule(results, {
    childScript: "",
    prefix: [],
    jobOf: () => ({}) as Omit<Job, "seed">,
    onProgress: ({ leftMs, mostLeftMs }) => {
      if (leftMs !== null) said.push({ at: clock, leftMs, mostMs: mostLeftMs ?? leftMs });
    },
    onReplicate: () => {},
    signal: new AbortController().signal,
    now: () => clock,
  });
  return { said, endMs: clock, results, recorded };
}

/** What a look decides, as a share of these runs: until then nobody knows which cells it lets go on. */
const OPEN_SHARE = 0.125;

const RUNS = ["default", "article", "scenarios", "families"].slice(0, trials(2, 4));

describe.each(RUNS)("the time left that is said in the run %s", (name) => {
  let replayed: Replay;
  beforeAll(async () => {
    replayed = await replay(name);
  });

  it("is within a quarter of what was left or an eighth of the run, from the middle of the run on", () => {
    const { said, endMs, results, recorded } = replayed;
    const counts = (run: Results) => run.cells.map(({ replicates }) => replicates.length);
    expect(counts(results)).toEqual(counts(recorded));
    const wrong = said
      .filter(({ at }) => at >= endMs / 2)
      .filter(
        ({ at, leftMs }) =>
          Math.abs(leftMs - (endMs - at)) > Math.max(0.25 * (endMs - at), OPEN_SHARE * endMs),
      );
    expect(wrong).toEqual([]);
    expect(said.length).toBeGreaterThan(100);
  });

  it("never rises above what was said to be the most, nor by more than a quarter at once", () => {
    const { said, endMs } = replayed;
    for (const [i, { at, leftMs, mostMs }] of said.entries()) {
      expect(leftMs).toBeLessThanOrEqual(mostMs);
      const earlier = said[i - 1];
      if (earlier === undefined || at < endMs / 2) continue;
      expect(leftMs).toBeLessThan(1.25 * earlier.leftMs + OPEN_SHARE * endMs);
    }
  });
});
