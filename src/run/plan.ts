/** From arguments to an empty result: which cells there are, in which order, with which settings. */

import { CATALOG } from "../catalog.js";
import { parseSeed } from "../cli/options/cluster.js";
import { parseChoices, parseInteger, parsePlanes, parseServices, parseShare } from "../cli/options/parse.js";
import { VERSION } from "../cli/version.js";
import type { Popular } from "../cluster/flows.js";
import { NODE_PORT_COUNT } from "../cluster/network.js";
import { UsageError } from "../errors.js";
import type { Profile } from "../measure/catalog.js";
import type { Size } from "../measure/scenario.js";
import { makeSchedule } from "../measure/schedule.js";
import { levelOf, looksBetween } from "../measure/stopping.js";
import { MAGLEV_SIZES } from "../planes/ebpf/maglev.js";
import type { IPVS_SCHEDULERS } from "../planes/ipvs/scheduler-names.js";
import type { PlaneId } from "../planes/plane.js";
import type { Cell, Environment, Results } from "../results/schema.js";
import { SCHEMA_VERSION } from "../results/schema.js";
import { describeRun, descriptorOf } from "./describe.js";

export interface RunArguments {
  profile: string;
  planes: string | undefined;
  services: string | undefined;
  scenarios: string | undefined;
  replicates: string | undefined;
  "warmup-ms": string | undefined;
  "measure-ms": string | undefined;
  "slow-down": string | undefined;
  endpoints: string | undefined;
  zipf: string | undefined;
  popular: Popular | undefined;
  misses: string | undefined;
  "ipvs-scheduler": (typeof IPVS_SCHEDULERS)[number];
  "ipvs-table": "fixed" | "resizable";
  "ebpf-map-max": string | undefined;
  "maglev-table-size": string | undefined;
  cluster: string | undefined;
  seed: string;
}

/** Half an interval as a share of the median, where a cell is precise enough. */
const TARGET_HALF_WIDTH = 0.05;

/** Maglev's table of a service takes 64 KiB: beyond this N it is left out unless asked for by name. */
function largest(profile: Profile, plane: PlaneId): number {
  return Math.max(...(profile.servicesOf[plane] ?? [Number.POSITIVE_INFINITY]));
}

/** The profile of a name. Throws UsageError naming those there are. */
export function profileById(id: string): Profile {
  const profile = CATALOG.profiles.find((candidate) => candidate.id === id);
  if (!profile) {
    throw new UsageError(
      `unknown profile "${id}": choose from ${CATALOG.profiles.map((known) => known.id).join(", ")}`,
    );
  }
  return profile;
}

/** A result without measurements. `clusterServices` is the size of an imported cluster, measured as it is by default. */
export function planRun(
  args: RunArguments,
  environment: Environment,
  now: Date,
  clusterServices: number | null,
): Results {
  const profile = profileById(args.profile);
  const planes = args.planes === undefined ? profile.planes : parsePlanes(args.planes);
  const services =
    args.services !== undefined
      ? parseServices(args.services)
      : clusterServices !== null
        ? [clusterServices]
        : profile.services;
  const known = [...CATALOG.scenarios, ...CATALOG.derived].map(({ id }) => id);
  const scenarios =
    args.scenarios === undefined
      ? profile.scenarios
      : args.scenarios === "all"
        ? known
        : parseChoices(args.scenarios, "scenarios", known).flatMap(
            // What is worked out from other scenarios needs these.
            (id) => CATALOG.derived.find((derived) => derived.id === id)?.from ?? [id],
          );
  const replicates = args.replicates === undefined ? profile.replicates : parseReplicates(args.replicates);
  const looks = looksBetween(replicates.least, replicates.most);
  const seed = parseSeed(args.seed);
  if (profile.entry === "nodePort" && Math.max(...services) > NODE_PORT_COUNT) {
    throw new UsageError(
      `profile ${profile.id} gives every service a NodePort, and there are ${NODE_PORT_COUNT}: use at most that many services`,
    );
  }
  const named = args.planes !== undefined && args.services !== undefined;
  const asked = args.services === undefined ? null : services;
  const ownNumbers = asked === null && clusterServices === null;
  const numbersOf = (plane: PlaneId) => (ownNumbers && profile.servicesOf[plane]) || services;
  const endpointsPerService =
    args.endpoints === undefined
      ? profile.endpointsPerService
      : parseInteger(args.endpoints, "endpoints", 0, 10_000);
  const cells = CATALOG.scenarios
    .filter(({ id }) => scenarios.includes(id))
    .flatMap(({ id, sizes }) =>
      planes.flatMap((plane) =>
        (
          sizes?.(asked, descriptorOf(CATALOG, plane)) ??
          numbersOf(plane).map((n): Size => ({ services: n, endpoints: null, variant: "" }))
        )
          // Nor does a scenario's own N go beyond the run's: the article's NodePorts end at 2768.
          .filter((size) => named || size.services <= largest(profile, plane))
          .filter((size) => clusterServices !== null || size.services <= Math.max(...services))
          .map((size) => emptyCell({ plane, lane: "model", scenario: id }, size, endpointsPerService)),
      ),
    );
  if (cells.length === 0)
    throw new UsageError("nothing to measure: this profile measures ebpf-maglev only for fewer services");
  return {
    schemaVersion: SCHEMA_VERSION,
    tool: { name: "lbscale", version: VERSION },
    run: {
      id: `${now.toISOString().slice(0, 19).replaceAll(":", "")}-${profile.id}`,
      startedAt: now.toISOString(),
      finishedAt: null,
      profile: profile.id,
      seed,
      command: commandOf(args),
      complete: false,
      entry: profile.entry,
      replicates,
      looks,
      targetHalfWidth: TARGET_HALF_WIDTH,
      level: levelOf(looks),
      budgetSeconds:
        new Set(cells.map(({ scenario }) => scenario)).size > 1
          ? profile.suiteSeconds
          : profile.budgetSeconds,
      settings: {
        endpointsPerService,
        zipf: args.zipf === undefined ? 0 : parseExponent(args.zipf),
        popular: popularOf(args),
        misses: args.misses === undefined ? 0 : parseShare(args.misses, "misses"),
        warmupMs: milliseconds(args, "warmup-ms", profile.warmupMs),
        measureMs: milliseconds(args, "measure-ms", profile.measureMs),
        singlesMs: profile.singlesMs,
        ...(args["slow-down"] !== undefined && { slowdown: parseSlowdown(args["slow-down"]) }),
        planes: planeOptions(args),
      },
      schedule: makeSchedule(cells.length, replicates.most, seed),
    },
    environment,
    cluster: {
      source: clusterServices === null ? "synthetic" : "imported",
      parameters: { endpointsPerService, clusterSeed: seed },
      digests: {},
    },
    equivalence: { services: 0, flows: 0, planes: [], disagreements: 0, documented: {} },
    ...describeRun(cells, CATALOG),
    cells,
    fits: [],
    crossovers: [],
    orderEffect: null,
    findings: [],
  };
}

