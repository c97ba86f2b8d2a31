/** Options of the cluster lane, spelled as kubectl spells them where it has them. */

import type { Options } from "yargs";
import { CLUSTER_BOUNDS, PROTOCOLS, STORED_SETTINGS } from "../../cluster-lane/bounds.js";
import type { ClusterSettings, Toleration } from "../../cluster-lane/options.js";
import { UsageError } from "../../errors.js";
import { lanesUsing } from "../../run/bounds.js";
import { parseChoices, parseInteger, parseList } from "./parse.js";
import type { GivenOptions, RunOption } from "./run-option.js";

type Key = keyof ClusterSettings;
type Read<K extends Key> = (text: string, name: string) => NonNullable<ClusterSettings[K]>;

/** An option of one field. What results may not hold stays out of the stored command. */
function option<K extends Key>(name: string, key: K, declaration: Options, read: Read<K>): RunOption {
  const isWritten = STORED_SETTINGS.some((stored) => stored === key);
  return {
    name,
    declaration: {
      ...(declaration.type === undefined && { type: "string", requiresArg: true }),
      ...declaration,
    },
    lanes: lanesUsing("clusterLane"),
    // Results don't hold what is not written: it is given again.
    resumable: !isWritten,
    read: (text) => ({ clusterLane: { [key]: read(text, name) } }),
    write: ({ clusterLane }) => {
      const value = clusterLane?.[key];
      return isWritten && value !== undefined ? String(value) : null;
    },
  };
}

const asGiven = (text: string): string => text;
const isTrue = (text: string): boolean => text === "true";
const number = (bounds: readonly [number, number]) => (text: string, name: string) =>
  parseInteger(text, name, ...bounds);

export const CLUSTER_LANE_OPTIONS: readonly RunOption[] = [
  option(
    "kubeconfig",
    "kubeconfig",
    { describe: "Lane cluster: kubectl's file; KUBECONFIG by default" },
    asGiven,
  ),
  option(
    "context",
    "context",
    { describe: "Lane cluster: a context of it; the current one by default" },
    asGiven,
  ),
  option(
    "namespace",
    "namespace",
    { describe: "Lane cluster: a namespace that exists; one of the run's own by default" },
    asGiven,
  ),
  option(
    "nodes",
    "nodes",
    { describe: "Lane cluster: nodes that probe, at most; 3 by default" },
    number(CLUSTER_BOUNDS.nodes),
  ),
  option(
    "rate",
    "rate",
    { describe: "Lane cluster: connections per second of each probe; 2,000 by default, 500 over UDP" },
    number(CLUSTER_BOUNDS.rate),
  ),
  option(
    "protocol",
    "protocols",
    { describe: `Lane cluster: ${PROTOCOLS.join(" or ")}, or both; tcp by default` },
    (text, name) => parseChoices(text, name, PROTOCOLS),
  ),
  option(
    "node-selector",
    "nodeSelector",
    { describe: "Lane cluster: labels of nodes to use, such as pool=test,disk=ssd" },
    parseSelector,
  ),
  option(
    "tolerations",
    "tolerations",
    { describe: "Lane cluster: taints to tolerate, such as dedicated=test:NoSchedule" },
    parseTolerations,
  ),
  option(
    "image",
    "image",
    { describe: "Lane cluster: image of the pods; the nodes' pause image by default" },
    asGiven,
  ),
  option(
    "plane-name",
    "planeName",
    {
      describe:
        "Lane cluster: name of the data plane; one that begins like the detected mode keeps its version",
    },
    asGiven,
  ),
  option("names", "names", { type: "boolean", describe: "Lane cluster: store names of nodes" }, isTrue),
  option(
    "keep",
    "keep",
    {
      type: "boolean",
      describe: "Lane cluster: keep everything that the run created; lbscale clean removes it",
    },
    isTrue,
  ),
];

/** Of what was given, options that say where the cluster of a resumed run is. */
export function clusterLaneOptions(given: GivenOptions): GivenOptions {
  return Object.fromEntries(
    CLUSTER_LANE_OPTIONS.flatMap(({ name, resumable }) =>
      resumable && given[name] !== undefined ? [[name, given[name]]] : [],
    ),
  );
}

/** `pool=test,disk=ssd` */
function parseSelector(text: string, name: string): Record<string, string> {
  return Object.fromEntries(
    parseList(text, name).map((part) => {
      const [key = "", value, ...more] = part.split("=");
      if (key === "" || value === undefined || more.length > 0) {
        throw new UsageError(`--${name} "${part}": give labels such as pool=test`);
      }
      return [key, value];
    }),
  );
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

/** `dedicated=test:NoSchedule`, `dedicated:NoSchedule`, `dedicated` */
function parseTolerations(text: string, name: string): Toleration[] {
  return parseList(text, name).map((part) => {
    const [left = "", effectText, ...more] = part.split(":");
    const [key = "", value] = left.split("=");
    const effect = EFFECTS.find((known) => known === effectText);
    if (key === "" || more.length > 0 || (effectText !== undefined && effect === undefined)) {
      throw new UsageError(`--${name} "${part}": give taints such as dedicated=test:NoSchedule`);
    }
    return {
      key,
      ...(value === undefined ? { operator: "Exists" as const } : { operator: "Equal" as const, value }),
      ...(effect !== undefined && { effect }),
    };
  });
}
