/** What users know of the node whose tables or objects a command reads, and the input does not say. */

import type { Argv } from "yargs";
import type { Family } from "../../cluster/family.js";
import { UsageError } from "../../errors.js";
import type { ImportOptions } from "../../formats/detect.js";
import { parseNodeAddresses, parsePodRanges } from "./parse.js";

export interface NodeName {
  node: string | undefined;
  family: FamilyOption | undefined;
}

export const FAMILY_CHOICES = ["4", "6", "dual"] as const;
export type FamilyOption = (typeof FAMILY_CHOICES)[number];

export interface NodeArguments extends NodeName {
  "node-address": string | undefined;
  "pod-range": string | undefined;
}

const NAMES = ["node", "node-address", "pod-range", "family"] as const;

/** How `--family` is declared. Without a type yargs reads a number, and 4 is not one of the words. */
const FAMILY_DECLARATION = {
  type: "string",
  choices: FAMILY_CHOICES,
  requiresArg: true,
  describe: "IPv4, IPv6, or both where a command can: what the cluster has by default, 4 of a generated one",
} as const;

/** Adds the name of the node and the family, for commands whose kube-proxy gets the rest. */
export function withNodeName<T>(yargs: Argv<T>) {
  return withNode(yargs).option("family", FAMILY_DECLARATION);
}

function withNode<T>(yargs: Argv<T>) {
  return yargs.option("node", {
    type: "string",
    requiresArg: true,
    describe:
      "Of Kubernetes objects: the node whose endpoints are local; by default the first that one names",
  });
}

/** Adds all to a command that reads a cluster. */
export function withNodeOptions<T>(yargs: Argv<T>) {
  return withNodeFacts(yargs).option("family", FAMILY_DECLARATION);
}

/** The same without the family, for a command that has it among its own. */
export function withNodeFacts<T>(yargs: Argv<T>) {
  return withNode(yargs)
    .option("node-address", {
      type: "string",
      requiresArg: true,
      describe: "The node's addresses, its InternalIP first, with commas between: NodePorts are served there",
    })
    .option("pod-range", {
      type: "string",
      requiresArg: true,
      describe:
        "kube-proxy's --cluster-cidr, such as 10.244.0.0/16, a range of each family; by default what the input shows, else inferred",
    });
}

/** The options for the importer. Throws UsageError on what can't be read. */
export function nodeOptions(args: Partial<NodeArguments>): ImportOptions {
  return {
    nodeAddresses: parseNodeAddresses(args["node-address"]),
    node: args.node,
    family: familyOption(args.family),
    podRange: parsePodRanges(args["pod-range"]),
  };
}

/** For commands that read no cluster this time. Throws UsageError that names the first option which was given. */
export function refuseNodeOptions(args: Partial<NodeArguments>): void {
  const given = NAMES.find((name) => args[name] !== undefined);
  if (given !== undefined)
    throw new UsageError(`--${given} is for a cluster that is imported: give its file, or leave it out`);
}

/** The one family that was asked for; undefined: whatever there is. */
export function familyOption(choice: FamilyOption | undefined): Family | undefined {
  return choice === undefined || choice === "dual" ? undefined : choice === "4" ? 4 : 6;
}
