/** The frame of every chart: ground, title, subtitle and caption, wrapped to the picture's width. */

import type { ChartOptions, Plugin } from "chart.js";
import type { View, Words } from "../chart.js";
import { cssFont, scaleOf, THEMES, type TypeSize, typePx } from "../theme.js";
import { paddingOf } from "./chart-seam.js";
import type { Context2D } from "./context.js";

// CSS pixels at 1600 x 900.
const LEFT = 48;
const TITLE_BASELINE = 76;
const SUBTITLE_BASELINE = 120;
const PLOT_TOP = 150;
const CAPTION_ABOVE_EDGE = 28;
const PLOT_BOTTOM = 70;
const PLOT_LEFT = 40;
const LINE_HEIGHT = 1.25;

/**
 * A plugin that draws the frame, and the layout that leaves room for it. `right` says the room right of the plot.
 *
 * @param words Title, subtitle and notes.
 * @param view Size, theme and font scale.
 * @param right Pixels that labels right of the plot need.
 * @returns A Chart.js plugin, and the layout to go with it.
 * @example
 * ```ts
 * import { frame } from "lbscale/charts";
 *
 * const words = { title: "A finding", subtitle: "Median time · lower is better", caption: "What was measured, and where" };
 * const { plugin, layout } = frame(words, { theme: "light", width: 1600, height: 900 }, () => 48);
 * console.log(plugin.id, layout);
 * ```
 */
export function frame(
  words: Words,
  view: View,
  right: (ctx: Context2D) => number,
): { plugin: Plugin; layout: ChartOptions["layout"] } {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  const width = view.width - 2 * LEFT * scale;
  const lineHeight = (size: TypeSize) => typePx(size, scale) * LINE_HEIGHT;
  const lines = (ctx: Context2D) => ({
    title: wrapText(ctx, words.title, cssFont("title", scale), width),
    subtitle: wrapText(ctx, words.subtitle, cssFont("subtitle", scale), width),
    caption: wrapText(
      ctx,
      keepParts(ctx, words.caption, cssFont("caption", scale), width),
      cssFont("caption", scale),
      width,
    ),
  });

  const padding = ({ chart }: { chart: { ctx: Context2D } }) => {
    const { title, subtitle, caption } = lines(chart.ctx);
    const extraTop =
      (title.length - 1) * lineHeight("title") + (subtitle.length - 1) * lineHeight("subtitle");
    return {
      top: PLOT_TOP * scale + extraTop,
      right: right(chart.ctx),
      bottom: PLOT_BOTTOM * scale + (caption.length - 1) * lineHeight("caption"),
      left: PLOT_LEFT * scale,
    };
  };

  const draw = (
    ctx: Context2D,
    size: TypeSize,
    text: readonly string[],
    colour: string,
    baseline: number,
  ) => {
    ctx.font = cssFont(size, scale);
    ctx.fillStyle = colour;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    for (const [i, line] of text.entries()) {
      ctx.fillText(line, LEFT * scale, baseline + i * lineHeight(size));
    }
  };

  const plugin: Plugin = {
    id: "frame",
    // Drawn first, as a shape: painting behind afterwards would turn an SVG into pixels.
    beforeDraw(chart) {
      const ctx: Context2D = chart.ctx;
      ctx.save();
      ctx.fillStyle = theme.ground;
      ctx.fillRect(0, 0, view.width, view.height);
      ctx.restore();
    },
    afterDraw(chart) {
      const ctx: Context2D = chart.ctx;
      ctx.save();
      const { title, subtitle, caption } = lines(ctx);
      draw(ctx, "title", title, theme.text, TITLE_BASELINE * scale);
      const moved = (title.length - 1) * lineHeight("title");
      draw(ctx, "subtitle", subtitle, theme.secondary, SUBTITLE_BASELINE * scale + moved);
      const first = view.height - CAPTION_ABOVE_EDGE * scale - (caption.length - 1) * lineHeight("caption");
      draw(ctx, "caption", caption, theme.secondary, first);
      ctx.restore();
    },
  };
  return { plugin, layout: { padding: paddingOf(padding) } };
}

/** Lets a caption break between its parts only, but for parts that are longer than a line. */
function keepParts(ctx: Context2D, caption: string, font: string, width: number): string {
  const parts = caption.split(" · ").map((part) => {
    const kept = part.replaceAll(" ", "\u00a0");
    return textWidth(ctx, `${kept}\u00a0·`, font) <= width ? kept : part;
  });
  return parts.map((part, i) => (i < parts.length - 1 ? `${part}\u00a0·` : part)).join(" ");
}

/** Breaks text into as few lines as fit `width`, of nearly equal length: no word is left alone on the last one. */
export function wrapText(ctx: Context2D, text: string, font: string, width: number): string[] {
  const greedy = breakLines(ctx, text, font, width);
  for (let narrower = width * 0.95; greedy.length > 1 && narrower > width / 2; narrower *= 0.95) {
    const lines = breakLines(ctx, text, font, narrower);
    if (lines.length > greedy.length || lines.some((line) => line.endsWith("…"))) break;
    greedy.splice(0, greedy.length, ...lines);
  }
  return greedy;
}

/** Breaks text at spaces into lines no wider than `width`; a word wider than that is cut with an ellipsis. */
function breakLines(ctx: Context2D, text: string, font: string, width: number): string[] {
  ctx.save();
  ctx.font = font;
  const fits = (candidate: string) => ctx.measureText(candidate).width <= width;
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(fits(word) ? word : cutText(ctx, word, font, width));
  }
  ctx.restore();
  return lines;
}

/** Shortens text with an ellipsis until it fits. */
export function cutText(ctx: Context2D, text: string, font: string, width: number): string {
  ctx.save();
  ctx.font = font;
  let characters = [...text];
  let cut = text;
  while (characters.length > 0 && ctx.measureText(cut).width > width) {
    characters = characters.slice(0, -1);
    cut = `${characters.join("")}…`;
  }
  ctx.restore();
  return cut;
}

/** Width of text in CSS pixels. */
export function textWidth(ctx: Context2D, text: string, font: string): number {
  ctx.save();
  ctx.font = font;
  const { width } = ctx.measureText(text);
  ctx.restore();
  return width;
}
