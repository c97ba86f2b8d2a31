import { it } from "vitest";
import { CountedImport, fuzzGrowth } from "../growth.js";

/** Another seed is another 100,000 inputs. */
const SEED = Number(process.env.SEED ?? 815);

it("importing 100,000 hostile inputs takes at most 2.2 times the counted steps when they double", async () => {
  const counted = await CountedImport.make();
  try {
    fuzzGrowth(counted, 100_000, SEED);
  } finally {
    counted.remove();
  }
});
