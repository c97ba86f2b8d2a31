import type { CommandModule } from "yargs";
import { againstReferences } from "../../analysis/published-comparison.js";
import {
  formatSource,
  formatSourceDifferences,
  plainTable,
  referenceTable,
  shapeTable,
} from "../../analysis/published-comparison-text.js";
import { UsageError } from "../../errors.js";
import { REFERENCE_TABLES, REFERENCES, type Source } from "../../reference/index.js";
import { readResults } from "../../results/files.js";
import { plainText } from "../../text.js";
import { alignColumns, print, printJson } from "../output.js";

interface Arguments {
  id: string | undefined;
  against: string | undefined;
  json: boolean;
}

export const referenceCommand: CommandModule<object, Arguments> = {
  command: "reference [id]",
  describe: "Published measurements, with sources; with --against RUN, compared with a run, shape by shape",
  builder: (yargs) =>
    yargs
      .positional("id", { type: "string", describe: "One published measurement; all by default" })
      .option("against", {
        type: "string",
        requiresArg: true,
        describe: "A run's folder, or its results.json",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    const chosen = <T extends Source>(some: readonly T[]) =>
      some.filter(({ id }) => args.id === undefined || id === args.id);
    const references = chosen(REFERENCES);
    const tables = chosen(REFERENCE_TABLES);
    if (references.length + tables.length === 0) {
      const ids = [...REFERENCES, ...REFERENCE_TABLES].map(({ id }) => id);
      throw new UsageError(`unknown reference "${args.id}": choose from ${ids.join(", ")}`);
    }
    if (args.against !== undefined) return against(args.against, references, args);
    if (args.json) return printJson({ references, tables });
    const blocks = [
      ...references.map((reference) => block(reference, referenceTable(reference))),
      ...tables.map((table) => block(table, plainTable(table))),
    ];
    await print(`${blocks.join("\n\n")}\n`);
  },
};

function block(source: Source, rows: readonly (readonly string[])[]): string {
  return [...formatSource(source), alignColumns(rows), ...source.notes.map((note) => `- ${note}`)].join("\n");
}

async function against(path: string, references: readonly Source[], { id, json }: Arguments): Promise<void> {
  if (references.length === 0) {
    throw new UsageError(
      `${id} has no numbers of Services, so no run can be compared with it: leave out --against`,
    );
  }
  const run = readResults(path);
  const comparisons = againstReferences(run).filter(({ reference }) => references.includes(reference));
  const described = comparisons.map((comparison) => ({
    ...comparison,
    differences: formatSourceDifferences(comparison, run),
  }));
  if (json) return printJson({ run: run.run.id, cpu: run.environment.cpu, comparisons: described });
  const blocks = described.map((comparison) =>
    [
      ...formatSource(comparison.reference).slice(0, 2),
      alignColumns(shapeTable(comparison)),
      ...comparison.differences.map((difference) => `- ${difference}`),
    ].join("\n"),
  );
  await print(
    [
      `run ${plainText(run.run.id, 60)} on ${plainText(run.environment.cpu, 60)}: shapes with 95 % intervals of its replicates; published values with their reading error`,
      ...blocks,
      "",
    ].join("\n\n"),
  );
}
