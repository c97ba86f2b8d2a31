import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { CommandModule } from "yargs";
import { THEME_NAMES, type ThemeName } from "../../charts/theme.js";
import { CheckFailedError, UsageError } from "../../errors.js";
import {
  FILE_FORMATS,
  IMAGE_FORMATS,
  type ReportFormat,
  SIZES,
  type SizeName,
} from "../../output/formats.js";
import type { Results } from "../../results/schema.js";
import { plainText } from "../../text.js";
import { parseChoices } from "../options/parse.js";
import { note, PATH_LENGTH, print, printJson } from "../output.js";

/** `text` goes to standard output, the others to files. */
const REPORT_FORMATS = [...FILE_FORMATS, "text"] as const;

/** Of several runs these make a talk, which goes from one to the next; the others put all into one chart. */
const TALK_FORMATS = ["pptx", "slides-pdf"] as const;
type TalkFormat = (typeof TALK_FORMATS)[number];

function isTalk(format: string): format is TalkFormat {
  return (TALK_FORMATS as readonly string[]).includes(format);
}

/** The formats that an option makes a difference to. */
const USED_BY = {
  theme: [...IMAGE_FORMATS, ...TALK_FORMATS],
  size: IMAGE_FORMATS,
  chart: [...IMAGE_FORMATS, "text"],
  verbose: IMAGE_FORMATS,
  out: FILE_FORMATS,
} as const satisfies Readonly<Record<string, readonly (typeof REPORT_FORMATS)[number][]>>;

interface Arguments {
  run: string;
  others: string[];
  formats: string;
  theme: string | undefined;
  size: SizeName | undefined;
  chart: string | undefined;
  out: string | undefined;
  json: boolean;
  verbose: boolean | undefined;
}

export const report: CommandModule<object, Arguments> = {
  command: "report <run> [others..]",
  describe:
    "Draw the charts and tables of a run again, from its results.json alone; of several runs, one chart or one talk",
  builder: (yargs) =>
    yargs
      // Of several runs all count; of an option that is given twice still the last.
      .parserConfiguration({ "duplicate-arguments-array": true })
      .coerce(["formats", "theme", "size", "chart", "out", "json"], (given: unknown) =>
        Array.isArray(given) ? given.at(-1) : given,
      )
      .positional("run", {
        type: "string",
        demandOption: true,
        describe: "A run's folder, or its results.json",
      })
      .positional("others", {
        type: "string",
        array: true,
        default: [],
        describe:
          "More runs: of the same scenarios for one chart with a series each, any for one talk (pptx, slides-pdf)",
      })
      .option("formats", {
        type: "string",
        default: "png,svg",
        requiresArg: true,
        describe: `Formats: ${REPORT_FORMATS.join(", ")}`,
      })
      .option("theme", {
        type: "string",
        defaultDescription: THEME_NAMES.join(","),
        requiresArg: true,
        describe: "light, dark, or light,dark",
      })
      .option("size", {
        choices: Object.keys(SIZES) as SizeName[],
        defaultDescription: "slide",
        describe: "Size of pictures",
      })
      .option("chart", {
        type: "string",
        requiresArg: true,
        describe:
          "Charts, as lbscale list charts names them, or scenarios with a chart of their own; all by default",
      })
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder to write to; the run's and its charts/ by default",
      })
      .option("json", { type: "boolean", default: false, describe: "List what was written as JSON" })
      .option("verbose", {
        type: "boolean",
        describe: "Say of each chart that is not drawn why",
      }),
  handler: async (args) => {
    if (args.out === "") throw new UsageError("--out needs a folder");
    const asked = parseChoices(args.formats, "formats", REPORT_FORMATS);
    if (asked.includes("text") && args.json) {
      throw new UsageError("text and --json both go to standard output: choose one");
    }
    refuseUnused(args, asked);
    const themes = args.theme === undefined ? THEME_NAMES : parseChoices(args.theme, "theme", THEME_NAMES);
    const isSeveral = args.others.length > 0;
    if (isSeveral && args.out === undefined && asked.some((format) => format !== "text")) {
      throw new UsageError("several runs have no folder in common: name one with --out");
    }
    const talk =
      isSeveral && asked.some(isTalk)
        ? await talkFiles([args.run, ...args.others], args.out!, asked, themes[0]!)
        : [];
    const formats = isSeveral ? asked.filter((format) => !isTalk(format)) : asked;
    if (formats.length === 0) return printPaths(talk, args.json);
    // What draws loads here, not with the options: bad usage is reported at once.
    const { chartsOf } = await import("../../charts/run-charts.js");
    const { writeReport } = await import("../../output/write-charts.js");
    const results = await resultsOf(args.run, args.others);
    const request = {
      formats: formats.filter((format): format is ReportFormat => format !== "text"),
      themes,
      size: args.size ?? "slide",
      ...(args.chart !== undefined && {
        charts: parseChoices(
          args.chart,
          "chart",
          chartsOf(results).map(({ id }) => id),
        ),
      }),
    };
    const runFolder = statSync(args.run).isDirectory() ? args.run : dirname(args.run);
    const folders = { top: args.out ?? runFolder, charts: args.out ?? join(runFolder, "charts") };
    const { paths, skipped } = await writeReport(results, folders, request);
    noteSkipped(skipped, args.verbose === true || request.charts !== undefined);
    if (asked.includes("text")) {
      const { terminalSummary } = await import("../summary/summary.js");
      await print(`${terminalSummary(results, request.charts)}\n`);
    }
    await printPaths([...talk, ...paths], args.json);
    // Asked for by name, and not there: a script must notice.
    const missing = skipped.filter(({ id }) => request.charts?.includes(id));
    if (missing.length > 0) {
      throw new CheckFailedError(
        `not drawn: ${missing.map(({ id }) => id).join(", ")}; the lines above say why`,
      );
    }
  },
};

