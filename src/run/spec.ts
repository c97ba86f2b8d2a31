/** What to measure: the specification of a run, checked before anything is built. */

import { z } from "zod";
import { POPULAR } from "../cluster/flows.js";
import { STORED_SETTINGS } from "../cluster-lane/bounds.js";
import { clusterLaneSchema } from "../cluster-lane/options.js";
import { InputError } from "../errors.js";
import { planeOptionsFrom } from "../planes/options.js";
import { BOUNDS, FIELDS, type Field, LANE_IDS, lanesUsing, withoutFolder } from "./bounds.js";

const integer = ([min, max]: readonly [number, number]) => z.int().min(min).max(max);
const share = z.number().min(0).max(1);
const milliseconds = integer(BOUNDS.milliseconds);
const names = z.array(z.string().min(1)).min(1);

/** Those that `USED_BY` has, in its order. */
const fields = {
  /** `model`: models laid out like the kernel; `kernel`: this machine's kernel (Linux, root); `guest`: user-mode Linux; `cluster`:
   * a Kubernetes cluster. */
  lane: z.enum(LANE_IDS).default("model"),
  /** How much is measured; `default` where absent. */
  profile: z.string().exactOptional(),
  /** Ids of planes; the profile's or the lane's where absent. */
  planes: names.exactOptional(),
  /** Numbers of services; the profile's or the lane's where absent. */
  services: z.array(integer(BOUNDS.services)).min(1).exactOptional(),
  /** Ids of scenarios, or all of them. */
  scenarios: z.union([z.literal("all"), names]).exactOptional(),
  /** Fresh processes per cell: at least, and at most where intervals are wide. Rounds in the kernel's lanes. */
  replicates: z
    .object({ least: integer(BOUNDS.replicates), most: integer(BOUNDS.replicates) })
    .refine(({ least, most }) => least <= most, "least must not be more than most")
    .exactOptional(),
  /** Warm-up and timed part of each process, milliseconds. Model lane. */
  warmupMs: milliseconds.exactOptional(),
  measureMs: milliseconds.exactOptional(),
  /** A test hook: this plane does this share of work more than it reports. Model lane. */
  slowdown: z.object({ plane: z.string(), share }).exactOptional(),
  /** Endpoints per generated service. */
  endpoints: integer(BOUNDS.endpoints).exactOptional(),
  /** Zipf exponent of the services' popularity. Model lane. */
  zipf: z.number().min(BOUNDS.zipf[0]).max(BOUNDS.zipf[1]).exactOptional(),
  /** Where popular services are in a rule list; needs `zipf`. Model lane. */
  popular: z.enum(POPULAR).exactOptional(),
  /** Share of flows that no service answers. Model lane. */
  misses: share.exactOptional(),
  /** Addresses of generated clusters, or which part of an imported one: 4 by default, or what the imported one has. */
  family: z.union([z.literal(4), z.literal(6), z.literal("dual")]).exactOptional(),
  /** Options of planes by key, such as `ipvsScheduler`. Model lane. */
  planeOptions: z.record(z.string(), z.union([z.string(), z.number()])).exactOptional(),
  /** Time for the whole run, seconds; the profile's where absent. In a cluster no larger N begins after it. */
  budgetSeconds: integer(BOUNDS.seconds).exactOptional(),
  /** Time for one cell, seconds: a kube-proxy's start and changes, or each N in a cluster. Lanes kernel and cluster. */
  durationSeconds: integer(BOUNDS.seconds).exactOptional(),
  /** Path of the nft that is measured, instead of the system's. Lane kernel. */
  nft: z.string().min(1).exactOptional(),
  /** New connections per round. Lanes kernel and guest. */
  connections: integer(BOUNDS.connections).exactOptional(),
  /** What lane `cluster` needs: which cluster, how much of it, for how long. */
  clusterLane: clusterLaneSchema.exactOptional(),
  /** Random seed. */
  seed: integer(BOUNDS.seed).default(1),
} satisfies { readonly [K in Exclude<Field, "cluster">]: z.ZodType };

/** The zod schema of a run's specification. Everything has a default. */
export const runSpecSchema = z.strictObject(fields).superRefine((spec, { addIssue }) => {
  for (const key of FIELDS) {
    const lanes = lanesUsing(key);
    if (!(key in spec) || lanes.includes(spec.lane)) continue;
    addIssue({
      code: "custom",
      path: [key],
      message: `only ${lanes.length === 1 ? "lane" : "lanes"} ${lanes.join(" and ")} ${lanes.length === 1 ? "uses" : "use"} it: leave it out with lane ${spec.lane}`,
    });
  }
  if (spec.endpoints === 0 && spec.lane !== "model") {
    addIssue({
      code: "custom",
      path: ["endpoints"],
      message: `lane ${spec.lane} opens connections, which need an endpoint: give at least 1`,
    });
  }
  if (spec.popular !== undefined && !((spec.zipf ?? 0) > 0)) {
    addIssue({
      code: "custom",
      path: ["popular"],
      message: "it says where popular services are: give zipf too, such as 1.1",
    });
  }
});

/** A run's specification with its defaults filled in. */
export type RunSpec = z.infer<typeof runSpecSchema>;
/** A run's specification as a program writes it: `{}` is the default profile of the model lane. */
export type RunSpecInput = z.input<typeof runSpecSchema>;

/** A specification can't be run: the message names the field and what it may be. */
export class InvalidRunSpecError extends InputError {
  override readonly name = "InvalidRunSpecError";
}

/**
 * Checks a specification and fills in its defaults.
 *
 * @param input What a program or the command line asks for.
 * @returns The specification, whose numbers are within bounds and whose options the lane uses.
 * @throws InvalidRunSpecError for the first field that can't be used.
 * @example
 * ```ts
 * import { parseRunSpec } from "lbscale/run";
 *
 * const { lane, seed } = parseRunSpec({ profile: "quick", services: [1, 1000] });
 * console.log(lane, seed); // model 1
 * ```
 */
export function parseRunSpec(input: unknown): RunSpec {
  const parsed = runSpecSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = (issue?.path ?? []).map(String);
    const field = path.join(".") || "the specification of a run";
    const setting = path.find((part) => part !== "clusterLane" && part !== "planeOptions");
    throw new InvalidRunSpecError(
      `${field}: ${issue?.message ?? "can't be read"}`,
      setting === undefined ? [] : [setting],
    );
  }
  planeOptionsFrom(parsed.data.planeOptions ?? {});
  return parsed.data;
}

/**
 * The call that repeats a run, as results hold it: without paths, and without what names a cluster or what is in it.
 *
 * @param spec What a program asked for.
 * @returns JavaScript; `PATH` and `FOLDER` stand for paths.
 */
export function callOf(spec: RunSpecInput): string {
  const { clusterLane, nft, planes } = spec;
  const stored =
    clusterLane &&
    Object.fromEntries(
      STORED_SETTINGS.flatMap((key) => (clusterLane[key] === undefined ? [] : [[key, clusterLane[key]]])),
    );
  const shown = {
    ...spec,
    ...(planes !== undefined && { planes: planes.map(withoutFolder) }),
    ...(nft !== undefined && { nft: "PATH" }),
    ...(stored !== undefined && { clusterLane: stored }),
  };
  return `runBenchmark(${JSON.stringify(shown)})`;
}
