#!/usr/bin/env node
/** The command line: one file a command, and what becomes of their errors. */

import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { CheckFailedError, UsageError } from "../errors.js";
import { plainText } from "../text.js";
import { advise } from "./commands/advise.js";
import { compare } from "./commands/compare.js";
import { doctor } from "./commands/doctor.js";
import { explainCommand } from "./commands/explain.js";
import { exportCommand } from "./commands/export.js";
import { generate } from "./commands/generate.js";
import { importCommand } from "./commands/import.js";
import { list } from "./commands/list.js";
import { lookupCommand } from "./commands/lookup.js";
import { referenceCommand } from "./commands/reference.js";
import { report } from "./commands/report.js";
import { run } from "./commands/run.js";
import { schema } from "./commands/schema.js";
import { verify } from "./commands/verify.js";
import { verifyChart } from "./commands/verify-chart.js";
import { STANDARD_INPUT } from "./input.js";
import { InterruptedError } from "./interrupted.js";
import { VERSION } from "./version.js";

const EXIT_CHECK_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERNAL = 70;
const EXIT_INTERRUPTED = 130;

// A reader that has seen enough (`| head`) closes the pipe: no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const debug = process.argv.includes("--debug");
try {
  await yargs(hideBin(process.argv).map((word) => (word === "-" ? STANDARD_INPUT : word)))
    .scriptName("lbscale")
    // An option given twice: the last one counts, as in most tools, instead of becoming a list.
    .parserConfiguration({ "duplicate-arguments-array": false })
    .usage(
      "$0 <command>\n\nHow does the cost of Kubernetes Service load balancing grow with the number of Services?",
    )
    .command(run)
    .command(report)
    .command(compare)
    .command(generate)
    .command(importCommand)
    .command(exportCommand)
    .command(lookupCommand)
    .command(explainCommand)
    .command(advise)
    .command(verify)
    .command(verifyChart)
    .command(referenceCommand)
    .command(list)
    .command(schema)
    .command(doctor)
    .option("debug", {
      type: "boolean",
      default: false,
      describe: "Show a stack trace when lbscale itself fails",
    })
    .demandCommand(1, "give a command; lbscale --help lists them")
    .strict()
    .recommendCommands()
    .version(VERSION)
    .alias("help", "h")
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .epilogue("Example: lbscale run --profile quick")
    .fail((message, error) => {
      throw error ?? new UsageError(`${message.replaceAll("\n", " ")}; see lbscale --help`);
    })
    .parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Says what went wrong in one line on standard error, and returns the exit code. */
function exitCodeOf(error: unknown): number {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const known =
    error instanceof UsageError || error instanceof CheckFailedError || error instanceof InterruptedError;
  process.stderr.write(
    `lbscale: ${plainText(known ? message : `internal error: ${message}; --debug shows where`, 1000)}\n`,
  );
  if (debug && !known) process.stderr.write(`${stack}\n`);
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof CheckFailedError) return EXIT_CHECK_FAILED;
  return error instanceof InterruptedError ? EXIT_INTERRUPTED : EXIT_INTERNAL;
}
