/** The command line: a table of commands, each loaded only when it is chosen, and what becomes of their errors. */

import type { ArgumentsCamelCase, Argv } from "yargs";
import { CheckFailedError, InputError, UsageError } from "../errors.js";
import { plainText } from "../text.js";
import { VERSION } from "../version.js";
import { InterruptedError } from "./interruption.js";
import { messageOf } from "./options/settings.js";
import { terminalColumns } from "./output.js";
import { STANDARD_INPUT } from "./standard-input.js";

const EXIT_OK = 0;
const EXIT_CHECK_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERNAL = 70;
const EXIT_INTERRUPTED = 130;

/** A command's module, whatever its arguments are. */
interface Loaded {
  readonly builder?: unknown;
  handler(args: ArgumentsCamelCase): void | Promise<void>;
}

/** One line of `lbscale --help`. */
interface Entry {
  readonly command: string;
  readonly describe: string;
  /** Loads its options and its code, which nothing needs before the command is chosen. */
  readonly load: (forHelp: boolean) => Promise<Loaded>;
}

/** In the groups and in the order of `--help`. */
const COMMANDS: Readonly<Record<string, readonly Entry[]>> = {
  Measure: [
    {
      command: "run",
      describe: "Measure every plane at every number of Services, then draw charts and a table",
      load: async (forHelp) => {
        const { runCommand } = await import("./commands/run.js");
        const { loadCatalogNames } = await import("./options/catalog-names.js");
        return runCommand(forHelp ? await loadCatalogNames() : undefined);
      },
    },
    {
      command: "compare <base> <head>",
      describe: "Is HEAD slower than BASE? One test per plane; exit 1 on a regression",
      load: async () => (await import("./commands/compare.js")).compare,
    },
    {
      command: "verify [cluster]",
      describe: "Check that all planes make the same decisions, except for documented differences",
      load: async () => (await import("./commands/verify.js")).verify,
    },
    {
      command: "doctor",
      describe: "What this machine can measure, what makes it noisy, and what to do about it",
      load: async () => (await import("./commands/doctor.js")).doctor,
    },
    {
      command: "clean",
      describe: "Remove what killed runs of the cluster lane left in a cluster",
      load: async () => (await import("./commands/clean.js")).clean,
    },
  ],
  Inspect: [
    {
      command: "lookup <cluster>",
      describe: "Show one decision: the path through a plane's rules or maps, and its exact work",
      load: async () => (await import("./commands/lookup.js")).lookupCommand,
    },
    {
      command: "explain <cluster> <service>",
      describe:
        "Explain one Service on every plane: its first packet, rule by rule, and its cost in a larger cluster",
      load: async () => (await import("./commands/explain.js")).explainCommand,
    },
    {
      command: "advise <cluster>",
      describe: "What each plane costs this cluster: lookups, updates, memory, crossovers",
      load: async () => (await import("./commands/advise.js")).advise,
    },
    {
      command: "list <what>",
      describe: "List planes, scenarios, profiles or charts",
      load: async () => (await import("./commands/list.js")).list,
    },
  ],
  Convert: [
    {
      command: "generate",
      describe: "Write a synthetic cluster as JSON to standard output",
      load: async () => (await import("./commands/generate.js")).generate,
    },
    {
      command: "import <file..>",
      describe: "Read Kubernetes objects or a node's own tables, and write the cluster as JSON",
      load: async () => (await import("./commands/import.js")).importCommand,
    },
    {
      command: "export [cluster]",
      describe: "Export a cluster as Kubernetes objects or native rules",
      load: async () => (await import("./commands/export.js")).exportCommand,
    },
    {
      command: "serve [cluster]",
      describe: "Serve a cluster as the Kubernetes API does, for kube-proxy or any other proxy to read",
      load: async () => (await import("./commands/serve.js")).serve,
    },
  ],
  Report: [
    {
      command: "report <run> [others..]",
      describe:
        "Draw the charts and tables of a run again, from its results.json alone; of several runs, one chart or one talk",
      load: async () => (await import("./commands/report.js")).report,
    },
    {
      command: "reference [id]",
      describe: "Published measurements, with sources; with --against RUN, compared with a run",
      load: async () => (await import("./commands/reference.js")).referenceCommand,
    },
    {
      command: "verify-chart <file> [run]",
      describe: "Verify that a chart was drawn from a run, and print its numbers; exit 1 if not",
      load: async () => (await import("./commands/verify-chart.js")).verifyChart,
    },
    {
      command: "schema",
      describe: "Print the JSON Schema of results.json",
      load: async () => (await import("./commands/schema.js")).schema,
    },
  ],
};

const ALL = Object.values(COMMANDS).flat();

/** Where help, the version and errors go. Commands write what they produce to the process's own streams. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const PROCESS_IO: Io = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

/**
 * Runs a command.
 *
 * @param argv - words after the program's name, such as `["run", "--profile", "quick"]`
 * @param io - where help and errors go; the process's streams by default
 * @returns the exit code: 0 done, 1 a check failed, 2 bad usage, 70 an error of lbscale itself, 130 interrupted. An error
 * is printed as one line, never thrown.
 */
