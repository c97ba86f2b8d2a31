/** Options of the cluster lane: all of it follows from src/cluster-lane/bounds.ts. */

import {
  CLUSTER_FIELDS,
  CLUSTER_OPTIONS,
  type ClusterOption,
  STORED_FIELDS,
} from "../../cluster-lane/bounds.js";
import { LANES } from "../../run/lanes/index.js";
import { lanesUsing } from "../../run/options.js";
import type { RunSpecInput } from "../../run/spec.js";
import { parseValue } from "./parse-run.js";
import { declarationOf, type GivenOptions, type RunOption } from "./run-option.js";
import { optionOf } from "./settings.js";

function clusterOption(field: ClusterOption): RunOption {
  const name = optionOf(field).slice(2);
  const isWritten = STORED_FIELDS.includes(field);
  const { takes } = CLUSTER_OPTIONS[field];
  return {
    name,
    declaration: declarationOf(CLUSTER_OPTIONS[field]),
    lanes: lanesUsing(LANES, "clusterLane"),
    // Results don't hold what is not written: it is given again.
    resumable: !isWritten,
    read: (text) => ({ clusterLane: { [field]: parseValue(takes, text, name) } }) as RunSpecInput,
    write: ({ clusterLane }) => {
      const value = clusterLane?.[field];
      return isWritten && value !== undefined ? String(value) : null;
    },
  };
}

export const CLUSTER_LANE_OPTIONS: readonly RunOption[] = CLUSTER_FIELDS.map(clusterOption);

/** Of what was given, options that say where the cluster of a resumed run is. */
export function clusterLaneOptions(given: GivenOptions): GivenOptions {
  return Object.fromEntries(
    CLUSTER_LANE_OPTIONS.flatMap(({ name, resumable }) =>
      resumable && given[name] !== undefined ? [[name, given[name]]] : [],
    ),
  );
}
