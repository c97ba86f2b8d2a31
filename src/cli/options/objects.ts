/** A cluster as the objects that a proxy reads, from whatever names one on the command line. */

import { parseCluster } from "../../cluster/json.js";
import { UsageError } from "../../errors.js";
import { importCluster } from "../../formats/detect.js";
import { clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import { type ApiObject, parseObjects } from "../../kubernetes/list-watch/parse.js";
import { readInput } from "../input.js";
import { type ClusterChoice, chosenCluster } from "./cluster.js";

/**
 * Objects of Kubernetes in JSON as they are; any other cluster as the API would hold it.
 * @param endpointsPerSlice For clusters that are not objects yet; undefined: as the controller splits them.
 * @throws UsageError where no cluster, or more than one, is chosen, or it cannot be read.
 */
export function chosenObjects(args: ClusterChoice, endpointsPerSlice?: number): Iterable<ApiObject> {
  if (args.cluster === undefined || args.services !== undefined)
    return clusterObjects(chosenCluster(args), endpointsPerSlice);
  const text = readInput(args.cluster);
  if (isClusterFile(text)) return clusterObjects(parseCluster(text), endpointsPerSlice);
  if (!isObjects(text)) return clusterObjects(importCluster(text).cluster, endpointsPerSlice);
  const objects = [...parseObjects(text)].map(({ object }) => object);
  if (objects.length === 0)
    throw new UsageError(`${args.cluster} holds no object: give what kubectl get -o json prints`);
  return objects;
}

/** Whether a text is a cluster file of lbscale. */
export function isClusterFile(text: string): boolean {
  return /^\uFEFF?\s*\{\s*"lbscale"\s*:/.test(text);
}

/** Whether a text is objects of Kubernetes in JSON. */
export function isObjects(text: string): boolean {
  return /^\uFEFF?\s*\{/.test(text) && /"apiVersion"\s*:/.test(text) && /"kind"\s*:/.test(text);
}
