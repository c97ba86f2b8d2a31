/** The options that describe a synthetic cluster, shared by the commands that make one. */

import type { Argv } from "yargs";
import type { Cluster } from "../../cluster/cluster.js";
import type { EndpointDistribution } from "../../cluster/distribution.js";
import type { DualStack, Family } from "../../cluster/family.js";
import { type GenerateOptions, generateCluster, MIXED } from "../../cluster/generate.js";
import { UsageError } from "../../errors.js";
import { NO_POD_RANGE } from "../../planes/kube-proxy-options.js";
import { readFamilies } from "../input.js";
import {
  type FamilyOption,
  familyOption,
  type NodeArguments,
  nodeOptions,
  refuseNodeOptions,
  withNodeOptions,
} from "./node.js";
import { MAX_SERVICES, parseInteger, parseShare } from "./parse.js";

const SHAPES = ["clean", "mixed"] as const;
type Shape = (typeof SHAPES)[number];

/** Without defaults, so that what is given can be told from what is not. */
export interface ClusterArguments {
  seed: string | undefined;
  shape: Shape | undefined;
  endpoints: string | undefined;
  vips: string | undefined;
  types: string | undefined;
  empty: string | undefined;
  affinity: string | undefined;
  "internal-local": string | undefined;
  "external-local": string | undefined;
  "source-ranges": string | undefined;
  "local-share": string | undefined;
}

/** Adds the options to a command that makes clusters of this shape unless asked otherwise. */
export function withClusterOptions<T>(yargs: Argv<T>, shape: Shape) {
  const share = (describe: string) => ({ type: "string", requiresArg: true, describe }) as const;
  return yargs
    .option("seed", {
      type: "string",
      defaultDescription: "1",
      requiresArg: true,
      describe: "Random seed",
    })
    .option("shape", {
      choices: SHAPES,
      defaultDescription: shape,
      describe: "clean: one TCP port, 4 endpoints; mixed: as real clusters are",
    })
    .option("endpoints", {
      type: "string",
      requiresArg: true,
      describe: 'Endpoints per Service: a number, "perftests", or "lognormal"',
    })
    .option("vips", {
      choices: ["random", "sequential"] as const,
      defaultDescription: "random",
      describe: "How cluster IPs are drawn",
    })
    .option("types", { choices: ["clusterIp", "nodePort", "mixed"] as const, describe: "Service types" })
    .option("empty", share("Share of Services without endpoints"))
    .option("affinity", share("Share of Services with ClientIP affinity"))
    .option("internal-local", share("Share with internalTrafficPolicy Local"))
    .option("external-local", share("Share of exposed Services with externalTrafficPolicy Local"))
    .option("source-ranges", share("Share of load balancers with source ranges"))
    .option("local-share", share("Probability that an endpoint runs on this node"));
}

/** A cluster of a file, or one to generate. */
export interface ClusterChoice extends ClusterArguments, NodeArguments {
  cluster: string | undefined;
  services: string | undefined;
  /** What is drawn at random with a cluster file too, by the commands that do so. */
  churn?: string | undefined;
  changes?: string | undefined;
}

/** Adds a cluster file, or the options of a generated one, mixed unless asked otherwise. */
export function withClusterChoice<T>(yargs: Argv<T>) {
  return withClusterOptions(
    withNodeOptions(yargs)
      .positional("cluster", { type: "string", describe: "A cluster file, or - for standard input" })
      .option("services", {
        type: "string",
        requiresArg: true,
        describe: "Or: generate a mixed cluster of N Services",
      }),
    GENERATED_SHAPE,
  );
}

/** Of a cluster that is generated where a file could have been given. */
const GENERATED_SHAPE = "mixed";

/**
 * The cluster that was chosen, or both parts of a dual-stack one. Throws UsageError where that is not exactly
 * one, or none that can be read or made.
 */
