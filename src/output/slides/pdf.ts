/** The deck of a run as one PDF: the charts as they are drawn for slides, vectors with their text. */

import type { ChartConfiguration } from "chart.js";
import type { View } from "../../charts/chart.js";
import type { Context2D } from "../../charts/kit/context.js";
import { wrapText } from "../../charts/kit/frame.js";
import { cssFont, THEMES, type ThemeName, type TypeSize, typePx } from "../../charts/theme.js";
import type { Results } from "../../results/schema.js";
import { renderPages } from "../image/canvas.js";
import { SIZES } from "../image/render.js";
import { talkOf } from "./talk.js";

// CSS pixels at 1600 x 900.
const MARGIN = 48;
const LINE_HEIGHT = 1.4;
const PARAGRAPH_GAP = 24;
/** Above a chart's title. */
const CLAIM_BASELINE = 20;
/** Type of a page of text, times that of a subtitle: the largest that fits. */
const SCALES = [1, 0.9, 0.8, 0.7, 0.6];
/** Type of a title alone on its slide, times that of a chart's. */
const TITLE_SLIDE = 1.7;

/** The deck of one run, or a talk about several, as PDF. The same results give the same bytes. */
export function pdfDeck(runs: readonly Results[], theme: ThemeName): Uint8Array {
  const view = { theme, ...SIZES.slide };
  const { title, lead, slides, texts } = talkOf(runs, view);
  return renderPages(
    [
      titlePage(title, lead, view),
      ...slides.map(({ build, claim }) => claimed(build(view).config, claim, view)),
      ...texts.map((text) => textPage(text.title, text.paragraphs, view)),
    ],
    { ...SIZES.slide, title, description: lead.join(". ") },
  );
}

/** A chart with the claim that it answers above its title. */
function claimed(config: ChartConfiguration, claim: string | null, view: View): ChartConfiguration {
  if (claim === null) return config;
  const plugin: NonNullable<ChartConfiguration["plugins"]>[number] = {
    id: "claim",
    afterDraw({ ctx }) {
      ctx.save();
      paragraph(ctx, `Claimed: “${claim}”`, "caption", THEMES[view.theme].secondary, CLAIM_BASELINE, view);
      ctx.restore();
    },
  };
  return { ...config, plugins: [...(config.plugins ?? []), plugin] };
}

function titlePage(title: string, lead: readonly string[], view: View): ChartConfiguration {
  return page(view, (ctx) => {
    const { text, secondary } = THEMES[view.theme];
    let y = view.height * 0.42;
    y = paragraph(ctx, title, "title", text, y, view, TITLE_SLIDE) + PARAGRAPH_GAP;
    for (const line of lead) y = paragraph(ctx, line, "subtitle", secondary, y, view);
  });
}

function textPage(title: string, paragraphs: readonly string[], view: View): ChartConfiguration {
  return page(view, (ctx) => {
    const { text } = THEMES[view.theme];
    const top = paragraph(ctx, title, "title", text, MARGIN * 1.5, view) + PARAGRAPH_GAP;
    const height = (times: number) =>
      paragraphs.reduce(
        (sum, words) =>
          sum +
          (linesOf(ctx, words, "subtitle", view, times).length * step("subtitle", times) +
            PARAGRAPH_GAP * times),
        top,
      );
    const times = SCALES.find((scale) => height(scale) < view.height) ?? SCALES.at(-1)!;
    let y = top;
    for (const words of paragraphs) {
      y = paragraph(ctx, words, "subtitle", text, y, view, times) + PARAGRAPH_GAP * times;
    }
  });
}

/** Draws a paragraph from its first baseline; returns the baseline that follows. */
function paragraph(
  ctx: Context2D,
  words: string,
  size: TypeSize,
  colour: string,
  baseline: number,
  view: View,
  times = 1,
): number {
  const lines = linesOf(ctx, words, size, view, times);
  ctx.font = cssFont(size, times);
  ctx.fillStyle = colour;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  for (const [i, line] of lines.entries()) ctx.fillText(line, MARGIN, baseline + i * step(size, times));
  return baseline + lines.length * step(size, times);
}

function linesOf(ctx: Context2D, words: string, size: TypeSize, view: View, times: number): string[] {
  return wrapText(ctx, words, cssFont(size, times), view.width - 2 * MARGIN);
}

/** From a line's baseline to the next. */
function step(size: TypeSize, times: number): number {
  return typePx(size, times) * LINE_HEIGHT;
}

/** A page without a chart: what is drawn is all there is. */
function page(view: View, draw: (ctx: Context2D) => void): ChartConfiguration {
  return {
    type: "line",
    data: { datasets: [] },
    options: {
      scales: { x: { display: false }, y: { display: false } },
      plugins: { legend: { display: false }, title: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [
      {
        id: "page",
        beforeDraw(chart) {
          const ctx: Context2D = chart.ctx;
          ctx.save();
          ctx.fillStyle = THEMES[view.theme].ground;
          ctx.fillRect(0, 0, view.width, view.height);
          draw(ctx);
          ctx.restore();
        },
      },
    ],
  };
}
