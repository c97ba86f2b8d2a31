/** What a chart is: results in, a Chart.js configuration and its words out. Knows nothing of files or canvases. */

import type { ChartConfiguration } from "chart.js";
import type { Results } from "../results/schema.js";
import type { ThemeName } from "./theme.js";

/** How a picture looks: its theme and its size. */
export interface View {
  readonly theme: ThemeName;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** How much smaller than on the 1600 x 900 slide type and marks are; by the picture's area where it is absent. */
  readonly scale?: number;
}

/** The words around a chart. */
export interface Words {
  /** The finding, at most ten words. */
  readonly title: string;
  readonly subtitle: string;
  /** What was measured, where and how, in one line (drawn wrapped). */
  readonly caption: string;
}

/** A chart ready to be drawn. */
export interface Picture extends Words {
  readonly config: ChartConfiguration;
  /** The picture in words. */
  readonly description: string;
}

/** A kind of chart. */
export interface Chart {
  readonly id: string;
  /** What it shows. */
  readonly title: string;
  /**
   * Draws nothing itself: it describes the picture of a run.
   *
   * @param results What was measured; a chart reads nothing else.
   * @param view Theme and size, on which no number in the picture depends.
   * @returns The picture, or the reason why these results can't fill one.
   */
  build(results: Results, view: View): Picture | { readonly skipped: string };
}
