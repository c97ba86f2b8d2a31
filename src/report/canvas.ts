/**
 * The only file that knows how pictures are made: chartjs-node-canvas over the bundled adapter `canvas`
 * (vendor/canvas), with the bundled Inter, because a bare machine may have no font and text would silently vanish.
 */

import { createRequire } from "node:module";
import type { SKRSContext2D } from "@napi-rs/canvas";
import type { ChartConfiguration } from "chart.js";
import { ChartJSNodeCanvas } from "chartjs-node-canvas";
import { escapeXml } from "./format.js";
import { FONT_FAMILY } from "./theme.js";

/** What a chart's plugins draw on. */
export type Context2D = SKRSContext2D;

export const IMAGE_FORMATS = ["png", "svg"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export interface CanvasOptions {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** Words for those who can't see the picture; in an SVG they are its `<title>` and `<desc>`. */
  readonly title: string;
  readonly description: string;
  /** False hides text but keeps its room: for comparing pictures between machines. */
  readonly text?: boolean;
}

const DEVICE_PIXEL_RATIO = 2;
const FONT_FILES = [
  "400Regular/Inter_400Regular.ttf",
  "600SemiBold/Inter_600SemiBold.ttf",
  "700Bold/Inter_700Bold.ttf",
];

let fontsRegistered = false;
/** One renderer a size and kind: each loads a copy of Chart.js of its own. */
const renderers = new Map<string, ChartJSNodeCanvas>();

/** Draws a chart: PNG at two device pixels a CSS pixel, or SVG with text as paths. Uses the configuration up. */
export function renderConfig(config: ChartConfiguration, options: CanvasOptions): Uint8Array {
  const renderer = rendererFor(options);
  config.options = {
    ...config.options,
    devicePixelRatio: options.format === "png" ? DEVICE_PIXEL_RATIO : 1,
  };
  if (options.text === false) config.plugins = [hideText, ...(config.plugins ?? [])];
  if (options.format === "png") return renderer.renderToBufferSync(config, "image/png");
  const svg = renderer.renderToBufferSync(config, "image/svg+xml").toString("utf8");
  return Buffer.from(describeSvg(shortPaths(numberIds(svg)), options), "utf8");
}

function rendererFor({ width, height, format }: CanvasOptions): ChartJSNodeCanvas {
  const key = `${width}x${height} ${format}`;
  let renderer = renderers.get(key);
  if (renderer === undefined) {
    renderer = new ChartJSNodeCanvas({
      width,
      height,
      ...(format === "svg" ? { type: "svg" as const } : {}),
    });
    renderers.set(key, renderer);
  }
  if (!fontsRegistered) {
    const require = createRequire(import.meta.url);
    for (const file of FONT_FILES) {
      renderer.registerFont(require.resolve(`@expo-google-fonts/inter/${file}`), { family: FONT_FAMILY });
    }
    fontsRegistered = true;
  }
  return renderer;
}

const hideText = {
  id: "hideText",
  beforeInit(chart: { ctx: Context2D }) {
    chart.ctx.fillText = () => {};
    chart.ctx.strokeText = () => {};
  },
};

/** Skia numbers clip paths through the life of the process; numbered from 0, equal pictures are equal bytes. */
function numberIds(svg: string): string {
  const numbers = new Map<string, number>();
  return svg.replace(
    /(\bid="|url\(#|href="#)([a-z]+)_(\d+)/g,
    (_, before: string, kind: string, id: string) => {
      const key = `${kind}_${id}`;
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      return `${before}${kind}_${numbers.get(key)}`;
    },
  );
}

/** Hundredths of a pixel are enough: a third less to store, as most of an SVG is the outlines of its text. */
function shortPaths(svg: string): string {
  return svg.replace(/\bd="[^"]*"/g, (path) =>
    path.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}

/** Puts the words in, and a viewBox so that the picture scales in a page. */
function describeSvg(svg: string, { width, height, title, description }: CanvasOptions): string {
  const words = `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>`;
  return svg.replace(
    /<svg\b([^>]*)>/,
    (_, attributes: string) => `<svg${attributes} viewBox="0 0 ${width} ${height}" role="img">\n\t${words}`,
  );
}
