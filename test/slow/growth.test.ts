import { it } from "vitest";
import { CountedImport, fuzzGrowth } from "../growth.js";

/** Another seed is other inputs; 100,000 take some ten minutes. */
const SEED = Number(process.env.SEED ?? 815);
const INPUTS = Number(process.env.INPUTS ?? 15_000);

it(`importing ${INPUTS} hostile inputs takes at most 2.2 times the counted steps when they double`, async () => {
  const counted = await CountedImport.make();
  try {
    fuzzGrowth(counted, INPUTS, SEED);
  } finally {
    counted.remove();
  }
});
