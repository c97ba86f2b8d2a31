import type { CommandModule } from "yargs";
import { readAtMost, TooLargeError } from "../../bounded-read.js";
import { HASH_DIGITS } from "../../charts/caption-text.js";
import { CheckFailedError, UsageError } from "../../errors.js";
import type { ChartData } from "../../output/metadata/data.js";
import { extractMetadata } from "../../output/metadata/index.js";
import { chartProblems } from "../../output/metadata/verify-chart.js";
import { reasonOf } from "../../reason.js";
import { readResultsFile } from "../../results/files.js";
import { plainText } from "../../text.js";
import { alignColumns, print, printJson } from "../output.js";

/** A slide at 3200 x 1800 has less than half a MiB. */
const MAX_MIB = 64;

interface Arguments {
  file: string;
  run: string | undefined;
  json: boolean;
}

export const verifyChart: CommandModule<object, Arguments> = {
  command: "verify-chart <file> [run]",
  describe: "Verify that a chart was drawn from a run, and print its numbers; exit 1 if not",
  builder: (yargs) =>
    yargs
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "A PNG, SVG or PDF that lbscale drew",
      })
      .positional("run", {
        type: "string",
        describe: "A run's folder, or its results.json; without it the picture alone is checked",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async ({ file, run, json }) => {
    const carried = extractMetadata(readPicture(file));
    const claimed = run === undefined ? null : readResultsFile(run);
    const data = carried?.data ?? null;
    const problems = carried
      ? chartProblems(carried, claimed)
      : ["it carries no data of lbscale: something else drew it, or its metadata were stripped"];
    if (json) await printJson({ ok: problems.length === 0, problems, data });
    else if (data) await print(`${describeChart(data)}\n`);
    if (problems.length > 0) throw new CheckFailedError(`${plainText(file)}: ${problems.join("; ")}`);
    if (!json)
      await print(run === undefined ? "the picture is unchanged\n" : "the picture was drawn from this run\n");
  },
};

function readPicture(path: string): Buffer {
  try {
    return readAtMost(path, MAX_MIB * 2 ** 20);
  } catch (error) {
    if (error instanceof TooLargeError) {
      throw new UsageError(`${path} is larger than ${MAX_MIB} MiB: no chart of lbscale is`);
    }
    throw new UsageError(`can't read ${path}: ${reasonOf(error)}`);
  }
}

/** The data of a chart for people. Every string may be a stranger's. */
function describeChart({ chart, title, runs, series }: ChartData): string {
  const shown = (value: string | number | null | undefined) =>
    typeof value === "string" ? plainText(value, 40) : value == null ? "" : String(value);
  const rows = series.flatMap(({ label, points }) =>
    points.map(({ x, y, low, high }) => [plainText(label, 40), shown(x), shown(y), shown(low), shown(high)]),
  );
  return [
    `${plainText(chart, 40)}: ${plainText(title, 120)}`,
    ...runs.map(
      ({ startedAt, seed, command, results }) =>
        `drawn from results ${plainText(results).slice(0, HASH_DIGITS)} of ${plainText(startedAt).slice(0, 10)}, seed ${seed}: ${plainText(command, 300)}`,
    ),
    "",
    alignColumns([["series", "x", "y", "low", "high"], ...rows]),
    "",
  ].join("\n");
}
