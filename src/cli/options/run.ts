/**
 * Options that say what a run measures, as the command line has them: how they are declared, how their texts are read into a
 * specification and written back into `run.command`. All of it follows from src/run/options.ts, and which lanes use one from
 * src/run/lanes.
 */

import type { Argv } from "yargs";
import { UsageError } from "../../errors.js";
import type { PlaneOption } from "../../planes/option.js";
import { acceptedValues, accepts, PLANE_OPTIONS, type PlaneSettings } from "../../planes/options.js";
import { LANES } from "../../run/lanes/index.js";
import {
  DEFAULT_LANE,
  lanesUsing,
  OPTION_FIELDS,
  OPTIONS,
  type Option,
  withoutFolder,
} from "../../run/options.js";
import type { RunSpec, RunSpecInput } from "../../run/spec.js";
import type { OptionDeclaration } from "../../values.js";
import type { CatalogNames } from "./catalog-names.js";
import { CLUSTER_LANE_OPTIONS } from "./cluster-lane.js";
import { parseList, parseNumber, parsePlanes } from "./parse.js";
import { parseChoice, parseGuestPlanes, parseKernelPlanes, parseValue } from "./parse-run.js";
import { planeDeclaration } from "./plane-option.js";
import { declarationOf, type GivenOptions, type RunOption } from "./run-option.js";
import { optionOf } from "./settings.js";

export type { GivenOptions } from "./run-option.js";

const LANE_IDS = LANES.map(({ id }) => id);

/** An option of the engine. */
function runOption(field: Option): RunOption {
  const declared: OptionDeclaration = OPTIONS[field];
  const name = optionOf(field).slice(2);
  return {
    name,
    declaration: field === "lane" ? declarationOf(declared, LANE_IDS) : declarationOf(declared),
    lanes: lanesUsing(LANES, field),
    resumable: declared.resumable ?? false,
    // `ValueOf` has the types of what is read here; the engine checks the values.
    read: (text, lane) => ({ [field]: readOption(field, text, name, lane) }) as RunSpecInput,
    write: (spec) => writeOption(field, spec),
  };
}

/** Names of planes are checked here already, where a lane has them at hand. */
const READ_PLANES: Readonly<Record<string, (text: string, name: string) => string[]>> = {
  model: parsePlanes,
  kernel: parseKernelPlanes,
  guest: parseGuestPlanes,
};

function readOption(field: Option, text: string, name: string, lane: string): unknown {
  if (field === "lane") return parseChoice(text, name, LANE_IDS);
  if (field === "planes") return (READ_PLANES[lane] ?? parseList)(text, name);
  return parseValue(OPTIONS[field].takes, text, name);
}

/** Its text in the command that repeats a run; null: it is left out. */
function writeOption(field: Option, spec: RunSpec): string | null {
  if (field === "lane") return spec.lane === DEFAULT_LANE ? null : spec.lane;
  const { takes, defaultText }: OptionDeclaration = OPTIONS[field];
  const value = spec[field];
  if (value === undefined) return lanesUsing(LANES, field).includes(spec.lane) ? (defaultText ?? null) : null;
  if (takes.kind === "path") return "PATH";
  if (takes.kind === "seconds") return `${value}s`;
  if (Array.isArray(value)) return value.map((part) => withoutFolder(String(part))).join(",");
  if (typeof value !== "object") return String(value);
  if ("share" in value) return `${value.plane}=${value.share}`;
  return value.least === value.most ? String(value.least) : `${value.least}-${value.most}`;
}

/** An option that a plane declares. */
function planeOption(declared: PlaneOption): RunOption {
  const { name, key } = declared;
  const isChoice = "choices" in declared;
  const isText = isChoice || "isFlag" in declared || "read" in declared;
  const read = (text: string): PlaneSettings => {
    const value = isText ? text : parseNumber(text);
    if (!accepts(declared, value)) {
      throw new UsageError(`--${name} "${text}": give ${acceptedValues(declared)}`);
    }
    return { [key]: value };
  };
  return {
    name,
    declaration: planeDeclaration(declared),
    lanes: lanesUsing(LANES, "planeOptions"),
    read: (text) => ({ planeOptions: read(text) }),
    write: ({ planeOptions }) => {
      const value = planeOptions?.[key];
      return value === undefined || ("default" in declared && value === String(declared.default))
        ? null
        : String(value);
    },
  };
}

