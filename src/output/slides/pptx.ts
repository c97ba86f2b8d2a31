/** A deck of slides with native charts: their numbers can be edited in PowerPoint and LibreOffice. */

import PptxGenJSModule from "pptxgenjs";
import { THEMES, type ThemeName } from "../../charts/theme.js";
import type { Results } from "../../results/schema.js";
import { renderConfig } from "../image/canvas.js";
import { finishDeck } from "./finish.js";
import { type Box, lineNames, NAME, plotOf } from "./line-names.js";
import { type NativeChart, nativeCaption, nativeChart } from "./native.js";
import { notesOf } from "./slides.js";
import { talkOf } from "./talk.js";

// The package's types call a class what Node gets as the module itself.
const PptxGenJS = PptxGenJSModule as unknown as typeof PptxGenJSModule.default;
type Deck = InstanceType<typeof PptxGenJS>;
type DeckSlide = ReturnType<Deck["addSlide"]>;

/** A font that PowerPoint has everywhere, and LibreOffice a twin of. */
const FONT = "Arial";
/** Inches: a slide of 16:9, and where things are on it. */
const SIZE = { width: 13.333, height: 7.5 };
const MARGIN = 0.6;
const WIDTH = SIZE.width - 2 * MARGIN;
const CHART = { x: MARGIN - 0.1, y: 1.65, w: WIDTH + 0.2, h: 4.85 };
/** As many letters of 16 points fill a line; a second one would reach the chart. */
const SUBTITLE_LETTERS = 108;
/** Points of text on a page of it, the largest that fits; letters are half as wide as they are high. */
const TEXT_SIZES = [20, 18, 16, 14, 12, 11, 10];
/** Between paragraphs, heights of a letter. */
const PARAGRAPH_GAP = 0.4;
/** The height of a page of text, points. */
const TEXT_POINTS = 5.2 * 72;
/** Where names at the ends of lines end. */
const RIGHT = SIZE.width - 0.1;
/** The size of pictures of charts that PowerPoint has no kind for. */
const PICTURE = { width: 1600, height: 900 };

/**
 * The deck of one run, or a talk about several, as .pptx.
 * @param runs The preferred ones first.
 */
export async function pptxDeck(runs: readonly Results[], theme: ThemeName): Promise<Uint8Array> {
  const view = { theme, ...PICTURE };
  const talk = talkOf(runs, view);
  const [{ tool, run }] = runs as [Results];
  const deck = new PptxGenJS();
  deck.defineLayout({ name: "lbscale", ...SIZE });
  deck.layout = "lbscale";
  deck.theme = { headFontFace: FONT, bodyFontFace: FONT };
  deck.title = talk.title;
  deck.author = `lbscale ${tool.version}`;
  deck.company = "";
  deck.subject = run.command;
  const look = new Look(deck, theme);
  look.titleSlide(talk.title, talk.lead);

  const charts: NativeChart[] = [];
  for (const slide of talk.slides) {
    const picture = slide.build(view);
    const page = look.slide();
    page.addNotes(notesOf(slide, picture, slide.results));
    const chart = nativeChart(picture.config, intervalsOf(slide.results), theme);
    if (chart) {
      look.words(page, { ...picture, caption: nativeCaption(picture.caption) });
      look.chart(page, chart, picture.description);
      charts.push(chart);
    } else {
      const { title, description } = picture;
      const bytes = renderConfig(picture.config, { ...PICTURE, format: "png", title, description });
      const data = `image/png;base64,${Buffer.from(bytes).toString("base64")}`;
      page.addImage({ data, x: 0, y: 0, w: SIZE.width, h: SIZE.height, altText: description });
    }
    if (slide.claim !== null) look.claim(page, slide.claim);
  }
  for (const { title, paragraphs } of talk.texts) look.textSlide(title, paragraphs);
  const bytes = (await deck.write({ outputType: "nodebuffer" })) as Uint8Array;
  return finishDeck(bytes, charts, new Date(run.startedAt));
}

