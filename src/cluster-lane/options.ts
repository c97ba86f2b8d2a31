/** What a run of the cluster lane needs in addition to the numbers that every lane has. */

import { z } from "zod";
import type { SettingsOf } from "../values.js";
import { fieldsOf } from "../values-schema.js";
import { CLUSTER_OPTIONS, STORED_FIELDS } from "./bounds.js";

export type { Toleration } from "../values.js";

/** What a specification says of the cluster lane alone. */
export interface ClusterSettings extends SettingsOf<typeof CLUSTER_OPTIONS> {}

/** The zod schema of `clusterLane` in a run's specification. */
export const clusterLaneSchema = z.strictObject(fieldsOf(CLUSTER_OPTIONS)) as z.ZodType<
  ClusterSettings,
  ClusterSettings
>;

/** Options of a run of the cluster lane, with the two times that every lane has. */
export interface ClusterLaneOptions extends ClusterSettings {
  /** For the whole run: once they are over nothing more begins, within an N either. No limit where absent. */
  readonly budgetSeconds?: number | undefined;
  /** Seconds of measuring at each N; 20 where absent. */
  readonly durationSeconds?: number | undefined;
}

/** Those of the settings that results may hold. */
export function storedSettings(settings: ClusterSettings): ClusterSettings {
  return Object.fromEntries(
    Object.entries(settings).filter(([field, value]) => STORED_FIELDS.includes(field) && value !== undefined),
  );
}

/** The zod schema of what results hold of a run's options. */
export const storedOptionsSchema = z.strictObject({
  ...Object.fromEntries(
    Object.entries(fieldsOf(CLUSTER_OPTIONS)).filter(([field]) => STORED_FIELDS.includes(field)),
  ),
  budgetSeconds: z.number().exactOptional(),
  durationSeconds: z.number().exactOptional(),
}) as z.ZodType<ClusterLaneOptions, ClusterLaneOptions>;
