import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { resultsSchema } from "../schema.js";
import { summarize } from "../summarize.js";
import { addOutcome, isGap, outcomesOf } from "./outcomes.js";

const results = () => fakeResults({ planes: ["ebpf"], services: [1, 10], replicates: 7 });

describe("what became of a cell", () => {
  it("is stored as data, and said in the warnings that are made of it", () => {
    const run = results();
    const [cell] = run.cells;
    addOutcome(cell!, "failed", "no such table");
    addOutcome(cell!, "failed", "no such table");
    addOutcome(cell!, "note", "there is 1 other Service");
    expect(cell!.warnings).toEqual([
      "a replicate failed: no such table",
      "in this cluster, there is 1 other Service",
    ]);
    // Sentences are for reading: no other decides.
    cell!.warnings = ["what was concluded before"];
    summarize(run);
    expect(cell!.warnings).toEqual([
      "a replicate failed: no such table",
      "in this cluster, there is 1 other Service",
    ]);
    const read = resultsSchema.parse(JSON.parse(JSON.stringify(run)));
    expect(outcomesOf(read.cells[0]!)).toEqual([
      { kind: "failed", reason: "no such table" },
      { kind: "note", reason: "there is 1 other Service" },
    ]);
  });

  it("is read off the sentences of runs that hold nothing else, and kept when they are concluded again", () => {
    const run = results();
    const [cell, other] = run.cells;
    const sentences = ["not measured: no IPVS", "a replicate failed: it hung and was killed after 120 s"];
    cell!.warnings = [...sentences, "not steady: the level changed"];
    expect(outcomesOf(cell!).map(({ kind }) => kind)).toEqual(["gap", "failed"]);
    expect([cell!, other!].map(isGap)).toEqual([true, false]);
    summarize(run);
    expect(cell!.warnings).toEqual(sentences);
    addOutcome(cell!, "failed", "again");
    expect(cell!.warnings).toEqual([...sentences, "a replicate failed: again"]);
    expect(outcomesOf(cell!)).toHaveLength(3);
  });
});
