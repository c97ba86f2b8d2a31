import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { resultsHash } from "../../charts/caption-text.js";
import { pageData, scriptJson } from "./data.js";

describe("the data of report.html", () => {
  it("are all of a run but the samples that no chart shows, under the hash of the whole", () => {
    const results = fakeResults({ services: [1, 100, 1000] });
    const data = pageData(results);
    expect(data.resultsHash).toBe(resultsHash(results));
    expect(data.results.cells.map(({ estimate }) => estimate)).toEqual(
      results.cells.map(({ estimate }) => estimate),
    );
    for (const { services, replicates } of data.results.cells)
      expect(replicates.some(({ samples }) => samples.length > 0)).toBe(services === 1000);
  });

  it("end no script element and open no comment, whatever names there are", () => {
    const hostile = "</script><!--<script>\u2028";
    const text = scriptJson({ hostile });
    expect(text).not.toContain("<");
    expect(JSON.parse(text)).toEqual({ hostile });
  });
});
