/** The deck of a run as one PDF: the charts as they are drawn for slides, vectors with their text. */

import type { ChartConfiguration } from "chart.js";
import type { View } from "../../charts/chart.js";
import type { Context2D } from "../../charts/kit/context.js";
import { wrapText } from "../../charts/kit/frame.js";
import { cssFont, THEMES, type ThemeName, type TypeSize, typePx } from "../../charts/theme.js";
import type { Results } from "../../results/schema.js";
import { renderPages } from "../image/canvas.js";
import { SIZES } from "../image/render.js";
import { formatMethod } from "../method.js";
import { allWarnings } from "../warnings.js";
import { DECK_TITLE, deckLead, slidesOf, withoutSlide } from "./slides.js";

// CSS pixels at 1600 x 900.
const MARGIN = 48;
const LINE_HEIGHT = 1.4;
const PARAGRAPH_GAP = 24;
/** Type of a title alone on its slide, times that of a chart's. */
const TITLE_SLIDE = 1.7;

/** The deck of a run as PDF: a title, a slide a finding, the method. The same results give the same bytes. */
export function pdfDeck(results: Results, theme: ThemeName): Uint8Array {
  const view = { theme, ...SIZES.slide };
  const slides = slidesOf(results, view);
  const charts = slides.map(({ build }) => build(view).config);
  const pages = [titlePage(DECK_TITLE, deckLead(results), view), ...charts];
  const rest = withoutSlide(results, slides);
  const found = rest.length > 0 ? [textPage("Also found", rest, view)] : [];
  const warnings = allWarnings(results);
  const care = warnings.length > 0 ? [textPage("Read with care", warnings, view)] : [];
  return renderPages(
    [...pages, ...found, ...care, textPage("How it was measured", formatMethod(results), view)],
    {
      ...SIZES.slide,
      title: DECK_TITLE,
      description: deckLead(results).join(". "),
    },
  );
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
    let y = paragraph(ctx, title, "title", text, MARGIN * 1.5, view) + PARAGRAPH_GAP;
    for (const words of paragraphs) {
      y = paragraph(ctx, words, "subtitle", text, y, view) + PARAGRAPH_GAP;
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
  const font = cssFont(size, times);
  const lines = wrapText(ctx, words, font, view.width - 2 * MARGIN);
  ctx.font = font;
  ctx.fillStyle = colour;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  const step = typePx(size, times) * LINE_HEIGHT;
  for (const [i, line] of lines.entries()) ctx.fillText(line, MARGIN, baseline + i * step);
  return baseline + lines.length * step;
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
