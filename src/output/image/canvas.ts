/**
 * The only file that knows how pictures are made: chartjs-node-canvas over the bundled adapter `canvas`
 * (vendor/canvas), with the bundled Inter, because a bare machine may have no font and text would silently vanish.
 */

import { fileURLToPath } from "node:url";
import { PDFDocument } from "@napi-rs/canvas";
import type { Chart, ChartConfiguration, Plugin } from "chart.js";
import { ChartJSNodeCanvas } from "chartjs-node-canvas";
import type { Context2D } from "../../charts/kit/context.js";
import { FONT_FAMILY } from "../../charts/theme.js";
import { escapeXml } from "../../text.js";
import { IMAGE_FORMATS, type ImageFormat } from "../formats.js";
import { shortenPaths } from "./svg-paths.js";
import { catchText, type DrawnText, insertText } from "./svg-text.js";

export { IMAGE_FORMATS, type ImageFormat };

export interface CanvasOptions {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** Words for those who can't see the picture; in an SVG they are its `<title>` and `<desc>`, in a PDF title and subject. */
  readonly title: string;
  readonly description: string;
  /** A PDF's keywords. */
  readonly keywords?: string;
  /** False hides text but keeps its room: for comparing pictures between machines. */
  readonly text?: boolean;
  /** Told of each text that is drawn, and where. */
  readonly onText?: (box: TextBox) => void;
}

