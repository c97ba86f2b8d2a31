import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { CHARTS } from "./index.js";
import { chartsOf } from "./run-charts.js";

it("charts of a run's own scenarios each have an id, which names a file, of their own", () => {
  const results = fakeResults();
  const report = {
    label: "l",
    question: "q",
    unit: "ns" as const,
    axis: "services" as const,
    positionMatters: false,
    captions: {},
    chart: { title: "t", neutralTitle: "n" },
  };
  const names = ["my scan", "my/scan", "my-scan", "my-scan-2", "other"];
  results.scenarios = Object.fromEntries(names.map((name) => [name, report]));
  const ids = chartsOf(results).map(({ id }) => id);
  expect(ids.slice(CHARTS.length)).toEqual(["my-scan", "my-scan-2", "my-scan-3", "my-scan-2-2", "other"]);
  expect(new Set(ids).size).toBe(ids.length);
});
