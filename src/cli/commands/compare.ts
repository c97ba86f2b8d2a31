import type { CommandModule } from "yargs";
import { CheckFailedError, UsageError } from "../../errors.js";
import { comparisonRows, comparisonWords } from "../../report/comparison.js";
import { compareRuns, incomparable } from "../../results/compare.js";
import { readResults } from "../../results/files.js";
import { alignColumns, note, print, printJson } from "../output.js";

interface Arguments {
  base: string;
  head: string;
  anyway: boolean;
  json: boolean;
}

export const compare: CommandModule<object, Arguments> = {
  command: "compare <base> <head>",
  describe: "Is HEAD slower than BASE? One test a plane; exit 1 on a regression",
  builder: (yargs) =>
    yargs
      .positional("base", {
        type: "string",
        demandOption: true,
        describe: "A run's folder, or its results.json",
      })
      .positional("head", { type: "string", demandOption: true, describe: "The run to judge" })
      .option("anyway", {
        type: "boolean",
        default: false,
        describe: "Compare runs that differ in machine, seed or settings",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    const [base, head] = [readResults(args.base), readResults(args.head)];
    const reasons = incomparable(base, head);
    const comparison = compareRuns(base, head);
    if (comparison.planes.length === 0) throw new UsageError(`nothing to compare: ${reasons.at(-1)}`);
    if (reasons.length > 0) {
      if (!args.anyway) {
        throw new UsageError(
          `these runs can't be compared in a meaningful way: ${reasons.join("; ")}; --anyway compares them all the same`,
        );
      }
      note(`compared anyway, although: ${reasons.join("; ")}`);
    }
    if (args.json) await printJson({ ...comparison, reasons });
    else {
      await print(
        `${alignColumns(comparisonRows(comparison))}\n\n${comparisonWords(comparison).join("\n")}\n`,
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
