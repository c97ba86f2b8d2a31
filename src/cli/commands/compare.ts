import { dirname, extname } from "node:path";
import type { CommandModule } from "yargs";
import { THEME_NAMES, type ThemeName } from "../../charts/theme.js";
import { CheckFailedError, UsageError } from "../../errors.js";
import { IMAGE_FORMATS, type ImageFormat, SIZES } from "../../output/formats.js";
import { reasonOf } from "../../reason.js";
import type { Results } from "../../results/schema.js";
import { alignColumns, note, print, printJson } from "../output.js";

interface Arguments {
  base: string;
  head: string;
  anyway: boolean;
  chart: string | undefined;
  theme: ThemeName | undefined;
  json: boolean;
}

export const compare: CommandModule<object, Arguments> = {
  command: "compare <base> <head>",
  describe: "Is HEAD slower than BASE? One test per plane; exit 1 on a regression",
  builder: (yargs) =>
    yargs
      .positional("base", {
        type: "string",
        demandOption: true,
        describe: "Baseline run: its folder or results.json",
      })
      .positional("head", { type: "string", demandOption: true, describe: "Candidate run" })
      .option("anyway", {
        type: "boolean",
        default: false,
        describe: "Compare runs that differ in machine, seed or settings",
      })
      .option("chart", {
        type: "string",
        requiresArg: true,
        describe: "Also draw the comparison into this file: .png, .svg or .pdf",
      })
      .option("theme", { choices: THEME_NAMES, describe: "With --chart: its theme; light by default" })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    if (args.theme !== undefined && args.chart === undefined)
      throw new UsageError("--theme is the theme of --chart FILE: give that too, or leave it out");
    const format = args.chart === undefined ? undefined : imageFormat(args.chart);
    const { readResults } = await import("../../results/files.js");
    const { compareRuns, incomparable } = await import("../../results/runs/compare.js");
    const { alignClusters } = await import("../../results/runs/merge.js");
    const [base, read] = [readResults(args.base), readResults(args.head)];
    const clusters = alignClusters(base, read);
    const head = clusters?.head ?? read;
    // What nodes and planes differ in is what two clusters are compared for; this machine only asked.
    for (const difference of clusters?.differences ?? []) note(difference);
    const reasons = clusters === null ? incomparable(base, head) : incomparableClusters(base, head);
    const comparison = compareRuns(base, head);
    if (comparison.planes.length === 0)
      throw new UsageError(
        `nothing to compare: ${reasons.at(-1) ?? "no plane has two numbers of Services with three replicates in both"}`,
      );
    if (reasons.length > 0) {
      if (!args.anyway) {
        throw new UsageError(
          `these runs can't be compared in a meaningful way: ${reasons.join("; ")}; --anyway compares them all the same`,
        );
      }
      note(`compared anyway, although: ${reasons.join("; ")}`);
    }
    if (args.chart !== undefined && format !== undefined) {
      // Charts and their canvas load only where one is drawn.
      const { COMPARISON_ID, comparisonPicture } = await import("../../charts/comparison.js");
      const { drawPicture } = await import("../../output/image/render.js");
      const look = { theme: args.theme ?? "light", format, ...SIZES.slide };
      const picture = comparisonPicture(base, head, comparison, look);
      await writeChart(args.chart, drawPicture({ id: COMPARISON_ID, ...picture }, [base, head], look));
    }
    if (args.json) await printJson({ ...comparison, reasons });
    else {
      const { comparisonRows, formatComparison } = await import("../../analysis/comparison-text.js");
      await print(
        `${alignColumns(comparisonRows(comparison))}\n\n${formatComparison(comparison).join("\n")}\n`,
      );
    }
    if (comparison.regression) {
      const slower = comparison.planes
        .filter(({ verdict }) => verdict === "slower")
        .map(({ plane }) => plane);
      throw new CheckFailedError(`HEAD is slower than BASE: ${slower.join(", ")}`);
    }
  },
};

/** Why times of two clusters can't be compared, in words. */
function incomparableClusters(base: Results, head: Results): string[] {
  const endpoints = ({ cells }: Results) => [...new Set(cells.map((cell) => cell.endpoints))].join(", ");
  return [
    ...(base.run.complete ? [] : ["BASE is not complete"]),
    ...(head.run.complete ? [] : ["HEAD is not complete"]),
    ...(endpoints(base) === endpoints(head)
      ? []
      : [`endpoints of a Service: ${endpoints(base)} and ${endpoints(head)}`]),
  ];
}

function imageFormat(path: string): ImageFormat {
  const format = IMAGE_FORMATS.find((candidate) => extname(path).toLowerCase() === `.${candidate}`);
  if (format === undefined) {
    throw new UsageError(`--chart "${path}": give a file whose name ends in .${IMAGE_FORMATS.join(", .")}`);
  }
  return format;
}

async function writeChart(path: string, bytes: Uint8Array): Promise<void> {
  const { ensureWritableFolder, writeFileAtomically } = await import("../../results/files.js");
  ensureWritableFolder(dirname(path));
  try {
    writeFileAtomically(path, bytes);
  } catch (error) {
    throw new UsageError(`can't write ${path}: ${reasonOf(error)}; name another file with --chart`);
  }
}
