import { it } from "vitest";
import { CountedImport, fuzzGrowth } from "../growth.js";

it("importing 20,000 hostile inputs takes at most 2.2 times the counted steps when they double", async () => {
  const counted = await CountedImport.make();
  try {
    fuzzGrowth(counted, 20_000, 815);
  } finally {
    counted.remove();
  }
});