/** Medians, as charts hold them, with their intervals. */
function intervalsOf({ cells }: Results): Map<number, readonly [number, number]> {
  return new Map(cells.flatMap(({ estimate }) => (estimate ? [[estimate.median, estimate.interval]] : [])));
}

/** Lines that paragraphs take in points of `size`, the gaps between them included. */
function linesOf(paragraphs: readonly string[], size: number): number {
  const letters = (WIDTH * 72) / (0.5 * size);
  return paragraphs.reduce((sum, text) => sum + Math.ceil(text.length / letters) + PARAGRAPH_GAP / 1.2, 0);
}

/** How slides look in a theme. */
class Look {
  readonly #deck: Deck;
  readonly #text: string;
  readonly #secondary: string;
  readonly #grid: string;
  readonly #axis: string;
  readonly #ground: string;

  constructor(deck: Deck, theme: ThemeName) {
    const { text, secondary, grid, axis, ground } = THEMES[theme];
    this.#deck = deck;
    [this.#text, this.#secondary, this.#grid, this.#axis, this.#ground] = [
      text,
      secondary,
      grid,
      axis,
      ground,
    ].map((colour) => colour.slice(1)) as [string, string, string, string, string];
  }

  slide(): DeckSlide {
    const slide = this.#deck.addSlide();
    slide.background = { color: this.#ground };
    return slide;
  }

  titleSlide(title: string, lead: readonly string[]): void {
    const slide = this.slide();
    const box = { x: MARGIN, w: WIDTH, fontFace: FONT, margin: 0, align: "left" as const };
    slide.addText(title, {
      ...box,
      y: 2.2,
      h: 1.7,
      fontSize: 44,
      bold: true,
      color: this.#text,
      valign: "bottom",
    });
    slide.addText(lead.join("\n"), {
      ...box,
      y: 4.15,
      h: 1.2,
      fontSize: 20,
      color: this.#secondary,
      valign: "top",
    });
  }

  /** The claim that a slide answers, above its title. */
  claim(slide: DeckSlide, claim: string): void {
    const box = { x: MARGIN, y: 0.14, w: WIDTH, h: 0.28, margin: 0 };
    slide.addText(`Claimed: “${claim}”`, { ...box, fontFace: FONT, fontSize: 12, color: this.#secondary });
  }

  textSlide(title: string, paragraphs: readonly string[]): void {
    const slide = this.slide();
    this.#title(slide, title);
    const fontSize =
      TEXT_SIZES.find((size) => linesOf(paragraphs, size) * size * 1.2 < TEXT_POINTS) ?? TEXT_SIZES.at(-1)!;
    const paraSpaceAfter = PARAGRAPH_GAP * fontSize;
    const runs = paragraphs.map((text) => ({ text, options: { breakLine: true, paraSpaceAfter } }));
    slide.addText(runs, {
      x: MARGIN,
      y: 1.5,
      w: WIDTH,
      h: 5.2,
      margin: 0,
      fontFace: FONT,
      fontSize,
      color: this.#text,
      valign: "top",
    });
  }

  words(
    slide: DeckSlide,
    { title, subtitle, caption }: { title: string; subtitle: string; caption: string },
  ): void {
    this.#title(slide, title);
    const box = { x: MARGIN, w: WIDTH, fontFace: FONT, margin: 0, color: this.#secondary };
    const fontSize = subtitle.length > SUBTITLE_LETTERS ? 14 : 16;
    slide.addText(subtitle, { ...box, y: 1.13, h: 0.4, fontSize, valign: "top" });
    slide.addText(caption, { ...box, y: 6.62, h: 0.55, fontSize: 11, valign: "bottom" });
  }

  #title(slide: DeckSlide, title: string): void {
    const box = { x: MARGIN, y: 0.4, w: WIDTH, h: 0.7, margin: 0 };
    slide.addText(title, {
      ...box,
      fontFace: FONT,
      fontSize: 32,
      bold: true,
      color: this.#text,
      fit: "shrink",
    });
  }

  chart(slide: DeckSlide, chart: NativeChart, altText: string): void {
    const lines = chart.type === "scatter";
    const plot = plotOf(chart, CHART, RIGHT);
    const font = { color: this.#secondary, size: 14 };
    const { value, base } = chart;
    const names = chart.categories.map(String);
    const data = lines
      ? [
          { name: chart.xTitle || "x", values: chart.categories.map(Number) },
          ...chart.series.map(({ label, values }) => ({ name: label, values: values as number[] })),
        ]
      : chart.series.map(({ label, values }) => ({
          name: label,
          labels: names,
          values: values as number[],
        }));
    slide.addChart(lines ? this.#deck.ChartType.scatter : this.#deck.ChartType.bar, data, {
      ...CHART,
      altText,
      layout: lines
        ? shareOf(plot, CHART)
        : { x: chart.horizontal ? 0.17 : 0.07, y: 0.1, w: chart.horizontal ? 0.78 : 0.9, h: 0.74 },
      chartColors: chart.series.map(({ colours }) => colours[0]!),
      displayBlanksAs: chart.gaps ? "gap" : "span",
      barDir: chart.horizontal ? "bar" : "col",
      barGrouping: chart.stacked ? "stacked" : "clustered",
      barGapWidthPct: chart.stacked ? 25 : 35,
      lineSize: lines ? 3 : 0,
      lineDataSymbolSize: 9,
      valAxisLabelFormatCode: value.formatCode,
      ...(value.log && { valAxisLogScaleBase: 10 }),
      ...(value.min !== null && { valAxisMinVal: value.min }),
      ...(value.max !== null && { valAxisMaxVal: value.max }),
      ...(value.majorUnit !== null && { valAxisMajorUnit: value.majorUnit }),
      // The axes cross in the corner, where a logarithmic one would cross at 1. PptxGenJS writes `valAxisCrossesAt` into the
      // category axis: it is the value at which that one crosses, and the other way round.
      ...(value.log && value.min !== null && { valAxisCrossesAt: value.min }),
      ...(base.log && base.min !== null && { catAxisCrossesAt: base.min }),
      ...(base.min !== null && { catAxisMinVal: base.min }),
      ...(base.max !== null && { catAxisMaxVal: base.max }),
      valAxisLabelColor: font.color,
      valAxisLabelFontSize: font.size,
      valAxisLabelFontFace: FONT,
      valAxisLineShow: false,
      catAxisLabelColor: font.color,
      catAxisLabelFontSize: font.size,
      catAxisLabelFontFace: FONT,
      catAxisLineColor: this.#axis,
      showCatAxisTitle: chart.xTitle !== "",
      catAxisTitle: chart.xTitle,
      catAxisTitleColor: font.color,
      catAxisTitleFontSize: font.size,
      catAxisTitleFontFace: FONT,
      valGridLine: { color: this.#grid, size: 1 },
      catGridLine: lines ? { color: this.#grid, size: 1 } : { style: "none" },
      showLegend: !lines,
      legendPos: "t",
      legendColor: this.#text,
      legendFontSize: 14,
      legendFontFace: FONT,
    });
    if (lines) this.#names(slide, chart, plot);
  }

  /** Names next to the ends of lines, in their colours. */
  #names(slide: DeckSlide, chart: NativeChart, plot: Box): void {
    for (const { label, colour, x, y } of lineNames(chart, plot)) {
      slide.addText(label, {
        x,
        y,
        w: RIGHT - x,
        h: NAME.height,
        margin: 0,
        fontFace: FONT,
        fontSize: NAME.points,
        bold: true,
        color: colour,
        valign: "middle",
        wrap: false,
      });
    }
  }
}

/** A box as shares of the one that holds it. */
function shareOf({ x, y, w, h }: Box, of: Box): Box {
  return { x: (x - of.x) / of.w, y: (y - of.y) / of.h, w: w / of.w, h: h / of.h };
}
