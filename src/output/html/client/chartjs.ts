/** Chart.js as the page has it: a script before this one. */

import type { ChartConfiguration, Chart as ChartJs } from "chart.js";

declare const Chart: new (canvas: HTMLCanvasElement, config: ChartConfiguration) => ChartJs;

/** Draws on a canvas of the page. */
export function drawChart(canvas: HTMLCanvasElement, config: ChartConfiguration): ChartJs {
  return new Chart(canvas, config);
}
