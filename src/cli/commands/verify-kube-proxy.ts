/** `verify --kube-proxy`: against what a real kube-proxy writes. */

import type { Cluster } from "../../cluster/cluster.js";
import type { DualStack } from "../../cluster/family.js";
import { InputError, UsageError } from "../../errors.js";
import { findKubeProxy, KUBE_PROXY_BUILDS, minorOf } from "../../kernel/kube-proxy/binaries.js";
import { takenFromText } from "../../kernel/kube-proxy/handover.js";
import type { KubeProxyMode } from "../../kernel/kube-proxy/protocol.js";
import { withoutRepeatedEndpoints } from "../../kernel/kube-proxy/repeated-endpoints.js";
import { SYNC_MS, timeoutFor, verifyKubeProxy } from "../../kernel/kube-proxy/verify.js";
import { importKubernetes } from "../../kubernetes/import.js";
import { clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { SERVICE, SERVICE_CIDR } from "../../kubernetes/list-watch/resources.js";
import { serviceCidrObjects } from "../../kubernetes/network/service-cidrs.js";
import { type ClusterChoice, parseSeed } from "../options/cluster.js";
import { type KubeProxyChoice, kubeProxyOptions, podRangesOf } from "../options/kube-proxy.js";
import { chosenSource } from "../options/objects.js";
import { parseInteger } from "../options/parse.js";
import { note } from "../output.js";
import { printSteps } from "./verify-steps.js";

/** What every real program gets. */
export interface RealProgramArguments extends ClusterChoice {
  "pod-range": string | undefined;
  changes: string;
  node: string | undefined;
  timeout: string | undefined;
  json: boolean;
}

export interface KubeProxyArguments
  extends RealProgramArguments,
    Omit<KubeProxyChoice, "kube-proxy" | "node-address" | "pod-range" | "nft-version"> {
  "kube-proxy": string;
  mode: KubeProxyMode;
}

const MAX_CHANGES = 100_000;
const MAX_TIMEOUT_SECONDS = 86_400;

/** Whether its kernel has nfacct a kube-proxy finds out by itself. */
function refuseNfacct(nfacct: boolean | undefined): void {
  if (nfacct !== undefined)
    throw new UsageError(
      "--nfacct: with --kube-proxy this kernel decides, and what it has is compared: leave it out",
    );
}

const REPEATED =
  "slices of a Service disagree on an endpoint, and which of them counts is up to the order of a map in kube-proxy";

/** Throws CheckFailedError where kube-proxy's rules or writes are not those that lbscale models. */
export async function verifyAgainstKubeProxy(args: KubeProxyArguments): Promise<void> {
  const { mode } = args;
  refuseNfacct(args.nfacct);
  const source = comparedObjects(args);
  const { objects, leftOut } = withoutRepeatedEndpoints(source.objects);
  const services = countServices(objects);
  if (leftOut.length > 0) note(`left out: ${REPEATED}: ${leftOut.join(", ")}`);
  if (services === 0 && source.services > 0)
    throw new UsageError("nothing to compare: every Service is left out; give objects of another moment");
  const common = realProgramOptions(args, timeoutFor(mode, services));
  const settings = kubeProxyOptions({ ...args, "kube-proxy": undefined });
  const binary = findKubeProxy(args["kube-proxy"]);
  const version = await minorOf(binary);
  const name = KUBE_PROXY_BUILDS.find(({ minor }) => minor === args["kube-proxy"])?.patch ?? version;
  await printSteps({
    program: "kube-proxy",
    title: `kube-proxy ${name} ${mode}`,
    what: "rules",
    unit: "lines of rules",
    counted: "syncs wrote",
    services,
    changes: common.changes,
    footnote: takenFromText(mode),
    json: args.json ? { kubeProxy: name, mode, seed: common.seed } : undefined,
    compare: (signal, onWait) =>
      verifyKubeProxy({ ...common, ...source, objects, settings, binary, version, mode, signal, onWait }),
  });
}

/** The options that all real programs share, checked. */
export function realProgramOptions(args: RealProgramArguments, syncMs = SYNC_MS) {
  return {
    changes: parseInteger(args.changes, "changes", 0, MAX_CHANGES),
    seed: parseSeed(args.seed),
    timeoutMs:
      args.timeout === undefined
        ? syncMs
        : 1000 * parseInteger(args.timeout, "timeout", 1, MAX_TIMEOUT_SECONDS),
    node: args.node,
    podRange: podRangesOf({ "pod-range": args["pod-range"] }).length === 0 ? undefined : args["pod-range"],
  };
}

/** What the program is given to read, the same as a cluster where it is one, and how many Services that are. */
export function comparedObjects(args: RealProgramArguments) {
  const { objects: given, cluster } = chosenSource(args);
  return withServiceCount(given && withServiceRange(given, args.node), cluster);
}

/**
 * Objects with the ServiceCIDR that every API server has since 1.33, and that `kubectl get services` does not print: without
 * one the program would lack rules that the models have.
 */
export function withServiceRange(
  objects: readonly ApiObject[],
  node: string | undefined,
): readonly ApiObject[] {
  if (objects.some(({ kind }) => kind === SERVICE_CIDR.kind)) return objects;
  try {
    const { cluster, ipv6 } = importKubernetes(JSON.stringify(objects), { node });
    const added = serviceCidrObjects([cluster, ...(ipv6 ? [ipv6.cluster] : [])]);
    const ranges = added.flatMap(({ spec }) => spec.cidrs).join(", ");
    note(
      `assumed, because the objects hold no ServiceCIDR: service range ${ranges}, which the program is given`,
    );
    return [...added, ...objects];
  } catch (error) {
    // What can't be imported is refused where it is compared.
    if (error instanceof InputError) return objects;
    throw error;
  }
}

function withServiceCount<One extends Cluster | DualStack>(
  given: readonly ApiObject[] | undefined,
  cluster: One | undefined,
) {
  const objects = given ?? [...clusterObjects(cluster!)];
  return { objects, cluster, services: countServices(objects) };
}

function countServices(objects: readonly ApiObject[]): number {
  return objects.filter(({ kind }) => kind === SERVICE.kind).length;
}
