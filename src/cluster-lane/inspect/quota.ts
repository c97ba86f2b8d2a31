/** What a run needs of a namespace's quotas. */

import type { Api } from "../api.js";
import { ClusterUnfitError } from "../errors.js";
import { listOf, quotaSchema } from "../kinds.js";
import { POD_CPU, POD_MEMORY } from "../pod-objects.js";

/** What decides how many objects there are at once. */
export interface ObjectNeeds {
  /** At once, those included that change. */
  readonly services: number;
  /** Number of N at which probes connect. */
  readonly probed: number;
  readonly targets: number;
  readonly watches: boolean;
  readonly families: number;
  /** Whether a pod on each of these nodes pulls the image first. */
  readonly pulls: boolean;
}

/** The most objects that a run has at once and what its pods request, keyed by resource names of quotas. */
export function objectCounts(
  { services, probed, targets, watches, families, pulls }: ObjectNeeds,
  probes: ReadonlyMap<string, number>,
) {
  const nodes = [...probes.values()].reduce((sum, count) => sum + count, 0);
  const configMaps = probes.size + probed;
  const jobs = probed + (watches ? 1 : 0) + (pulls ? 1 : 0);
  // `pods` counts those that have not ended. Pods that pull an image have, before others begin; `count/pods` counts them too.
  const pods = targets + nodes * ((watches ? 1 : 0) + (probed > 0 ? 1 : 0));
  const cpu = pods * numberOf(POD_CPU);
  const memory = pods * numberOf(POD_MEMORY);
  return {
    services,
    "count/services": services,
    "count/endpointslices.discovery.k8s.io": services * families,
    pods,
    "count/pods": targets + nodes * jobs,
    cpu,
    "requests.cpu": cpu,
    memory,
    "requests.memory": memory,
    "count/jobs.batch": probes.size * jobs,
    "count/deployments.apps": 1,
    "count/replicasets.apps": 1,
    configmaps: configMaps,
    "count/configmaps": configMaps,
  };
}

/** Suffixes of Kubernetes' `Quantity`. */
const SCALES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity, such as `500m` or `2Gi`, as a number; NaN for any other text. */
export function numberOf(quantity: string): number {
  const suffix = /[A-Za-z]{0,2}$/.exec(quantity)?.[0] ?? "";
  // `1e3` has an exponent, and no suffix.
  const scale = SCALES[suffix];
  return scale === undefined
    ? Number.NaN
    : Number(quantity.slice(0, quantity.length - suffix.length)) * scale;
}

/** Thousandths, the finest unit of a request, as integers: 0.93 + 0.07 is not 1 in floating point. */
const thousandthsOf = (quantity: number): number => Math.round(quantity * 1000);

/**
 * Requires that a namespace's quotas leave enough, as far as they may be read. Quotas with scopes count some pods only and are
 * left to the API server.
 *
 * @returns whether they may be read
 * @throws ClusterUnfitError that names the first that does not.
 */
export async function requireQuota(
  api: Api,
  { namespace, own }: { readonly namespace: string; readonly own: boolean },
  wanted: ReturnType<typeof objectCounts>,
): Promise<boolean> {
  const quotas = await api.tryGet(`/api/v1/namespaces/${namespace}/resourcequotas`, listOf(quotaSchema));
  for (const { metadata, spec, status } of quotas?.items ?? []) {
    if ((spec?.scopes ?? []).length > 0 || spec?.scopeSelector !== undefined) continue;
    for (const [key, count] of Object.entries(wanted)) {
      const hard = thousandthsOf(numberOf(status.hard?.[key] ?? "none"));
      const freeThousandths = hard - thousandthsOf(numberOf(status.used?.[key] ?? "0"));
      if (freeThousandths < thousandthsOf(count)) {
        const free = freeThousandths / 1000;
        throw new ClusterUnfitError(
          `${amountOf(key, count)} ${kindOf(key)} are needed, and the quota ${metadata.name} of namespace ${namespace} leaves ${amountOf(key, free)}: ${own ? "name a namespace with more" : "name another namespace, or none for one of the run's own"}, or make fewer Services`,
          ["namespace", "services"],
        );
      }
    }
  }
  return quotas !== null;
}

const kindOf = (key: string): string =>
  key
    .replace(/^(count|requests)[/.]/, "")
    .replace(/^cpu$/, "CPUs")
    .replace("memory", "of memory");

const amountOf = (key: string, value: number): string =>
  key.endsWith("memory") ? `${Math.floor(value / 2 ** 20)} MiB` : String(Number(value.toFixed(3)));
