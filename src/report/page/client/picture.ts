/** A chart as a picture file, with its words in it: what a reader of the page saves. */

import type { Chart } from "../../charts/chart.js";
import { drawChart } from "./chartjs.js";
import { type Choice, chosenResults } from "./choice.js";
import { loadData } from "./data.js";
import { makeLinear } from "./fit.js";

const SLIDE = { width: 1600, height: 900 };

/** Draws the slide of a chart as it was chosen, at two pixels a CSS pixel. */
export function fullPicture(chart: Chart, choice: Choice, done: (picture: Blob) => void): void {
  const picture = chart.build(chosenResults(loadData().results, choice), { theme: choice.theme, ...SLIDE });
  if ("skipped" in picture) return;
  const { config } = picture;
  if (choice.linear) makeLinear(config);
  config.options = { ...config.options, responsive: false, animation: false, devicePixelRatio: 2 };
  const canvas = document.createElement("canvas");
  Object.assign(canvas, SLIDE);
  const drawn = drawChart(canvas, config);
  canvas.toBlob((blob) => {
    drawn.destroy();
    if (blob) done(blob);
  }, "image/png");
}
