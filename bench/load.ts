/** `load`: the article's "operational load". Nothing more is measured for it: src/report/load.ts has the arithmetic. */

/** A scenario that is worked out from others of the same run. */
export interface Derived {
  readonly id: string;
  readonly label: string;
  readonly question: string;
  /** The scenarios that are measured for it. */
  readonly from: readonly string[];
}

export const load: Derived = {
  id: "load",
  label:
    "CPU time of 1,000 new connections and one endpoint change a second, worked out from connect and update",
  question: "Does the operational load stay stable?",
  from: ["connect", "update"],
};
