/** `verify --kube-proxy`: against what a real kube-proxy writes. */

import { findKubeProxy, KUBE_PROXY_BUILDS, minorOf } from "../../kernel/kube-proxy/binaries.js";
import type { KubeProxyMode } from "../../kernel/kube-proxy/protocol.js";
import { verifyKubeProxy } from "../../kernel/kube-proxy/verify.js";
import { clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import { SERVICE } from "../../kubernetes/list-watch/resources.js";
import { type ClusterChoice, parseSeed } from "../options/cluster.js";
import { chosenSource } from "../options/objects.js";
import { parseInteger } from "../options/parse.js";
import { printSteps } from "./verify-steps.js";

/** What every real program is told. */
export interface JudgeArguments extends ClusterChoice {
  changes: string;
  node: string | undefined;
  "pod-range": string | undefined;
  timeout: string;
  json: boolean;
}

export interface KubeProxyArguments extends JudgeArguments {
  "kube-proxy": string;
  mode: KubeProxyMode;
}

const MAX_CHANGES = 100_000;
const MAX_TIMEOUT_SECONDS = 86_400;

/** Throws CheckFailedError where kube-proxy's rules or writes are not those that lbscale models. */
export async function verifyAgainstKubeProxy(args: KubeProxyArguments): Promise<void> {
  const { mode } = args;
  const common = judgeOptions(args);
  const binary = findKubeProxy(args["kube-proxy"]);
  const version = await minorOf(binary);
  const name = KUBE_PROXY_BUILDS.find(({ minor }) => minor === args["kube-proxy"])?.patch ?? version;
  const source = judgedObjects(args);
  await printSteps({
    program: "kube-proxy",
    title: `kube-proxy ${name} ${mode}`,
    what: "rules",
    unit: "lines of rules",
    counted: "syncs wrote",
    services: source.services,
    changes: common.changes,
    json: args.json ? { kubeProxy: name, mode, seed: common.seed } : undefined,
    compare: (signal) => verifyKubeProxy({ ...common, ...source, binary, version, mode, signal }),
  });
}

/** The options that all real programs share, checked. */
export function judgeOptions(args: JudgeArguments) {
  return {
    changes: parseInteger(args.changes, "changes", 0, MAX_CHANGES),
    seed: parseSeed(args.seed),
    timeoutMs: 1000 * parseInteger(args.timeout, "timeout", 1, MAX_TIMEOUT_SECONDS),
    node: args.node,
    podRange: args["pod-range"],
  };
}

/** What the program is given to read, the same as a cluster where it is one, and how many Services that are. */
export function judgedObjects(args: JudgeArguments) {
  const { objects: given, cluster } = chosenSource(args);
  const objects = given ?? [...clusterObjects(cluster)];
  return { objects, cluster, services: objects.filter(({ kind }) => kind === SERVICE.kind).length };
}
