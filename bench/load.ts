/** `load`: the article's "operational load". Nothing more is measured for it: src/analysis/load.ts has the arithmetic. */

import type { Derived } from "../src/measure/catalog.js";

export const load: Derived = {
  id: "load",
  label:
    "CPU time of 1,000 new connections and one endpoint change per second, computed from connect and update",
  question: "Does the operational load stay stable?",
  from: ["connect", "update"],
};