/** Most charts are of scenarios and lanes that a run did not measure: one line, unless their reasons are asked for. */
function noteSkipped(skipped: readonly { id: string; reason: string }[], isEach: boolean): void {
  if (isEach) for (const { id, reason } of skipped) note(`no chart "${id}": ${reason}`);
  else if (skipped.length > 0) {
    const charts = skipped.length === 1 ? "1 chart is" : `${skipped.length} charts are`;
    note(`${charts} not drawn, for lack of what they show; --verbose says what they need`);
  }
}

/** An option that would be ignored is refused by name. */
function refuseUnused(args: Arguments, asked: readonly string[]): void {
  for (const [option, formats] of Object.entries(USED_BY)) {
    if (args[option as keyof typeof USED_BY] === undefined) continue;
    if (!formats.some((format) => asked.includes(format)))
      throw new UsageError(
        `--${option} makes no difference to ${asked.join(", ")}: leave it out, or ask for ${formats.join(", ")}`,
      );
  }
}

/** One talk of several runs, in a folder of its own. Returns the paths. */
async function talkFiles(
  runs: readonly string[],
  folder: string,
  asked: readonly string[],
  theme: ThemeName,
) {
  const { writeTalk } = await import("../../output/write-charts.js");
  const { readResults } = await import("../../results/files.js");
  return writeTalk(
    runs.map((run) => readResults(run)),
    folder,
    asked.filter(isTalk),
    theme,
  );
}

/** One run, or several as one, which says what is not alike in them. */
async function resultsOf(run: string, others: readonly string[]): Promise<Results> {
  const { readResults } = await import("../../results/files.js");
  if (others.length === 0) return readResults(run);
  const { differingConditions, mergeRuns } = await import("../../results/runs/merge.js");
  const paths = [run, ...others];
  const runs = paths.map((path) => ({ label: labelOf(path), results: readResults(path) }));
  const twice = runs.find(({ label }, i) => runs.findIndex((other) => other.label === label) < i);
  if (twice)
    throw new UsageError(
      `two runs have the label "${twice.label}", the name of their folders: rename one folder`,
    );
  const merged = mergeRuns(runs);
  for (const difference of differingConditions(runs)) note(difference);
  return merged;
}

/** The name of a run's folder. */
function labelOf(path: string): string {
  const folder = resolve(
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === false ? dirname(path) : path,
  );
  return plainText(basename(folder), 40);
}

function printPaths(paths: readonly string[], json: boolean): Promise<void> {
  return json ? printJson(paths) : print(paths.map((path) => `${plainText(path, PATH_LENGTH)}\n`).join(""));
}
