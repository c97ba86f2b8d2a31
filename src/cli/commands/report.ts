import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CommandModule } from "yargs";
import { CHARTS } from "../../report/charts/index.js";
import { SIZES, type SizeName } from "../../report/render.js";
import { THEME_NAMES } from "../../report/theme.js";
import { readResults } from "../../results/files.js";
import { REPORT_FORMATS, writeReport } from "../charts.js";
import { note, print, printJson } from "../output.js";
import { parseChoices } from "../parse.js";

interface Arguments {
  run: string;
  formats: string;
  theme: string;
  size: SizeName;
  chart: string | undefined;
  out: string | undefined;
  json: boolean;
}

export const report: CommandModule<object, Arguments> = {
  command: "report <run>",
  describe: "Draw the charts and tables of a run again, from its results.json alone",
  builder: (yargs) =>
    yargs
      .positional("run", {
        type: "string",
        demandOption: true,
        describe: "A run's folder, or its results.json",
      })
      .option("formats", {
        type: "string",
        default: "png,svg",
        requiresArg: true,
        describe: `Of ${REPORT_FORMATS.join(", ")}`,
      })
      .option("theme", {
        type: "string",
        default: "light,dark",
        requiresArg: true,
        describe: "light, dark or both",
      })
      .option("size", {
        choices: Object.keys(SIZES) as SizeName[],
        default: "slide" as SizeName,
        describe: "Size of pictures",
      })
      .option("chart", {
        type: "string",
        requiresArg: true,
        describe: `Of ${CHARTS.map(({ id }) => id).join(", ")}; all by default`,
      })
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder to write to; the run's charts/ by default",
      })
      .option("json", { type: "boolean", default: false, describe: "List what was written as JSON" }),
  handler: async (args) => {
    const request = {
      formats: parseChoices(args.formats, "formats", REPORT_FORMATS),
      themes: parseChoices(args.theme, "theme", THEME_NAMES),
      size: args.size,
      ...(args.chart !== undefined && {
        charts: parseChoices(
          args.chart,
          "chart",
          CHARTS.map(({ id }) => id),
        ),
      }),
    };
    const results = readResults(args.run);
    const runFolder = statSync(args.run).isDirectory() ? args.run : dirname(args.run);
    const { paths, skipped } = await writeReport(results, args.out ?? join(runFolder, "charts"), request);
    for (const { id, reason } of skipped) note(`no chart "${id}": ${reason}`);
    await (args.json ? printJson(paths) : print(paths.map((path) => `${path}\n`).join("")));
  },
};
