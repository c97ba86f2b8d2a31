/** Draws charts from results, in memory. */

import type { Chart, Picture, View } from "../../charts/chart.js";
import { chartsOf } from "../../charts/run-charts.js";
import type { ThemeName } from "../../charts/theme.js";
import { UnknownNameError } from "../../errors.js";
import type { Results } from "../../results/schema.js";
import { SIZES, type SizeName } from "../formats.js";
import { chartData, writeChartData } from "../metadata/data.js";
import { embedMetadata } from "../metadata/index.js";
import { pdfKeywords } from "../metadata/pdf.js";
import { type ImageFormat, renderConfig } from "./canvas.js";

export { SIZES, type SizeName };

/** What to draw. */
export interface RenderRequest {
  readonly formats: readonly ImageFormat[];
  readonly themes: readonly ThemeName[];
  readonly size: SizeName;
  /** Charts of ours by id, or charts of your own; absent = all of ours. */
  readonly charts?: readonly (string | Chart)[];
  /**
   * Told of each chart that these results can't fill.
   *
   * @param id Of the chart.
   * @param reason What the results lack, in words.
   */
  readonly onSkipped?: (id: string, reason: string) => void;
  /** False hides text but keeps its room: for comparing pictures between machines. */
  readonly text?: boolean;
}

/** A picture in memory. */
export interface RenderedChart {
  readonly id: string;
  readonly theme: ThemeName;
  readonly format: ImageFormat;
  readonly bytes: Uint8Array;
  readonly title: string;
  /** The picture in words, for `alt`. */
  readonly description: string;
}

/**
 * Draws every asked chart in every theme and format. The same results give the same bytes.
 *
 * @param results Results of a run.
 * @param request Charts, formats, themes and size in pixels.
 * @returns Pictures with their file names, and charts that were skipped with the reason.
 * @throws UnknownNameError for a chart that does not exist.
 * @example
 * ```ts
 * import { renderCharts } from "lbscale/charts";
 * import { readResults } from "lbscale/results";
 *
 * const results = readResults("results/default");
 * const charts = renderCharts(results, { charts: ["scaling"], formats: ["png"], themes: ["light"], size: "slide" });
 * ```
 */
export function renderCharts(results: Results, request: RenderRequest): RenderedChart[] {
  const rendered: RenderedChart[] = [];
  for (const chart of chosenCharts(chartsOf(results), request.charts)) {
    for (const theme of request.themes) {
      const view = { theme, ...SIZES[request.size] };
      for (const format of request.formats) {
        // Rebuilt for each picture: Chart.js changes the configuration it draws.
        const picture = chart.build(results, view);
        if ("skipped" in picture) {
          if (theme === request.themes[0] && format === request.formats[0]) {
            request.onSkipped?.(chart.id, picture.skipped);
          }
          continue;
        }
        const { title, description } = picture;
        const bytes = drawPicture({ id: chart.id, ...picture }, [results], { ...view, format }, request.text);
        rendered.push({ id: chart.id, theme, format, bytes, title, description });
      }
    }
  }
  return rendered;
}

/** Draws one picture, with its data in it (output/metadata). `runs` are those it shows. */
export function drawPicture(
  picture: Picture & { readonly id: string },
  runs: readonly Results[],
  look: View & { readonly format: ImageFormat },
  text = true,
): Uint8Array {
  const { config, title, description } = picture;
  const data = chartData({ id: picture.id, theme: look.theme, title }, runs, config);
  const keywords = pdfKeywords(writeChartData(data));
  const bytes = renderConfig(config, { ...look, title, description, keywords, text });
  return embedMetadata(bytes, look.format, data);
}

function chosenCharts(charts: readonly Chart[], wanted: RenderRequest["charts"]): readonly Chart[] {
  if (wanted === undefined) return charts;
  return wanted.map((id) => {
    if (typeof id !== "string") return id;
    const chart = charts.find((candidate) => candidate.id === id);
    if (chart === undefined) {
      throw new UnknownNameError(
        `unknown chart "${id}": choose from ${charts.map(({ id }) => id).join(", ")}`,
      );
    }
    return chart;
  });
}
