/** Is it O(log n), in time? A hash table, a trie and a list: the companion of `logarithm`, which counts work. */

import { MODEL_LOOKUP } from "../analysis/series.js";
import { claimant } from "../results/descriptors.js";
import { scalingChart } from "./scaling.js";

export const logarithmTime = scalingChart({
  id: "logarithm-time",
  title: "Time of one lookup in a hash table, a trie and a list, log–log (model)",
  measure: MODEL_LOOKUP,
  only: (results) => (["hash", "trie", "list"] as const).map((kind) => claimant(results, kind)),
  needs: (results) => claimant(results, "trie"),
  findings: ["cache-regimes"],
  neutralTitle: "What a lookup takes in a hash table, trie and list",
});
