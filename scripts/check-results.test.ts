import { describe, expect, it } from "vitest";
import { resultFaults } from "./check-results.js";

const RUN = "results/default";
const file = (path: string, bytes = 1000) => ({ path: `${RUN}/${path}`, bytes });
const published = [file("README.md"), file("results.json.gz"), file("charts/scaling.svg", 80_000)];

describe("the budget of results/", () => {
  it("takes a run of packed data, a page and pictures", () => {
    expect(resultFaults([{ path: "results/README.md", bytes: 1 }, ...published])).toEqual([]);
  });

  it.each([
    ["a picture above 80 KB", file("charts/work.svg", 80_001), /work\.svg has 80001 bytes/],
    ["drawn pages", file("report.html"), /report\.html does not belong/],
    ["drawn pixels", file("charts/scaling-light.png"), /does not belong/],
    ["large plain results", file("results.json", 300_001), /publish it packed/],
    ["more than 12 MB in all", file("results.json.gz", 12_000_000), /more than 12000000/],
  ])("refuses %s", (_, extra, fault) => {
    const faults = resultFaults([...published, extra]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });

  it("refuses a ninth picture", () => {
    const many = Array.from({ length: 8 }, (_, i) => file(`charts/more-${i}.svg`));
    expect(resultFaults([...published, ...many])).toEqual([`${RUN} has 9 pictures, more than 8`]);
  });

  it("refuses a run without its page or its data", () => {
    expect(resultFaults([file("charts/scaling.svg")])).toEqual([
      `${RUN} has no README.md`,
      `${RUN} has no results`,
    ]);
  });
});
