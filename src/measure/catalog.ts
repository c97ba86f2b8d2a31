/** What a benchmark measures, as data: its planes and scenarios, what is computed from them, and its profiles. */

import type { PlaneId } from "../planes/plane.js";
import type { PlaneEntry } from "../planes/registry-loader.js";
import type { Scenario } from "./scenario.js";

/** A scenario that is computed from others of the same run. */
export interface Derived {
  readonly id: string;
  readonly label: string;
  readonly question: string;
  /** The scenarios that are measured for it. */
  readonly from: readonly string[];
}

/** A named choice of planes, scenarios, sizes and time. */
export interface Profile {
  readonly id: string;
  readonly label: string;
  readonly planes: readonly PlaneId[];
  readonly services: readonly number[];
  /**
   * N of a plane that can't afford all: Maglev's tables cost 0.3-0.4 ms and 64 KiB per service. At 10,000 alone they took
   * a fifth of the default profile's time, which lists and small cells need more: one outlier in seven makes an interval wide.
   */
  readonly servicesOf: Partial<Readonly<Record<PlaneId, readonly number[]>>>;
  readonly scenarios: readonly string[];
  /** Fresh processes per cell: at least, and at most where intervals are wide (src/measure/stopping.ts). An interval
   * needs six; with fewer a range is printed. */
  readonly replicates: { readonly least: number; readonly most: number };
  /** Time for measuring, seconds, which replicates beyond the least must fit; null: none. */
  readonly budgetSeconds: number | null;
  /** The same for several scenarios together: after three replicates even the least must fit. */
  readonly suiteSeconds: number | null;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** For lookups timed one at a time. */
  readonly singlesMs: number;
  readonly entry: "clusterIp" | "nodePort";
  readonly endpointsPerService: number;
  /** What is drawn after the run; `lbscale report` draws the rest. */
  readonly themes: readonly ("light" | "dark")[];
  readonly images: readonly ("png" | "svg")[];
}

/** Everything that `run` can be asked to measure. */
export interface Catalog {
  /** Planes by their registry, in the order in which they are listed. */
  readonly planes: readonly PlaneEntry[];
  readonly scenarios: readonly Scenario[];
  readonly derived: readonly Derived[];
  readonly profiles: readonly Profile[];
  /**
   * URL of the module that exports this catalog as `CATALOG`: worker processes load it, because functions do not travel as
   * JSON. Absent: the catalog of this package, which the worker holds.
   */
  readonly module?: string;
}
