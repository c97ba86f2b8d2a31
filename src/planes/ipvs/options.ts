/** Options of IPVS that users may set. */

import type { PlaneOption } from "../option.js";
import { IPVS_SCHEDULERS } from "./schedulers/names.js";

export const IPVS_OPTIONS: readonly PlaneOption[] = [
  {
    name: "ipvs-scheduler",
    describe: "IPVS scheduler",
    key: "ipvsScheduler",
    choices: IPVS_SCHEDULERS,
    default: "rr",
  },
  {
    name: "ipvs-table",
    describe: "IPVS service table: 256 buckets, or the one merged in 2026",
    key: "ipvsServiceTable",
    choices: ["fixed", "resizable"],
    default: "fixed",
  },
];
