/** The script of report.html: draws every chart of the run as the reader chooses. */

import { plottedSeries } from "../../../charts/kit/plot-data.js";
import { chartsOf } from "../../../charts/run-charts.js";
import type { ThemeName } from "../../../charts/theme.js";
import { keepDigest } from "../../../results/digest.js";
import { coverage, type FilterChoice } from "./choice.js";
import { createFilters, type Filters } from "./controls.js";
import { byId, loadData } from "./data.js";
import { button, download } from "./elements.js";
import { Figure } from "./figure.js";
import { isPrinting } from "./fit.js";

const { results } = loadData();
const chosen: Filters = createFilters(results, draw);

/** The charts that this run can fill, each with the scenarios without which it would be another picture. */
const charts = chartsOf(results);
const figures = charts.flatMap((chart) => {
  const whole = numbersOf(chart.id, null);
  if (whole === null) return [];
  const scenarios = chosen.scenarios.filter((scenario) => numbersOf(chart.id, scenario) !== whole);
  return [{ figure: new Figure(chart), scenarios }];
});
byId("figures").replaceChildren(...figures.map(({ figure }) => figure.element));

/** The numbers of a chart, without a scenario's cells; null where it can't be drawn. */
function numbersOf(id: string, without: string | null): string | null {
  const cells = results.cells.filter(({ scenario }) => scenario !== without);
  const picture = charts
    .find((chart) => chart.id === id)!
    .build(keepDigest({ ...results, cells }, results), {
      theme: "light",
      width: 1600,
      height: 900,
    });
  return "skipped" in picture ? null : JSON.stringify(plottedSeries(picture.config));
}

function draw(): void {
  const choice: FilterChoice = { ...chosen.read(), theme: themeNow() };
  for (const { figure, scenarios } of figures) {
    figure.element.hidden = choice.scenario !== null && !scenarios.includes(choice.scenario);
    if (!figure.element.hidden) figure.draw(choice);
  }
  const count = figures.filter(({ figure }) => !figure.element.hidden).length;
  byId("shown").textContent =
    `${count} of ${figures.length} charts shown. ${coverage(results, choice.statistic)}`.trim();
}

/** Paper is light, whatever the screen is. */
function themeNow(): ThemeName {
  const wanted = isPrinting() ? "light" : chosen.theme();
  if (wanted === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
  if (wanted !== "system") return wanted;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

const numbers = button("All numbers (JSON)", () => {
  download("lbscale-numbers.json", new Blob([JSON.stringify(results)], { type: "application/json" }));
});
const table = button("All measurements (CSV)", () => {
  download("lbscale-table.csv", new Blob([loadData().csv], { type: "text/csv" }));
});
byId("downloads").append(numbers, table);

let width = window.innerWidth;
let waiting: number | undefined;
window.addEventListener("resize", () => {
  // A phone's address bar changes the height at each scroll.
  if (window.innerWidth === width) return;
  width = window.innerWidth;
  window.clearTimeout(waiting);
  waiting = window.setTimeout(draw, 150);
});
for (const query of ["(prefers-color-scheme: dark)", "print"]) {
  window.matchMedia(query).addEventListener("change", draw);
}
draw();