/** In the order of `lbscale run --help` and of `run.command`. */
export const RUN_OPTIONS: readonly RunOption[] = [
  ...OPTION_FIELDS.map(runOption),
  ...PLANE_OPTIONS.map(planeOption),
  ...CLUSTER_LANE_OPTIONS,
  {
    name: "cluster",
    declaration: {
      type: "string",
      requiresArg: true,
      describe: "Measure this cluster (a file, or -), grown to --services",
    },
    lanes: lanesUsing(LANES, "cluster"),
    resumable: true,
    // The cluster itself is no part of the specification: the command reads it.
    read: () => ({}),
    write: () => null,
  },
];

/** Declares all options. Their types stay open: `readRunSpec` reads them by name. */
export function withRunOptions<T>(yargs: Argv<T>, names?: CatalogNames): Argv<T> {
  const ids: Readonly<Record<string, string>> = names
    ? { profile: names.profiles.join(", "), scenarios: `${names.scenarios.join(", ")}, or all` }
    : {};
  for (const { name, declaration } of RUN_OPTIONS) {
    const describe = ids[name] === undefined ? declaration.describe : `${declaration.describe}: ${ids[name]}`;
    yargs.option(name, { ...declaration, ...(describe !== undefined && { describe }) });
  }
  return yargs;
}

const LIST = new Intl.ListFormat("en-GB");

/**
 * Reads what was given into a specification.
 *
 * @param given Arguments by the name of their option.
 * @returns The specification; the engine checks and completes it.
 * @throws UsageError for an option that the lane does not use, and for text that can't be read.
 */
export function readRunSpec(given: GivenOptions): RunSpecInput {
  const lane = parseChoice(textOf(given, "lane") ?? DEFAULT_LANE, "lane", LANE_IDS);
  let spec: RunSpecInput = {};
  for (const { name, lanes, read } of givenOptions(given)) {
    if (!lanes.includes(lane)) {
      throw new UsageError(
        `--${name} is for the ${LIST.format(lanes)} ${lanes.length === 1 ? "lane" : "lanes"}: leave it out with --lane ${lane}`,
      );
    }
    const part = read(textOf(given, name) ?? "", lane);
    const planeOptions = { ...spec.planeOptions, ...part.planeOptions };
    const clusterLane = { ...spec.clusterLane, ...part.clusterLane };
    spec = {
      ...spec,
      ...part,
      ...(Object.keys(planeOptions).length > 0 && { planeOptions }),
      ...(Object.keys(clusterLane).length > 0 && { clusterLane }),
    };
  }
  if (spec.popular !== undefined && !((spec.zipf ?? 0) > 0)) {
    throw new UsageError(
      `--popular ${spec.popular} says where popular Services are: give --zipf too, such as --zipf 1.1`,
    );
  }
  return spec;
}

/**
 * Refuses options that would change the plan of a run that is resumed.
 *
 * @throws UsageError naming the first of them.
 */
export function refuseWithResume(given: GivenOptions): void {
  const changing = givenOptions(given).find(({ resumable }) => !resumable);
  if (changing) {
    throw new UsageError(
      `--${changing.name} can't be given with --resume: the run in --out keeps its plan; leave it out, or start a new run`,
    );
  }
}

/** The command that repeats a run, without paths. */
export function writeCommand(spec: RunSpec, imported: boolean): string {
  const words = RUN_OPTIONS.flatMap(({ name, declaration, write }) => {
    const text = write(spec);
    if (text === null) return [];
    if (declaration.type === "boolean") return [text === "true" ? `--${name}` : `--no-${name}`];
    return [`--${name}`, text];
  });
  return ["lbscale", "run", ...words, ...(imported ? ["--cluster", "FILE"] : [])].join(" ");
}

function givenOptions(given: GivenOptions): RunOption[] {
  return RUN_OPTIONS.filter(({ name }) => given[name] !== undefined);
}

function textOf(given: GivenOptions, name: string): string | undefined {
  const value = given[name];
  return value === undefined ? undefined : String(value);
}
