/** The options that choose whose rules are modelled, shared by the commands that model rules. */

import type { Argv } from "yargs";
import type { Cluster } from "../../cluster/cluster.js";
import { withNodeFacts } from "../../cluster/node-facts.js";
import type { RawCidr } from "../../cluster/raw-addresses.js";
import { UsageError } from "../../errors.js";
import { importedOptions } from "../../planes/imported-options.js";
import { KUBE_PROXY_OPTIONS, NO_POD_RANGE } from "../../planes/kube-proxy-options.js";
import { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "../../planes/kube-proxy-versions.js";
import { acceptedValues, accepts, type PlaneSettings, planeOptionsFrom } from "../../planes/options.js";
import type { PlaneOptions } from "../../planes/plane.js";
import { parseNodeAddresses, parsePodRanges } from "./parse.js";
import { planeDeclaration } from "./plane-option.js";

/** How the kernel holds the rules of nftables mode depends on it, not what they say. */
const NFT = KUBE_PROXY_OPTIONS.find(({ key }) => key === "nftVersion")!;

/** What was given of `KUBE_PROXY_OPTIONS`, and of the node's facts. */
export interface KubeProxyChoice {
  "kube-proxy": KubeProxyVersion | undefined;
  nfacct: boolean | undefined;
  "masquerade-all": boolean | undefined;
  "nodeport-addresses": string | undefined;
  "iptables-localhost-nodeports": boolean | undefined;
  "pod-range": string | undefined;
  "node-address": string | undefined;
  "nft-version": string | undefined;
}

/** Adds the options to a command. */
export function withKubeProxy<T>(yargs: Argv<T>) {
  return withKubeProxySettings(yargs)
    .option("kube-proxy", {
      // Without a type yargs reads a number, and 1.35 is not one of the words.
      type: "string",
      choices: KUBE_PROXY_VERSIONS,
      requiresArg: true,
      describe: "Version of kube-proxy whose rules are modelled: the newest by default",
    })
    .option("node-address", {
      type: "string",
      requiresArg: true,
      describe: "The node's addresses with commas between, its InternalIP first: the cluster's by default",
    })
    .option(NFT.name, planeDeclaration(NFT)) as Argv<T & KubeProxyChoice>;
}

/** All of them but the versions: `verify` has its own of kube-proxy, and rules are the same with any nft. */
export function withKubeProxySettings<T>(yargs: Argv<T>) {
  for (const option of KUBE_PROXY_OPTIONS)
    if (option.key !== "kubeProxy" && option.key !== "podDetector" && option !== NFT)
      yargs.option(option.name, planeDeclaration(option));
  return yargs.option("pod-range", {
    type: "string",
    requiresArg: true,
    describe: `kube-proxy's --cluster-cidr, such as 10.244.0.0/16, or "${NO_POD_RANGE}"; the cluster's by default`,
  }) as Argv<T & Omit<KubeProxyChoice, "kube-proxy" | "node-address" | "nft-version">>;
}

/**
 * What was chosen, as planes take it.
 * @throws UsageError for a text that an option does not take.
 */
export function kubeProxyOptions(args: Partial<KubeProxyChoice>): PlaneOptions {
  const settings: Record<string, string> = {};
  for (const option of KUBE_PROXY_OPTIONS) {
    const given: unknown = Object.entries(args).find(([name]) => name === option.name)?.[1];
    if (given === undefined || (option.key === "podDetector" && podRangesOf(args).length > 0)) continue;
    const text = String(given);
    if (!accepts(option, text))
      throw new UsageError(`--${option.name} "${text}": give ${acceptedValues(option)}`);
    settings[option.key] = text;
  }
  return planeOptionsFrom(settings satisfies PlaneSettings);
}

/** Those, and where nothing was chosen the flags that the cluster's import read off its node's rules. */
export function kubeProxyOptionsFor(cluster: Cluster, args: Partial<KubeProxyChoice>): PlaneOptions {
  const { podDetector, ...found } = importedOptions(cluster);
  const isRangeGiven = podRangesOf(args).length > 0;
  return {
    ...found,
    ...(podDetector !== undefined && !isRangeGiven && { podDetector }),
    ...kubeProxyOptions(args),
  };
}

/**
 * The cluster on the node that was described: its pod range and addresses, where they were given.
 * @throws UsageError for any other text.
 */
export function onChosenNode(cluster: Cluster, args: Partial<KubeProxyChoice>): Cluster {
  const addresses = parseNodeAddresses(args["node-address"]);
  return withNodeFacts(cluster, { podRanges: podRangesOf(args), nodeAddresses: addresses });
}

/** The ranges of `--pod-range`, one of a family; none where it is not given, or "none". */
export function podRangesOf(args: Partial<KubeProxyChoice>): RawCidr[] {
  const text = args["pod-range"]?.trim();
  if (text === undefined || text === NO_POD_RANGE) return [];
  return parsePodRanges(text, `, or "${NO_POD_RANGE}"`);
}
