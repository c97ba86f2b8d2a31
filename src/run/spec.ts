/** What to measure: the specification of a run, checked before anything is built. */

import { z } from "zod";
import { type ClusterSettings, clusterLaneSchema, storedSettings } from "../cluster-lane/options.js";
import { InputError } from "../errors.js";
import { planeOptionsFrom } from "../planes/options.js";
import type { SettingsOf } from "../values.js";
import { fieldsOf, schemaOf } from "../values-schema.js";
import {
  DEFAULT_LANE,
  type Field,
  type LaneRules,
  lanesUsing,
  OPTION_FIELDS,
  OPTIONS,
  withoutFolder,
} from "./options.js";

/** A run's specification as a program writes it: `{}` is the default profile of the model lane. */
export interface RunSpecInput extends SettingsOf<typeof OPTIONS> {
  /** Options of planes by key, such as `ipvsScheduler`. Model lane. */
  planeOptions?: Record<string, string | number>;
  /** What lane `cluster` needs: which cluster, how much of it, for how long. */
  clusterLane?: ClusterSettings;
}

/** A run's specification with its defaults filled in. */
export interface RunSpec extends RunSpecInput {
  lane: string;
  seed: number;
}

const LIST = new Intl.ListFormat("en-GB");

/**
 * The schema of a specification. Everything has a default.
 *
 * @param lanes Those that may be asked for, whose rules are checked too.
 */
export function createRunSpecSchema(lanes: readonly LaneRules[]): z.ZodType<RunSpec, RunSpecInput> {
  const fields = {
    ...fieldsOf(OPTIONS),
    lane: z.enum(lanes.map(({ id }) => id)).default(DEFAULT_LANE),
    seed: schemaOf(OPTIONS.seed.takes).default(1),
    planeOptions: z.record(z.string(), z.union([z.string(), z.number()])).exactOptional(),
    clusterLane: clusterLaneSchema.exactOptional(),
  };
  const schema = z.strictObject(fields) as z.ZodType<RunSpec, RunSpecInput>;
  return schema.superRefine((spec, { addIssue }) => {
    const refuse = (field: string, message: string) => addIssue({ code: "custom", path: [field], message });
    const fieldsOfSpec: readonly Field[] = [...OPTION_FIELDS, "planeOptions", "clusterLane"];
    for (const field of fieldsOfSpec) {
      const using = lanesUsing(lanes, field);
      if (!(field in spec) || using.includes(spec.lane)) continue;
      const words =
        using.length === 1 ? `only lane ${using[0]} uses it` : `only lanes ${LIST.format(using)} use it`;
      refuse(field, `${words}: leave it out with lane ${spec.lane}`);
    }
    if (spec.endpoints === 0 && lanes.find(({ id }) => id === spec.lane)?.opensConnections) {
      refuse("endpoints", `lane ${spec.lane} opens connections, which need an endpoint: give at least 1`);
    }
    if (spec.popular !== undefined && !((spec.zipf ?? 0) > 0)) {
      refuse("popular", "it says where popular Services are: give zipf too, such as 1.1");
    }
  });
}

/** A specification can't be run: the message names the field and what it may be. */
export class InvalidRunSpecError extends InputError {
  override readonly name = "InvalidRunSpecError";
}

/**
 * Checks a specification and fills in its defaults: `parseRunSpec` for any lanes.
 *
 * @param input What a program or the command line asks for.
 * @param lanes Those that may be asked for.
 * @returns The specification, whose numbers are within bounds and whose options the lane uses.
 * @throws InvalidRunSpecError for the first field that can't be used.
 */
export function checkRunSpec(input: unknown, lanes: readonly LaneRules[]): RunSpec {
  const parsed = createRunSpecSchema(lanes).safeParse(input);
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
  const shown = {
    ...spec,
    ...(planes !== undefined && { planes: planes.map(withoutFolder) }),
    ...(nft !== undefined && { nft: "PATH" }),
    ...(clusterLane !== undefined && { clusterLane: storedSettings(clusterLane) }),
  };
  return `runBenchmark(${JSON.stringify(shown)})`;
}
