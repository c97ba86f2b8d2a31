/**
 * `lbscale/charts`: the charts of a run as PNG and SVG, and what a chart of your own needs to look like them.
 *
 * @packageDocumentation
 */

export type { Chart, Picture, View, Words } from "../charts/chart.js";
export { frame } from "../charts/kit/frame.js";
export {
  FONT_FAMILY,
  type Marker,
  type SeriesStyle,
  seriesStyle,
  THEME_NAMES,
  THEMES,
  type Theme,
  type ThemeName,
} from "../charts/theme.js";
export { type RenderedChart, type RenderRequest, renderCharts } from "../output/image/render.js";
export type { PlaneDescription } from "../results/schema.js";
