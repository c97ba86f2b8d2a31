import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CommandModule } from "yargs";
import { THEME_NAMES } from "../../charts/theme.js";
import { CheckFailedError, UsageError } from "../../errors.js";
import { FILE_FORMATS, type ReportFormat, SIZES, type SizeName } from "../../output/formats.js";
import { plainText } from "../../text.js";
import { parseChoices } from "../options/parse.js";
import { note, PATH_LENGTH, print, printJson } from "../output.js";

/** `text` goes to standard output, the others to files. */
const REPORT_FORMATS = [...FILE_FORMATS, "text"] as const;

/** What several runs can be together. */
const TALK_FORMATS: readonly string[] = ["pptx", "slides-pdf"];

interface Arguments {
  run: string;
  others: string[];
  formats: string;
  theme: string;
  size: SizeName;
  chart: string | undefined;
  out: string | undefined;
  json: boolean;
}

export const report: CommandModule<object, Arguments> = {
  command: "report <run> [others..]",
  describe:
    "Draw the charts and tables of a run again, from its results.json alone, or a talk of several runs",
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
        describe: `More runs, for one deck of all (--formats ${TALK_FORMATS.join(",")} and --out)`,
      })
      .option("formats", {
        type: "string",
        default: "png,svg",
        requiresArg: true,
        describe: `Formats: ${REPORT_FORMATS.join(", ")}`,
      })
      .option("theme", {
        type: "string",
        default: "light,dark",
        requiresArg: true,
        describe: "light, dark, or light,dark",
      })
      .option("size", {
        choices: Object.keys(SIZES) as SizeName[],
        default: "slide" as SizeName,
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
      .option("json", { type: "boolean", default: false, describe: "List what was written as JSON" }),
  handler: async (args) => {
    if (args.out === "") throw new UsageError("--out needs a folder");
    const asked = parseChoices(args.formats, "formats", REPORT_FORMATS);
    if (asked.includes("text") && args.json) {
      throw new UsageError("text and --json both go to standard output: choose one");
    }
    if (args.others.length > 0) return reportTalk(args, asked);
    // What draws loads here, not with the options: bad usage is reported at once.
    const { chartsOf } = await import("../../charts/of-run.js");
    const { writeReport } = await import("../../output/write-charts.js");
    const { readResults } = await import("../../results/files.js");
    const results = readResults(args.run);
    const request = {
      formats: asked.filter((format): format is ReportFormat => format !== "text"),
      themes: parseChoices(args.theme, "theme", THEME_NAMES),
      size: args.size,
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
    for (const { id, reason } of skipped) note(`no chart "${id}": ${reason}`);
    if (asked.includes("text")) {
      const { terminalSummary } = await import("../summary.js");
      await print(`${terminalSummary(results, request.charts ?? "all")}\n`);
    }
    await (args.json
      ? printJson(paths)
      : print(paths.map((path) => `${plainText(path, PATH_LENGTH)}\n`).join("")));
    // Asked for by name, and not there: a script must notice.
    const missing = skipped.filter(({ id }) => request.charts?.includes(id));
    if (missing.length > 0) {
      throw new CheckFailedError(
        `not drawn: ${missing.map(({ id }) => id).join(", ")}; the lines above say why`,
      );
    }
  },
};

/** One deck of several runs. */
async function reportTalk(args: Arguments, asked: readonly string[]): Promise<void> {
  const other = asked.find((format) => !TALK_FORMATS.includes(format));
  if (other !== undefined) {
    throw new UsageError(
      `several runs become slides, not ${other}: use --formats ${TALK_FORMATS.join(",")}, or report one run at a time`,
    );
  }
  if (args.chart !== undefined) throw new UsageError("--chart is of one run: leave out the other runs");
  if (args.out === undefined)
    throw new UsageError("several runs have no folder of their own: name one by --out");
  const { writeTalk } = await import("../../output/write-charts.js");
  const { readResults } = await import("../../results/files.js");
  const [theme] = parseChoices(args.theme, "theme", THEME_NAMES);
  const paths = await writeTalk(
    [args.run, ...args.others].map((run) => readResults(run)),
    args.out,
    asked.filter((format): format is "pptx" | "slides-pdf" => TALK_FORMATS.includes(format)),
    theme!,
  );
  await (args.json
    ? printJson(paths)
    : print(paths.map((path) => `${plainText(path, PATH_LENGTH)}\n`).join("")));
}
