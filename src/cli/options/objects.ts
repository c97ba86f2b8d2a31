/** A cluster as the objects that a proxy reads, from whatever names one on the command line. */

import type { Cluster } from "../../cluster/cluster.js";
import type { DualStack } from "../../cluster/family.js";
import { UsageError } from "../../errors.js";
import { importCluster } from "../../formats/detect.js";
import { type ApiObject, parseObjects } from "../../kubernetes/list-watch/parse.js";
import { noteImport, readInput } from "../input.js";
import { type ClusterChoice, chosenFamilies, refuseGenerating } from "./cluster.js";
import { nodeOptions } from "./node.js";

/**
 * Objects of Kubernetes in JSON as they are, or any other cluster.
 * @throws UsageError where no cluster, or more than one, is chosen, or it cannot be read.
 */
export function chosenSource(args: ClusterChoice): ObjectSource {
  if (args.cluster === undefined || args.services !== undefined) {
    return { cluster: chosenFamilies(args) };
  }
  refuseGenerating(args);
  const text = readInput(args.cluster);
  if (!isObjects(text)) {
    const imported = importCluster(text, nodeOptions(args));
    noteImport(imported);
    const { cluster, ipv6 } = imported;
    return { cluster: ipv6 ? { ipv4: cluster, ipv6 } : cluster };
  }
  if (args.family !== undefined)
    throw new UsageError(
      "--family is for clusters: objects of Kubernetes are given as they are, leave it out",
    );
  const objects = [...parseObjects(text)].map(({ object }) => object);
  if (objects.length === 0)
    throw new UsageError(`${args.cluster} holds no object: give what kubectl get -o json prints`);
  return { objects };
}

/** One of the two. */
export type ObjectSource =
  | { readonly cluster: Cluster | DualStack; readonly objects?: undefined }
  | { readonly objects: readonly ApiObject[]; readonly cluster?: undefined };

/** Whether a text is objects of Kubernetes in JSON, not a cluster file of lbscale. */
function isObjects(text: string): boolean {
  return /^\uFEFF?\s*\{(?!\s*"lbscale"\s*:)/.test(text) && /"apiVersion"\s*:/.test(text);
}
