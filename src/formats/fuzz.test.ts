import { describe, expect, it } from "vitest";
import { fuzzImport } from "../../test/fuzz-import.js";

describe("importCluster on hostile input", () => {
  it("ends in a cluster that can be written and read back, or in one clean line", () => {
    const { accepted, refused } = fuzzImport(500, 1);
    // Both ways are taken: a fuzz that refuses all would test nothing behind the door.
    expect(accepted).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
