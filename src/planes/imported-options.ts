/** Flags of kube-proxy that an import read off a node's rules, kept in the cluster's source. */

import type { Cluster } from "../cluster/cluster.js";
import { InvalidInputError } from "../errors.js";
import { KUBE_PROXY_OPTIONS } from "./kube-proxy-options.js";
import { type PlaneSettings, planeOptionsFrom } from "./options.js";
import type { PlaneOptions } from "./plane.js";

/** Their place among the parameters of a cluster's source. */
const FLAGS_PARAMETER = "flags";

/** The keys of options that a node's rules show. */
export type FlagKey = "kubeProxy" | "nfacct" | "masqueradeAll" | "nodePortAddresses" | "localhostNodePorts";

/** Values by key, in the form of `PlaneSettings`: those that differ from the defaults. */
export type ImportedFlags = Readonly<Partial<Record<FlagKey | "podDetector", string>>>;

/** Flags as parameters of a source; nothing where the rules show none. */
export function flagParameters(flags: ImportedFlags): Record<string, unknown> {
  return Object.keys(flags).length === 0 ? {} : { [FLAGS_PARAMETER]: { ...flags } };
}

/**
 * The options under which a plane writes the rules that were imported.
 * @throws InputError for a cluster file with flags that no option takes.
 */
export function importedOptions(cluster: Pick<Cluster, "source">): PlaneOptions {
  return planeOptionsFrom(importedSettings(cluster));
}

/**
 * The same by key, as results.json holds them.
 * @throws InputError for a cluster file with flags that no option takes.
 */
export function importedSettings({ source }: Pick<Cluster, "source">): PlaneSettings {
  const flags: unknown = source.parameters[FLAGS_PARAMETER];
  if (source.kind !== "imported" || flags === undefined) return {};
  if (!isSettings(flags))
    throw new InvalidInputError(
      `source.parameters.${FLAGS_PARAMETER} of the cluster holds no flags: import it again`,
    );
  planeOptionsFrom(flags);
  return flags;
}

function isSettings(value: unknown): value is PlaneSettings {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((v) => typeof v === "string")
  );
}

/** In kube-proxy's words, as a line of a report; nothing where there are none. */
export function describeFlags(flags: ImportedFlags): string[] {
  const words = KUBE_PROXY_OPTIONS.flatMap((option) => {
    const value = Object.entries(flags).find(([key]) => key === option.key)?.[1];
    if (value === undefined) return [];
    if (!("isFlag" in option)) return [`--${option.name} ${value}`];
    return [`--${value === "true" ? "" : "no-"}${option.name}`];
  });
  return words.length === 0
    ? []
    : [`modelled as the rules show, unless other flags are given: ${words.join(" ")}`];
}