/** A cell without measurements. */
export function emptyCell(
  what: Pick<Cell, "plane" | "lane" | "scenario">,
  size: Size,
  endpoints: number,
): Cell {
  return {
    ...what,
    services: size.services,
    variant: size.variant,
    endpoints: size.endpoints ?? endpoints,
    unit: "ns",
    replicates: [],
    estimate: null,
    adjusted: null,
    percentiles: null,
    percentilesReason: null,
    outliers: null,
    unsteady: 0,
    counts: null,
    stopped: null,
    lookedAt: 0,
    disturbed: [],
    work: null,
    programBytes: null,
    facts: {},
    warnings: [],
  };
}

/** `7`, or `7-30`: at least seven, at most thirty where the interval is wide. */
function parseReplicates(text: string): { least: number; most: number } {
  const [first, second, ...more] = text.split("-");
  const least = parseInteger(first!, "replicates", 1, 1000);
  const most = second === undefined ? least : parseInteger(second, "replicates", 1, 1000);
  if (more.length > 0 || most < least) {
    throw new UsageError(`--replicates "${text}": give a number, or least and most such as 7-30`);
  }
  return { least, most };
}

function milliseconds(args: RunArguments, option: "warmup-ms" | "measure-ms", usual: number): number {
  const text = args[option];
  return text === undefined ? usual : parseInteger(text, option, 1, 60_000);
}

/** `iptables=0.1`: a plane that does a tenth more work than it reports. */
function parseSlowdown(text: string): { plane: string; share: number } {
  const [plane, share] = text.split("=");
  return { plane: parsePlanes(plane ?? "")[0]!, share: parseShare(share ?? "", "slow-down") };
}

function planeOptions(args: RunArguments): Results["run"]["settings"]["planes"] {
  const mapMax = args["ebpf-map-max"];
  const tableSize = args["maglev-table-size"];
  return {
    ipvsScheduler: args["ipvs-scheduler"],
    ipvsServiceTable: args["ipvs-table"],
    ...(mapMax !== undefined && { ebpfMapEntries: parseInteger(mapMax, "ebpf-map-max", 1, 2 ** 24) }),
    ...(tableSize !== undefined && {
      maglevTableSize: Number(oneOf(tableSize, "maglev-table-size", MAGLEV_SIZES)),
    }),
  };
}

function oneOf(text: string, option: string, known: readonly number[]): string {
  if (!known.map(String).includes(text)) {
    throw new UsageError(`--${option} "${text}": Cilium knows ${known.join(", ")}`);
  }
  return text;
}

function parseExponent(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 3))
    throw new UsageError(`--zipf "${text}": give an exponent from 0 (uniform) to 3`);
  return value;
}

/** Popularity needs a skew to stand anywhere. */
function popularOf({ popular, zipf }: RunArguments): Popular {
  if (popular !== undefined && !(Number(zipf) > 0)) {
    throw new UsageError(
      `--popular ${popular} says where popular services stand: give --zipf too, such as --zipf 1.1`,
    );
  }
  return popular ?? "random";
}

/** The command that repeats this run, without paths. */
function commandOf(args: RunArguments): string {
  const words = ["lbscale", "run", "--profile", args.profile, "--seed", args.seed];
  const options = [
    "planes",
    "services",
    "scenarios",
    "replicates",
    "warmup-ms",
    "measure-ms",
    "slow-down",
    "endpoints",
    "zipf",
    "popular",
    "misses",
    "ebpf-map-max",
    "maglev-table-size",
  ] as const;
  for (const option of options) {
    if (args[option] !== undefined) words.push(`--${option}`, args[option]);
  }
  if (args["ipvs-scheduler"] !== "rr") words.push("--ipvs-scheduler", args["ipvs-scheduler"]);
  if (args["ipvs-table"] !== "fixed") words.push("--ipvs-table", args["ipvs-table"]);
  if (args.cluster !== undefined) words.push("--cluster", "FILE");
  return words.join(" ");
}
