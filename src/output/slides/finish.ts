/**
 * What pptxgenjs can't write: a logarithmic horizontal axis, error bars, a marker and a dash for each series, a colour for
 * each bar. And no clock: the same results give the same bytes.
 */

import { createRequire } from "node:module";
import { minOf } from "../../stats/extent.js";
import type { NativeChart, NativeSeries } from "./native.js";

/** The part of JSZip, which pptxgenjs writes with, that is used here. */
interface Zip {
  readonly files: Readonly<
    Record<string, { readonly dir: boolean; async(type: "nodebuffer"): Promise<Buffer> }>
  >;
  file(name: string, data: Buffer | string, options: { date: Date; createFolders: boolean }): Zip;
  generateAsync(options: { type: "nodebuffer"; compression: "DEFLATE" }): Promise<Buffer>;
}
interface ZipClass {
  new (): Zip;
  loadAsync(data: Uint8Array): Promise<Zip>;
}

const require = createRequire(import.meta.url);
// As pptxgenjs finds it: it is its dependency.
const JSZip = createRequire(require.resolve("pptxgenjs"))("jszip") as ZipClass;

/** `charts` in the order they were added to slides. `date` is the file's, and that of all in it. */
export async function finishDeck(
  deck: Uint8Array,
  charts: readonly NativeChart[],
  date: Date,
): Promise<Uint8Array> {
  const { files } = await JSZip.loadAsync(deck);
  const numbers = Object.keys(files).flatMap((name) => CHART.exec(name)?.[1] ?? []);
  const first = minOf(numbers.map(Number));
  return rewrite(deck, date, {
    rename: (name) => renumber(name, first),
    async change(name, content) {
      if (name.endsWith(".xlsx")) {
        return Buffer.from(await rewrite(content, date, { rename: String, change: async (_, part) => part }));
      }
      if (!/\.(xml|rels)$/.test(name)) return content;
      const text = renumber(content.toString("utf8"), first);
      const number = CHART.exec(name)?.[1];
      return number === undefined ? text : finishChart(text, charts[Number(number) - first]!);
    },
  });
}

const CHART = /^ppt\/charts\/chart(\d+)\.xml$/;

/** pptxgenjs counts charts through the life of the process; from 1, equal decks are equal bytes. */
function renumber(text: string, first: number): string {
  return text.replace(
    /\b(charts\/(?:_rels\/)?chart|Microsoft_Excel_Worksheet)(\d+)(?=\.)/g,
    (_, kind: string, number: string) => `${kind}${Number(number) - first + 1}`,
  );
}

interface Change {
  rename(name: string): string;
  change(name: string, content: Buffer): Promise<Buffer | string>;
}

/** Copies an archive with its parts changed, its dates fixed, and its parts by name. */
async function rewrite(archive: Uint8Array, date: Date, { rename, change }: Change): Promise<Uint8Array> {
  const from = await JSZip.loadAsync(archive);
  const to = new JSZip();
  // [Content_Types].xml sorts first by name, where readers expect it.
  for (const name of Object.keys(from.files).sort((a, b) => (rename(a) < rename(b) ? -1 : 1))) {
    const part = from.files[name]!;
    if (part.dir) continue;
    let content = await change(name, await part.async("nodebuffer"));
    if (name === "docProps/core.xml") {
      content = content
        .toString("utf8")
        .replace(/(<dcterms:[^<>]*>)[^<]*/g, (_, tag: string) => `${tag}${date.toISOString().slice(0, 19)}Z`);
    }
    to.file(rename(name), content, { date, createFolders: false });
  }
  return to.generateAsync({ type: "nodebuffer", compression: "DEFLATE" });
}

/** The XML of a chart, with what is missing. Elements stand in the order of ECMA-376 part 1, 21.2.2. */
function finishChart(xml: string, chart: NativeChart): string {
  let series = 0;
  const finished = xml
    // A gap is no point, not a point without a value.
    .replace(/<c:pt idx="\d+">\s*<c:v><\/c:v>\s*<\/c:pt>/g, "")
    // pattern-bounded: our own chart.
    .replace(/<c:ser>[\s\S]*?<\/c:ser>/g, (text) => finishSeries(text, chart.series[series++]!));
  if (!chart.base.log) return finished;
  return (
    finished
      // pattern-bounded: our own chart.
      .replace(/(<c:valAx>[\s\S]*?<c:scaling>)/, '$1<c:logBase val="10"/>')
      .replace(
        // pattern-bounded: our own chart.
        /(<c:valAx>[\s\S]*?<c:numFmt formatCode=")[^"]*(" sourceLinked=")1"/,
        `$1${chart.base.formatCode}$20"`,
      )
  );
}

function finishSeries(xml: string, series: NativeSeries): string {
  const points = series.colours.length > 1 ? series.colours.map(colouredPoint).join("") : "";
  return xml
    .replace(/(<c:marker>\s*<c:symbol val=")[^"]*/, `$1${series.symbol}`)
    .replace(/(<a:prstDash val=")[^"]*/, series.dashed ? "$1dash" : "$1solid")
    .replace(/<c:dLbls>|<c:cat>/, `${points}$&`)
    .replace(/<c:xVal>|<c:cat>/, `${errorBars(series)}$&`);
}

function colouredPoint(colour: string, i: number): string {
  return `<c:dPt><c:idx val="${i}"/><c:invertIfNegative val="0"/><c:bubble3D val="0"/><c:spPr><a:solidFill><a:srgbClr val="${colour}"/></a:solidFill></c:spPr></c:dPt>`;
}

/** The intervals, as distances from the values. */
function errorBars({ values, intervals, intervalColour }: NativeSeries): string {
  if (intervals.every((interval) => interval === null)) return "";
  const distances = (end: 0 | 1) =>
    values
      .map((value, i) => {
        const interval = intervals[i];
        const distance = value === null || !interval ? 0 : Math.abs(interval[end] - value);
        return `<c:pt idx="${i}"><c:v>${distance}</c:v></c:pt>`;
      })
      .join("");
  const list = (end: 0 | 1) =>
    `<c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="${values.length}"/>${distances(end)}</c:numLit>`;
  return [
    '<c:errBars><c:errDir val="y"/><c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="0"/>',
    `<c:plus>${list(1)}</c:plus><c:minus>${list(0)}</c:minus>`,
    `<c:spPr><a:ln w="15875"><a:solidFill><a:srgbClr val="${intervalColour}"/></a:solidFill></a:ln></c:spPr></c:errBars>`,
  ].join("");
}
