/** Takes away what a run made, and what killed runs left. */

import { z } from "zod";
import type { Api } from "./api.js";
import { ClusterFailedError } from "./errors.js";
import { describeApiError } from "./inspect/refusals.js";
import { anyObject, listOf, metadata } from "./kinds.js";
import { labelsOf, MANAGED_SELECTOR, type RunSetting } from "./objects.js";

/** The control plane deletes 5,000 Services in 77 s. */
const PATIENCE_MS = 600_000;
const POLL_MS = 500;

const named = listOf(z.object({ metadata }));

/** Kinds that a run makes, and pods, which go with their owners. */
const COLLECTIONS = [
  { api: "apis/batch/v1", kind: "jobs" },
  { api: "apis/apps/v1", kind: "deployments" },
  { api: "apis/discovery.k8s.io/v1", kind: "endpointslices" },
  { api: "api/v1", kind: "services" },
  { api: "api/v1", kind: "configmaps" },
] as const;

/** Removes one run, and waits until it is gone. */
export async function removeRun(
  api: Api,
  { own, namespace, runId }: Pick<RunSetting, "own" | "namespace" | "runId">,
): Promise<void> {
  const selector = Object.entries(labelsOf(runId)).map(([key, value]) => `${key}=${value}`);
  try {
    await (own ? removeNamespace(api, namespace) : removeFrom(api, namespace, selector.join(",")));
  } catch (error) {
    const { message } = describeApiError(error) as Error;
    const command = own ? "lbscale clean" : `lbscale clean --namespace ${namespace}`;
    throw new ClusterFailedError(
      `namespace ${namespace} still holds what was made, because ${message}; ${command} removes it`,
    );
  }
}

/**
 * Removes what any run left: namespaces of runs, or with `namespace` our objects in that one.
 *
 * @returns what was removed, by name
 */
export async function removeLeftovers(api: Api, namespace: string | undefined): Promise<string[]> {
  if (namespace !== undefined) {
    const count = await removeFrom(api, namespace, MANAGED_SELECTOR);
    return count === 0 ? [] : [`${count} objects in namespace ${namespace}`];
  }
  const names = await leftNamespaces(api);
  await Promise.all(names.map((name) => removeNamespace(api, name)));
  return names.map((name) => `namespace ${name}`);
}

/** Namespaces of runs: of killed ones, or of such as go on now. */
export async function leftNamespaces(api: Api): Promise<string[]> {
  const { items } = await api.get(
    `/api/v1/namespaces?labelSelector=${encodeURIComponent(MANAGED_SELECTOR)}`,
    named,
  );
  return items.map((item) => item.metadata.name);
}

async function removeNamespace(api: Api, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  await api.remove(path);
  await waitUntil(api, `namespace ${name}`, async () => (await api.tryGet(path, anyObject)) === null);
}

/** Removes objects by label; returns how many there were. */
async function removeFrom(api: Api, namespace: string, selector: string): Promise<number> {
  const pathOf = (prefix: string, kind: string) =>
    `/${prefix}/namespaces/${namespace}/${kind}?labelSelector=${encodeURIComponent(selector)}`;
  let count = 0;
  for (const { api: prefix, kind } of COLLECTIONS) {
    const { items } = await api.get(pathOf(prefix, kind), named);
    count += items.length;
    if (items.length > 0) await api.remove(pathOf(prefix, kind));
  }
  const left = [...COLLECTIONS, { api: "api/v1", kind: "pods" }];
  await waitUntil(api, `lbscale's objects in namespace ${namespace}`, async () => {
    for (const { api: prefix, kind } of left) {
      if ((await api.get(pathOf(prefix, kind), named)).items.length > 0) return false;
    }
    return true;
  });
  return count;
}

async function waitUntil(api: Api, what: string, isGone: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    if (await isGone()) return;
    await api.pause(POLL_MS);
  }
  throw new ClusterFailedError(
    `${what} is still being deleted after ${PATIENCE_MS / 60_000} min: see kubectl describe`,
  );
}