/** A drawn text, in CSS pixels of the picture. */
export interface TextBox {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Device pixels per CSS pixel. A PDF counts in points: 72 per inch, where CSS has 96 pixels. */
const PIXEL_RATIO = { png: 2, svg: 1, pdf: 0.75 } as const;
/** Made by `scripts/copy-fonts.ts`. */
const FONT_FILES = ["inter-400.ttf", "inter-600.ttf", "inter-700.ttf"];

type ChartClass = new (context: unknown, config: ChartConfiguration) => Chart;
interface Renderer {
  readonly canvas: ChartJSNodeCanvas;
  readonly Chart: ChartClass;
}

/** One renderer per size and kind, as each loads its own copy of Chart.js. */
const renderers = new Map<string, Renderer>();

/**
 * Draws a chart: PNG at two device pixels a CSS pixel, SVG with text as text, or a PDF page with text in embedded fonts.
 * Uses the configuration up.
 */
export function renderConfig(config: ChartConfiguration, options: CanvasOptions): Uint8Array {
  const { format, text = true, onText } = options;
  const renderer = rendererFor(options);
  const texts: DrawnText[] = [];
  config.options = { ...config.options, devicePixelRatio: PIXEL_RATIO[format] };
  config.plugins = [
    ...(format === "png" ? [freePixels] : []),
    // Each wraps what came before: text is reported on its way to where it is hidden or caught.
    ...(text ? (format === "svg" ? [catchText((drawn) => texts.push(drawn))] : []) : [hideText]),
    ...(onText ? [reportText(onText)] : []),
    ...(config.plugins ?? []),
  ];
  if (format === "png") return renderer.canvas.renderToBufferSync(config, "image/png");
  if (format === "pdf") return drawPages([config], renderer.Chart, options);
  const svg = renderer.canvas.renderToBufferSync(config, "image/svg+xml").toString("utf8");
  return Buffer.from(insertText(describeSvg(shortenPaths(numberIds(svg)), options), texts), "utf8");
}

/** Draws charts as the pages of one PDF. Uses the configurations up. */
export function renderPages(
  configs: readonly ChartConfiguration[],
  options: Omit<CanvasOptions, "format" | "text" | "onText">,
): Uint8Array {
  const { Chart } = rendererFor({ ...options, format: "pdf" });
  for (const config of configs) config.options = { ...config.options, devicePixelRatio: PIXEL_RATIO.pdf };
  return drawPages(configs, Chart, options);
}

/** chartjs-node-canvas knows no PDF of this canvas: its copy of Chart.js draws on the pages. */
function drawPages(
  configs: readonly ChartConfiguration[],
  Chart: ChartClass,
  options: Omit<CanvasOptions, "format">,
): Uint8Array {
  const { title, description, keywords = "" } = options;
  const [width, height] = [options.width * PIXEL_RATIO.pdf, options.height * PIXEL_RATIO.pdf];
  const pdf = new PDFDocument({ title, subject: description, keywords, creator: "lbscale" });
  for (const config of configs) {
    const page = pdf.beginPage(width, height) as unknown as Context2D;
    const canvas = { width: options.width, height: options.height, style: {}, getContext: () => page };
    Object.defineProperties(page, {
      canvas: { value: canvas },
      // The page is empty, and clearing would paint it.
      clearRect: { value: () => {} },
      strokeText: { value: haloOfRectangles(page) },
    });
    config.options = { ...config.options, responsive: false, animation: false };
    new Chart(canvas, config).destroy();
    pdf.endPage();
  }
  return pdf.close();
}

/**
 * What replaces stroked text: a patch of the stroke's colour. Skia strokes text in a Type 3 font, which publishers of
 * papers refuse, and a reader would find every such text twice.
 */
function haloOfRectangles(page: Context2D): Context2D["strokeText"] {
  return (text, x, y) => {
    const { left, right, top, bottom } = textBox(page, text, x, y);
    page.save();
    page.fillStyle = page.strokeStyle;
    page.globalAlpha = 0.9;
    page.fillRect(left, top, right - left, bottom - top);
    page.restore();
  };
}

function rendererFor({ width, height, format }: CanvasOptions): Renderer {
  const type = format === "svg" ? ("svg" as const) : undefined;
  const key = `${width}x${height} ${type ?? "pixels"}`;
  const known = renderers.get(key);
  if (known !== undefined) return known;
  let Chart: ChartClass | undefined;
  const canvas = new ChartJSNodeCanvas({
    width,
    height,
    ...(type && { type }),
    chartCallback: (loaded) => {
      Chart = loaded as unknown as ChartClass;
    },
  });
  if (renderers.size === 0) {
    for (const file of FONT_FILES) {
      const path = fileURLToPath(new URL(`fonts/${file}`, import.meta.url));
      canvas.registerFont(path, { family: FONT_FAMILY });
    }
  }
  const renderer = { canvas, Chart: Chart! };
  renderers.set(key, renderer);
  return renderer;
}

/** A slide's pixels are 23 MB that V8 does not see: a hundred pictures would wait for a collection that never comes. */
const freePixels: Plugin = {
  id: "freePixels",
  beforeDestroy({ canvas }) {
    canvas.width = 1;
    canvas.height = 1;
  },
};

const hideText = {
  id: "hideText",
  beforeInit(chart: { ctx: Context2D }) {
    chart.ctx.fillText = () => {};
    chart.ctx.strokeText = () => {};
  },
};

function reportText(report: (box: TextBox) => void): Plugin {
  return {
    id: "reportText",
    beforeInit(chart) {
      const ctx: Context2D = chart.ctx;
      const fillText = ctx.fillText.bind(ctx);
      ctx.fillText = (text, x, y, maxWidth) => {
        // Chart.js moves its context for labels of axes; it turns none.
        const { a, d, e, f } = ctx.getTransform();
        const { left, right, top, bottom } = textBox(ctx, text, x, y);
        const ratio = chart.currentDevicePixelRatio;
        report({
          text,
          left: (a * left + e) / ratio,
          right: (a * right + e) / ratio,
          top: (d * top + f) / ratio,
          bottom: (d * bottom + f) / ratio,
        });
        fillText(text, x, y, maxWidth);
      };
    },
  };
}

/** Where the ink of a text is with the context's font and alignment, in the context's own coordinates. */
function textBox(ctx: Context2D, text: string, x: number, y: number): TextBox {
  const box = ctx.measureText(text);
  return {
    text,
    left: x - box.actualBoundingBoxLeft,
    right: x + box.actualBoundingBoxRight,
    top: y - box.actualBoundingBoxAscent,
    bottom: y + box.actualBoundingBoxDescent,
  };
}

/** Skia numbers clip paths in hexadecimal through the life of the process; numbered from 0, equal pictures are equal bytes. */
function numberIds(svg: string): string {
  const numbers = new Map<string, number>();
  return svg.replace(
    /(\bid="|url\(#|href="#)([a-z]+)_([0-9a-f]+)/g,
    (_, before: string, kind: string, id: string) => {
      const key = `${kind}_${id}`;
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      return `${before}${kind}_${numbers.get(key)}`;
    },
  );
}

/** Puts the words in, and a viewBox so that the picture scales in a page. */
function describeSvg(svg: string, { width, height, title, description }: CanvasOptions): string {
  const words = `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>`;
  return svg.replace(
    // pattern-bounded: our own picture.
    /<svg\b([^>]*)>/,
    (_, attributes: string) => `<svg${attributes} viewBox="0 0 ${width} ${height}" role="img">\n\t${words}`,
  );
}
