/**
 * Text of an SVG as text: selectable, editable in Inkscape and PowerPoint, and a tenth of the size of outlines. Skia writes
 * the shapes; its text is caught on the way and written as `<text>`, in the subset of Inter that the file carries.
 */

import { readFileSync } from "node:fs";
import type { Plugin } from "chart.js";
import { escapeXml } from "../../text.js";

/** One `fillText` or `strokeText`, where its baseline begins, is centred or ends. */
export interface DrawnText {
  readonly text: string;
  readonly x: number;
  /** Of the alphabetic baseline, whichever the canvas was set to: programs differ in the others. */
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
  readonly sizePx: number;
  readonly weight: number;
  readonly colour: string;
  readonly opacity: number;
  /** Width of the outline; null: filled. */
  readonly strokePx: number | null;
  /** The canvas's matrix; null: the unit matrix. */
  readonly matrix: readonly number[] | null;
}

const FAMILY = "Inter";

/**
 * A plugin that keeps text off the canvas.
 *
 * @param onText - gets each text, in the order of drawing
 */
export function catchText(onText: (text: DrawnText) => void): Plugin {
  return {
    id: "catchText",
    beforeInit({ ctx }) {
      ctx.fillText = (text, x, y) => onText(drawnText(ctx, text, x, y, null));
      ctx.strokeText = (text, x, y) => onText(drawnText(ctx, text, x, y, ctx.lineWidth));
    },
  };
}

function drawnText(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  strokePx: number | null,
): DrawnText {
  const { sizePx, weight } = parseFont(ctx.font);
  const { a, b, c, d, e, f } = ctx.getTransform();
  const unit = a === 1 && b === 0 && c === 0 && d === 1 && e === 0 && f === 0;
  const style = strokePx === null ? ctx.fillStyle : ctx.strokeStyle;
  return {
    text,
    x,
    y: alphabeticY(ctx, text, y),
    anchor: ctx.textAlign === "center" ? "middle" : /right|end/.test(ctx.textAlign) ? "end" : "start",
    sizePx,
    weight,
    colour: typeof style === "string" ? style : "#000000",
    opacity: ctx.globalAlpha,
    strokePx,
    matrix: unit ? null : [a, b, c, d, e, f],
  };
}

/** Size and weight in a CSS font as a canvas gives it back: `600 26px Inter`, `bold 44px Inter`, `20px Inter`. */
function parseFont(font: string): { sizePx: number; weight: number } {
  const words = font.split(" ");
  const size = words.findIndex((word) => word.endsWith("px"));
  const weight = words.slice(0, size).find((word) => word === "bold" || Number(word) >= 100) ?? "400";
  return { sizePx: Number.parseFloat(words[size] ?? "10"), weight: weight === "bold" ? 700 : Number(weight) };
}

/** Where the alphabetic baseline is: the ink's top is the same, measured from either baseline. */
function alphabeticY(ctx: CanvasRenderingContext2D, text: string, y: number): number {
  const baseline = ctx.textBaseline;
  if (baseline === "alphabetic") return y;
  const ascent = ctx.measureText(text).actualBoundingBoxAscent;
  ctx.textBaseline = "alphabetic";
  const alphabetic = ctx.measureText(text).actualBoundingBoxAscent;
  ctx.textBaseline = baseline;
  return y - ascent + alphabetic;
}

/**
 * Puts texts and their font into an SVG.
 *
 * @param svg - the shapes, with a description
 * @param texts - what is drawn above them, in this order
 * @returns the SVG with the font behind its description and the texts at its end
 */
export function insertText(svg: string, texts: readonly DrawnText[]): string {
  const weights = [...new Set(texts.map(({ weight }) => weight))].sort();
  const faces = weights.map(
    (weight) =>
      `@font-face{font-family:"${FAMILY}";font-weight:${weight};src:url(data:font/woff2;base64,${fontBase64(weight)}) format("woff2")}`,
  );
  const style = `<style>${faces.join("")}text{font-family:"${FAMILY}",system-ui,sans-serif;white-space:pre}</style>`;
  return svg
    .replace("</desc>", `</desc>${style}`)
    .replace(/<\/svg>\s*$/, `${texts.map(element).join("\n")}\n</svg>\n`);
}

function element({
  text,
  x,
  y,
  anchor,
  sizePx,
  weight,
  colour,
  opacity,
  strokePx,
  matrix,
}: DrawnText): string {
  const attributes = {
    x: short(x),
    y: short(y),
    "font-size": short(sizePx),
    "font-weight": weight === 400 ? null : weight,
    "text-anchor": anchor === "start" ? null : anchor,
    fill: strokePx === null ? colour : "none",
    stroke: strokePx === null ? null : colour,
    "stroke-width": strokePx === null ? null : short(strokePx),
    "stroke-linejoin": strokePx === null ? null : "round",
    // A halo is no text: whoever selects or reads aloud should find each text once.
    "aria-hidden": strokePx === null ? null : "true",
    opacity: opacity === 1 ? null : short(opacity),
    transform: matrix && `matrix(${matrix.map(short).join(" ")})`,
  };
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`);
  return `<text${written.join("")}>${escapeXml(text)}</text>`;
}

const short = (value: number): number => Number(value.toFixed(3));

const fonts = new Map<number, string>();

/** A weight of the subset that `scripts/copy-fonts.ts` makes, or regular if there is none. */
function fontBase64(weight: number): string {
  const known = fonts.get(weight);
  if (known !== undefined) return known;
  const file = new URL(`fonts/inter-${[600, 700].includes(weight) ? weight : 400}.woff2`, import.meta.url);
  const font = readFileSync(file).toString("base64");
  fonts.set(weight, font);
  return font;
}
