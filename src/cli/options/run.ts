/**
 * Options that say what a run measures, one entry each: how it is declared, how its text is read into a specification, how
 * it is written back into `run.command`. Which lanes use it follows from the specification's field.
 */

import { resolve } from "node:path";
import type { Argv } from "yargs";
import { POPULAR } from "../../cluster/flows.js";
import { UsageError } from "../../errors.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { REAL_PROGRAM_FORMS } from "../../kernel/planes/real-programs.js";
import type { PlaneOption } from "../../planes/option.js";
import { acceptedValues, accepts, PLANE_OPTIONS, type PlaneSettings } from "../../planes/options.js";
import { planeChoices } from "../../planes/registry-loader.js";
import { BOUNDS, LANE_IDS, type LaneId, lanesUsing, withoutFolder } from "../../run/bounds.js";
import type { RunSpec, RunSpecInput } from "../../run/spec.js";
import type { CatalogNames } from "./catalog-names.js";
import { CLUSTER_LANE_OPTIONS } from "./cluster-lane.js";
import { FAMILY_CHOICES, FAMILY_DECLARATION, familyChoice } from "./node.js";
import { parseInteger, parseList, parseNumber, parsePlanes, parseServices, parseShare } from "./parse.js";
import {
  parseChoice,
  parseExponent,
  parseGuestPlanes,
  parseKernelPlanes,
  parseReplicates,
  parseSeconds,
  parseSlowdown,
} from "./parse-run.js";
import { planeDeclaration } from "./plane-option.js";
import { type GivenOptions, option, type RunOption } from "./run-option.js";

export type { GivenOptions } from "./run-option.js";

const commas = (values: string | readonly (string | number)[]) =>
  typeof values === "string" ? values : values.join(",");
const milliseconds = (text: string, _: LaneId, name: string) =>
  parseInteger(text, name, ...BOUNDS.milliseconds);

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
    lanes: lanesUsing("planeOptions"),
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
  {
    ...option("profile", "profile", { defaultDescription: "default", describe: "Profile" }, (text) => text),
    write: ({ lane, profile }) => (lane === "cluster" ? null : (profile ?? "default")),
  },
  option(
    "lane",
    "lane",
    {
      choices: LANE_IDS,
      defaultDescription: "model",
      describe:
        "Models laid out like the kernel; connections through the real kernel (Linux, root); only through one in user-mode Linux; or through a Kubernetes cluster",
    },
    (text) => parseChoice(text, "lane", LANE_IDS),
    (lane) => (lane === "model" ? null : lane),
  ),
  option("seed", "seed", { defaultDescription: "1", describe: "Random seed" }, (text, _, name) =>
    parseInteger(text, name, ...BOUNDS.seed),
  ),
  option(
    "planes",
    "planes",
    {
      describe: `Planes: ${planeChoices()}; with --lane kernel: ${KERNEL_PLANE_IDS.join(", ")}, or ${REAL_PROGRAM_FORMS}`,
    },
    (text, lane, name) => {
      if (lane === "model") return parsePlanes(text);
      return lane === "kernel" ? parseKernelPlanes(text, name) : parseGuestPlanes(text, name);
    },
    (planes) => planes.map(withoutFolder).join(","),
  ),
  option(
    "services",
    "services",
    { describe: "Numbers of Services, such as 1,100,1000" },
    (text) => parseServices(text),
    commas,
  ),
  option(
    "scenarios",
    "scenarios",
    { describe: "Scenarios" },
    (text, _, name) => (text === "all" ? text : parseList(text, name)),
    commas,
  ),
  option(
    "replicates",
    "replicates",
    {
      describe:
        "Per cell: fresh processes in lane model (7-30: more where the interval is wide), rounds of connections in the others, and changes in lane kernel",
    },
    (text) => parseReplicates(text),
    ({ least, most }) => (least === most ? String(least) : `${least}-${most}`),
  ),
  option(
    "connections",
    "connections",
    { describe: "Lanes kernel and guest: new connections per round; 1000 by default" },
    (text, _, name) => parseInteger(text, name, ...BOUNDS.connections),
  ),
  option(
    "nft",
    "nft",
    { describe: "Lane kernel: another nft to measure with (scripts/install-nft.sh installs one)" },
    (text) => resolve(text),
    () => "PATH",
  ),
  option("warmup-ms", "warmupMs", { describe: "Warm-up of each process, milliseconds" }, milliseconds),
  option("measure-ms", "measureMs", { describe: "Timed part of each process, milliseconds" }, milliseconds),
  option("slow-down", "slowdown", { hidden: true }, parseSlowdown, ({ plane, share }) => `${plane}=${share}`),
  option(
    "budget",
    "budgetSeconds",
    {
      describe:
        "Time for the whole run, such as 90s, 5m or 1h; the profile's by default. In lane cluster it ends a run within an N too; no limit by default",
    },
    parseSeconds,
    (seconds) => `${seconds}s`,
  ),
  option(
    "duration",
    "durationSeconds",
    {
      describe:
        "Such as 30s. Lane cluster: connecting at each N and protocol. Lane kernel: the limit of each start of a real program with its rounds and changes, and of each cold start; what is not finished in it is a gap",
    },
    parseSeconds,
    (seconds) => `${seconds}s`,
  ),
  option("endpoints", "endpoints", { describe: "Endpoints per generated Service" }, (text, _, name) =>
    parseInteger(text, name, ...BOUNDS.endpoints),
  ),
  option("zipf", "zipf", { describe: "Skew of traffic over Services: Zipf exponent" }, (text) =>
    parseExponent(text),
  ),
  option(
    "popular",
    "popular",
    {
      choices: POPULAR,
      describe: "With --zipf: where popular Services are in a rule list; anywhere by default",
    },
    (text) => parseChoice(text, "popular", POPULAR),
  ),
  {
    ...option("family", "family", FAMILY_DECLARATION, (text, _, name) =>
      familyChoice(parseChoice(text, name, FAMILY_CHOICES)),
    ),
    // With --cluster, whose families it chooses from.
    resumable: true,
  },
  option("misses", "misses", { describe: "Share of flows that no Service answers" }, (text, _, name) =>
    parseShare(text, name),
  ),
  ...PLANE_OPTIONS.map(planeOption),
  ...CLUSTER_LANE_OPTIONS,
  {
    name: "cluster",
    declaration: {
      type: "string",
      requiresArg: true,
      describe: "Measure this cluster (a file, or -), grown to --services",
    },
    lanes: lanesUsing("cluster"),
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
  const lane = parseChoice(textOf(given, "lane") ?? "model", "lane", LANE_IDS);
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
      `--popular ${spec.popular} says where popular services are: give --zipf too, such as --zipf 1.1`,
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
