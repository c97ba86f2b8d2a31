/** A chart as a picture file, with its words in it: what a reader of the page saves. */

import type { Chart } from "../../../charts/chart.js";
import { frame } from "../../../charts/kit/frame.js";
import { drawChart } from "./chartjs.js";
import { chosenResults, chosenSubtitle, type FilterChoice } from "./choice.js";
import { loadData } from "./data.js";
import { makeLinear, rightOf } from "./fit.js";

const SLIDE = { width: 1600, height: 900 };

/** Draws the slide of a chart as it was chosen, at two pixels a CSS pixel. */
export function fullPicture(chart: Chart, choice: FilterChoice, done: (picture: Blob) => void): void {
  const view = { theme: choice.theme, ...SLIDE };
  const picture = chart.build(chosenResults(loadData().results, choice), view);
  if ("skipped" in picture) return;
  const { config } = picture;
  if (choice.linear) makeLinear(config);
  // In a frame that says what was chosen.
  const words = { ...picture, subtitle: chosenSubtitle(picture.subtitle, choice) };
  const right = rightOf(config, view, choice.linear);
  const { plugin, layout } = frame(words, view, (ctx) => right({ chart: { ctx } }));
  config.plugins = [plugin, ...(config.plugins ?? []).filter(({ id }) => id !== plugin.id)];
  config.options = {
    ...config.options,
    responsive: false,
    animation: false,
    devicePixelRatio: 2,
    layout: layout!,
  };
  const canvas = document.createElement("canvas");
  Object.assign(canvas, SLIDE);
  const drawn = drawChart(canvas, config);
  canvas.toBlob((blob) => {
    drawn.destroy();
    if (blob) done(blob);
  }, "image/png");
}