export function chosenFamilies(args: ClusterChoice): Cluster | DualStack {
  if ((args.cluster === undefined) === (args.services === undefined)) {
    throw new UsageError("give either a cluster file or --services N");
  }
  if (args.cluster !== undefined) {
    refuseGenerating(args);
    // "none" is kube-proxy's: the commands that know one read it themselves.
    const hasNoRange = args["pod-range"]?.trim() === NO_POD_RANGE;
    const chosen = readFamilies(
      args.cluster,
      nodeOptions(hasNoRange ? { ...args, "pod-range": undefined } : args),
    );
    if (args.family === "dual" && !("ipv4" in chosen))
      throw new UsageError("--family dual: this cluster has one family only: leave it out");
    return chosen;
  }
  refuseNodeOptions({ node: args.node });
  const services = parseInteger(args.services!, "services", 1, MAX_SERVICES);
  return generatedFamilies(generateOptions(args, services, GENERATED_SHAPE), args.family);
}

/** For commands that look at one family at a time. */
export function refuseDual({ family }: { readonly family?: FamilyOption | undefined }): void {
  if (family === "dual")
    throw new UsageError("--family dual: this command looks at one family at a time: give 4 or 6");
}

/** A generated cluster, or the same Services in both families. */
export function generatedFamilies(
  options: GenerateOptions,
  family: FamilyOption | undefined,
): Cluster | DualStack {
  const ofFamily = (one: Family) => generateCluster(one === 4 ? options : { ...options, family: one });
  return family === "dual" ? { ipv4: ofFamily(4), ipv6: ofFamily(6) } : ofFamily(familyOption(family) ?? 4);
}

/** A cluster of a file has its own Services: what says how to generate some would be ignored. */
export function refuseGenerating(args: ClusterChoice): void {
  const isRandom = args.churn !== undefined || (args.changes !== undefined && args.changes !== "0");
  const names = [
    ...(isRandom ? [] : ["seed" as const]),
    "shape",
    "vips",
    "endpoints",
    "types",
    "empty",
    "affinity",
    "internal-local",
    "external-local",
    "source-ranges",
    "local-share",
  ] as const;
  const given = names.find((name) => args[name] !== undefined);
  if (given !== undefined)
    throw new UsageError(`--${given} is for generated clusters: leave it out with a cluster file`);
}

/** The generator's options for parsed arguments. Throws UsageError on what can't be used. */
export function generateOptions(
  args: ClusterArguments,
  services: number,
  usualShape: Shape,
): GenerateOptions {
  const shares = {
    emptyShare: optionalShare(args.empty, "empty"),
    affinityShare: optionalShare(args.affinity, "affinity"),
    internalLocalShare: optionalShare(args["internal-local"], "internal-local"),
    externalLocalShare: optionalShare(args["external-local"], "external-local"),
    sourceRangeShare: optionalShare(args["source-ranges"], "source-ranges"),
    localShare: optionalShare(args["local-share"], "local-share"),
  };
  return {
    services,
    seed: parseSeed(args.seed),
    ...((args.shape ?? usualShape) === "mixed" && MIXED),
    vips: args.vips === "sequential" ? "sequential" : "random",
    ...(args.types !== undefined && { types: args.types as NonNullable<GenerateOptions["types"]> }),
    ...(args.endpoints !== undefined && { endpoints: parseEndpoints(args.endpoints) }),
    ...(Object.fromEntries(
      Object.entries(shares).filter(([, share]) => share !== undefined),
    ) as Partial<GenerateOptions>),
  };
}

/** A seed: any whole number that a double holds exactly, and 1 where none is given. */
export function parseSeed(text = "1"): number {
  return parseInteger(text, "seed", 0, Number.MAX_SAFE_INTEGER);
}

function optionalShare(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : parseShare(text, option);
}

function parseEndpoints(text: string): EndpointDistribution {
  if (text === "perftests") return { kind: "perftests" };
  if (text === "lognormal") return { kind: "lognormal", median: 3, sigma: 1.2, max: 250 };
  if (/^\d+$/.test(text)) return { kind: "constant", count: parseInteger(text, "endpoints", 0, 100_000) };
  throw new UsageError(`--endpoints "${text}": give a number, "perftests" or "lognormal"`);
}