export async function main(argv: readonly string[], io: Io = PROCESS_IO): Promise<number> {
  try {
    const withCommand = argv.some((word) => ALL.some(({ command }) => nameOf(command) === word));
    if (argv.length === 1 && argv[0] === "--version") io.out(`${VERSION}\n`);
    else if (!withCommand && argv.some((word) => word === "--help" || word === "-h")) io.out(helpText());
    else await parse(argv, io);
    return EXIT_OK;
  } catch (error) {
    return printError(error, argv.includes("--debug"), io);
  }
}

async function parse(argv: readonly string[], io: Io): Promise<void> {
  // yargs takes longer to load than all the rest that help and the version need.
  const { default: yargs } = await import("yargs/yargs");
  const program = yargs()
    .scriptName("lbscale")
    // An option given twice: the last one counts, as in most tools, instead of becoming a list.
    .parserConfiguration({ "duplicate-arguments-array": false })
    .option("debug", {
      type: "boolean",
      default: false,
      describe: "Show a stack trace when lbscale itself fails",
    })
    .demandCommand(1, "give a command")
    .strict()
    .recommendCommands()
    .version(VERSION)
    .alias("help", "h")
    .completion("completion", "Print a script that completes commands and options in bash or zsh")
    .wrap(Math.min(110, terminalColumns() ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      // yargs reports most bad usage as a message, some of it as an error, and passes on here what a command throws.
      throw inCommand ? error : new UsageError(usageMessage(message || error.message, argv));
    });
  let inCommand = false;
  for (const { command, describe, load } of ALL) {
    // Loaded before yargs parses: its completion of options does not wait for an asynchronous builder.
    const loaded = argv.includes(nameOf(command))
      ? await load(argv.includes("--help") || argv.includes("-h"))
      : undefined;
    program.command(
      command,
      describe,
      (chosen: Argv) => (typeof loaded?.builder === "function" ? loaded.builder(chosen) : chosen),
      async (args: ArgumentsCamelCase) => {
        inCommand = true;
        await loaded?.handler(args);
      },
    );
  }
  let output = "";
  const words = argv.map((word) => (word === "-" ? STANDARD_INPUT : word));
  await program.parseAsync(words, {}, (_error: unknown, _args: unknown, text: string) => {
    output = text;
  });
  if (output !== "") io.out(`${output}\n`);
}

/** `compare` of `compare <base> <head>`. */
function nameOf(command: string): string {
  return command.split(" ", 1)[0]!;
}

/** What yargs says about bad usage, on one line, with the word that it is about. */
function usageMessage(message: string, argv: readonly string[]): string {
  const line = message.replaceAll("\n", " ").trim();
  // A choice without a value is `true` to yargs.
  const missing =
    /^(?:Not enough arguments following: |Invalid values:\s+Argument: )([\w-]+)(?:$|, Given: true,)/.exec(
      line,
    )?.[1];
  const given = /^Not enough non-option arguments: got (\d+), need at least \d+$/.exec(line)?.[1];
  const first = argv.find((word) => !word.startsWith("-")) ?? "";
  const known = ALL.find(({ command }) => nameOf(command) === first);
  const what =
    missing !== undefined
      ? `--${missing} needs a value`
      : given !== undefined && known
        ? `${known.command.match(/<[\w.]+>/g)?.[Number(given)]} is missing: lbscale ${known.command}`
        : line.startsWith("Did you mean")
          ? `unknown command "${first}": ${line.replace("Did", "did")}`
          : !known && /^Unknown (argument|command)/.test(line) && first !== ""
            ? `unknown command "${first}"`
            : line;
  return `${what}; see lbscale ${known ? `${first} ` : ""}--help`;
}

/** `lbscale --help`: commands in groups, which yargs does not know. */
function helpText(): string {
  const width = Math.max(...ALL.map(({ command }) => command.length));
  const groups = Object.entries(COMMANDS).map(
    ([group, entries]) =>
      `${group}\n${entries.map(({ command, describe }) => `  lbscale ${command.padEnd(width)}  ${describe}\n`).join("")}`,
  );
  return `lbscale <command>

How does the cost of Kubernetes Service load balancing grow with the number of Services?

${groups.join("\n")}
Options
  --debug     Show a stack trace when lbscale itself fails
  --version   Print the version
  -h, --help  Print this help, or that of a command: lbscale run --help

Exit codes: 0 done, 1 a check failed, 2 bad usage, 70 an error of lbscale itself, 130 interrupted.
Shell completion: lbscale completion >> ~/.bashrc
Example: lbscale run --profile quick
`;
}

/** Says what went wrong in one line, and returns the exit code. */
function printError(error: unknown, debug: boolean, io: Io): number {
  const message = messageOf(error);
  const code = exitCodeOf(error);
  const line = code === EXIT_INTERNAL ? `internal error: ${message}; --debug shows where` : message;
  io.err(`lbscale: ${plainText(line, 2000)}\n`);
  if (debug && code === EXIT_INTERNAL) io.err(`${error instanceof Error ? error.stack : message}\n`);
  return code;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof InputError) return EXIT_USAGE;
  if (error instanceof CheckFailedError) return error.lacksProgram ? EXIT_USAGE : EXIT_CHECK_FAILED;
  return error instanceof InterruptedError ? EXIT_INTERRUPTED : EXIT_INTERNAL;
}
