import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CountedImport, exportedClusters, fuzzGrowth, MOST_GROWTH } from "../growth.js";

describe("an import's steps, counted", () => {
  let counted: CountedImport;
  beforeAll(async () => {
    counted = await CountedImport.make();
  });
  afterAll(() => counted.remove());

  it("are the same for the same input, and count what is read", () => {
    const [{ of } = { of: () => [] as string[] }] = exportedClusters();
    expect(counted.steps(of(20))).toBe(counted.steps(of(20)));
    expect(counted.steps(of(20))).toBeGreaterThan(of(20).join("").length / 4);
  });

  it.each(exportedClusters())("grow no faster than the text of a cluster, as $words", ({ of }) => {
    const [once, twice] = [100, 200].map((services) => counted.steps(of(services)));
    const size = (services: number) => of(services).join("").length;
    expect(twice! / once! / (size(200) / size(100))).toBeLessThanOrEqual(MOST_GROWTH / 2);
  });

  it("at most double, give or take, when hostile input does", () => {
    fuzzGrowth(counted, 200, 11);
  });
});
