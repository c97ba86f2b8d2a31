/** One shape of a published curve next to that of a run. */

import type { CurveReading } from "../results/reading.js";

/** A published quantity with its reading error; null where numbers were printed. */
export interface PublishedShape {
  readonly value: number;
  readonly interval: readonly [number, number] | null;
}

/** One shape of a published curve and the run's. */
export interface Shape {
  /**
   * `growth`: last over first. `slope`: nanoseconds that a service adds. `slope per rule`: the same for each rule visited.
   * `flatness`: largest over smallest. `p99 / p50`: of single packets.
   */
  readonly quantity: "growth" | "slope" | "slope per rule" | "flatness" | "p99 / p50";
  readonly plane: string;
  /** As the source calls the series. */
  readonly label: string;
  /** Numbers of services over which it is taken: those published that the run's sizes enclose. */
  readonly from: number;
  readonly to: number;
  readonly published: PublishedShape;
  /** The run's, or why there is none. */
  readonly run: CurveReading | { readonly unavailable: string };
  /** Whether the run's interval lies above or below the published one, or overlaps it; null without a run's. */
  readonly verdict: "alike" | "run higher" | "run lower" | null;
}
