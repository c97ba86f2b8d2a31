/** One chart of the page: its words, its picture with intervals under the pointer, its numbers, its downloads. */

import type { ChartConfiguration, Chart as ChartJs } from "chart.js";
import type { Chart } from "../../../charts/chart.js";
import { scaleOf } from "../../../charts/theme.js";
import { drawChart } from "./chartjs.js";
import { chosenResults, chosenSubtitle, type FilterChoice } from "./choice.js";
import { loadData } from "./data.js";
import { element } from "./elements.js";
import { fitPage, isPrinting, makeLinear, type PageView } from "./fit.js";
import { actions, describePoint, Numbers, numbersTable } from "./numbers.js";

/** Type is never drawn smaller than on a slide of this share: 12 pixels for ticks. */
const SMALLEST_SCALE = 0.52;
/** Below this width lines are named above the plot, not at their ends. */
const NARROW_PX = 560;

/** Its `element` stays the same; `draw` replaces what is in it. */
export class Figure {
  readonly element = element("section", { class: "figure" });
  readonly #chart: Chart;
  #drawn: ChartJs | null = null;

  constructor(chart: Chart) {
    this.#chart = chart;
    this.element.id = `chart-${chart.id}`;
  }

  /** Draws it again. False where the chosen results don't hold what it needs. */
  draw(choice: FilterChoice): boolean {
    const { results } = loadData();
    const open = this.element.querySelector("details")?.open ?? false;
    this.#drawn?.destroy();
    this.#drawn = null;
    const view = this.#view(choice);
    const shown = chosenResults(results, choice);
    const picture = this.#chart.build(shown, view);
    if ("skipped" in picture) {
      this.element.replaceChildren(
        element("h3", {}, this.#chart.title),
        element("p", { class: "skipped" }, `Nothing to show with this choice: ${picture.skipped}.`),
      );
      return false;
    }
    const { config, title, caption, description } = picture;
    const subtitle = chosenSubtitle(picture.subtitle, choice);
    const numbers = new Numbers(config, shown.cells);
    if (choice.linear) makeLinear(config);
    fitPage(config, view, choice.linear);
    showNumbers(config, numbers);
    const canvas = element("canvas", { role: "img", tabindex: "0", "aria-label": description });
    canvas.width = view.width;
    canvas.height = view.height;
    const said = element("p", { class: "said", role: "status" });
    const details = element(
      "details",
      {},
      element("summary", {}, "Numbers"),
      numbersTable(numbers, this.#chart.title),
    );
    details.open = open;
    this.element.replaceChildren(
      element("h3", {}, title),
      element("p", { class: "subtitle" }, subtitle),
      element("div", { class: "plot" }, canvas),
      said,
      element("p", { class: "caption" }, caption),
      actions(this.#chart, numbers, choice),
      details,
    );
    this.#drawn = drawChart(canvas, config);
    // Chart.js fixes it in pixels: on paper the picture would keep it while its width shrinks.
    canvas.style.height = "auto";
    readByKeyboard(canvas, this.#drawn, numbers, said);
    return true;
  }

  #view({ theme }: FilterChoice): PageView {
    const width = isPrinting() ? 680 : Math.max(260, Math.floor(this.element.clientWidth));
    const narrow = width < NARROW_PX;
    const height = Math.round(narrow ? width * 1.35 : Math.min(width * 0.5625, 560));
    const scale = Math.max(SMALLEST_SCALE, scaleOf({ width, height }));
    return { theme, width, height, scale, narrow };
  }
}

/** Says a point's number and interval under the pointer. */
function showNumbers(config: ChartConfiguration, numbers: Numbers): void {
  config.options = {
    ...config.options,
    interaction: { mode: "nearest", intersect: false },
    plugins: {
      ...config.options?.plugins,
      tooltip: {
        enabled: true,
        animation: false,
        displayColors: false,
        callbacks: {
          title: () => "",
          label: ({ datasetIndex, dataIndex }) => describePoint(numbers, datasetIndex, dataIndex),
        },
      },
    },
  };
}

/** Left and right go along a series, up and down to the next one; what they reach is shown and said. */
function readByKeyboard(
  canvas: HTMLCanvasElement,
  chart: ChartJs,
  numbers: Numbers,
  said: HTMLElement,
): void {
  let at = { datasetIndex: 0, index: -1 };
  canvas.addEventListener("keydown", (event) => {
    const along = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
    const across = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (along === 0 && across === 0) return;
    event.preventDefault();
    const { series } = numbers;
    const datasetIndex = (at.datasetIndex + across + series.length) % series.length;
    const count = series[datasetIndex]!.points.length;
    at = { datasetIndex, index: Math.max(0, Math.min(count - 1, at.index + along)) };
    const mark = chart.getDatasetMeta(datasetIndex).data[at.index];
    chart.setActiveElements([at]);
    if (mark) chart.tooltip?.setActiveElements([at], { x: mark.x, y: mark.y });
    chart.update("none");
    said.textContent = describePoint(numbers, datasetIndex, at.index);
  });
}
