import { describe, expect, it } from "vitest";
import { parseJob } from "./job.js";
import { MalformedMessageError } from "./message.js";
import type { Job } from "./scenario.js";

const JOB: Required<Job> = {
  scenario: "lookup",
  plane: "ebpf",
  catalogModule: "file:///catalog.js",
  services: 10,
  clusterSeed: 1,
  seed: 2,
  clusterFile: null,
  variant: "",
  endpointsPerService: 4,
  affinityShare: 0,
  vips: "sequential",
  entry: "clusterIp",
  family: "dual",
  options: {},
  zipf: 0,
  popular: "random",
  misses: 0,
  warmupMs: 1,
  measureMs: 1,
  singlesMs: 1,
  slowdown: 0,
};
const OPTIONAL: readonly string[] = ["catalogModule", "vips", "family"];
const FIELDS = Object.keys(JOB);

describe("the job of a replicate", () => {
  it("comes in as it was sent", () => {
    expect(parseJob(JSON.stringify(JOB))).toEqual(JOB);
  });

  it.each(OPTIONAL)("may lack %s", (field) => {
    const { [field]: _, ...rest } = { ...JOB } as Record<string, unknown>;
    expect(parseJob(JSON.stringify(rest))).toEqual(rest);
  });

  it.each(FIELDS.filter((field) => !OPTIONAL.includes(field)))("is refused by name without %s", (field) => {
    const { [field]: _, ...rest } = { ...JOB } as Record<string, unknown>;
    expect(() => parseJob(JSON.stringify(rest))).toThrow(new RegExp(`malformed message: ${field}: expected`));
  });

  it.each(FIELDS)("is refused by name with a list as %s", (field) => {
    expect(() => parseJob(JSON.stringify({ ...JOB, [field]: [] }))).toThrow(
      new RegExp(`malformed message: ${field}: expected`),
    );
  });

  it.each([
    ["nothing", "", "it is empty"],
    ["half of one", '{"scenario":"loo', "it is not JSON"],
    ["a list", "[]", "it is no object"],
  ])("is refused in one line where %s came in", (_, text, reason) => {
    expect(() => parseJob(text)).toThrow(MalformedMessageError);
    expect(() => parseJob(text)).toThrow(
      `the process that runs replicates sent a malformed message: ${reason}`,
    );
  });
});
