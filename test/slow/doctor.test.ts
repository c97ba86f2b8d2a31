import { describe, expect, it } from "vitest";
import { lbscale } from "../support/cli.js";

describe("lbscale doctor", () => {
  it("describes both lanes and shows the timed loop", () => {
    expect(lbscale(["doctor"]).stdout).toMatch(/model lane: ready[\s\S]*kernel lane: [\s\S]*model\.lookup/);
  });

  it("prints the environment and what the kernel lane can do as JSON", () => {
    const { environment, kernel } = JSON.parse(lbscale(["doctor", "--json"]).stdout);
    expect(environment.node).toBe(process.versions.node);
    // Capabilities, or a sentence where the lane can't be tried at all.
    expect(
      typeof kernel === "string" ? [kernel] : kernel.map(({ name }: { name: string }) => name),
    ).not.toEqual([]);
  });
});
