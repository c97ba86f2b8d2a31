/**
 * Whether the cluster admits a run's objects, asked by creating them with `dryRun=All`: that takes the rights of creating them,
 * runs admission and stores nothing. Quotas, limits, PodSecurity and other policies so refuse a run before its first object. In
 * a namespace of the run's own they do after its creation, as its policies are not known before.
 */

import { type Api, ApiError } from "../api.js";
import { ClusterUnfitError } from "../errors.js";
import {
  namespaceManifest,
  programManifest,
  type RunSetting,
  serviceManifest,
  sliceManifests,
  type Target,
} from "../objects.js";
import { type ClusterJob, connects, servicesAtOnce, settingOf, targetsOf, watches } from "../plan.js";
import { probeManifest, targetPodManifest, targetsManifest, watcherManifest } from "../pod-objects.js";
import type { ClusterState } from "./preflight.js";
import { objectCounts, requireQuota } from "./quota.js";
import { admissionRemedy, isOfAdmission, isOfPolicy, lacksRight } from "./refusals.js";

type Found = Pick<ClusterState, "image" | "families" | "probes" | "pulls">;

const NAMESPACES = "/api/v1/namespaces";
const POLL_MS = 500;
/** A namespace's ServiceAccount comes a little after it, and pods are refused until then. */
const ACCOUNT_PATIENCE_MS = 10_000;
const NO_ACCOUNT = /error looking up service account/;
/** A webhook with side effects is not called in a dry run: it decides when the object is created. */
const NOT_REHEARSED = /does not support dry run/;

/** Asks a cluster about a run's objects; see `rehearseRun`. */
export type Rehearsal = (api: Api, job: ClusterJob, found: Found) => Promise<readonly string[]>;

/**
 * Before the first object.
 *
 * @returns notes for a person: what the API server warns of, and what could not be asked
 * @throws ClusterUnfitError for the first thing that the cluster refuses.
 */
export const rehearseRun: Rehearsal = async (api, job, found) => {
  const setting = settingOf(job, found);
  if (!setting.own) return rehearseObjects(api, job, found);
  return rehearseNamespace(api, setting);
};

/** How long a quota may still count what was removed: its controller counts again after each event. */
const RECOUNT_PATIENCE_MS = 30_000;

/** As `rehearseRun`, just after the leftovers of the run were removed: a quota that they filled is read again. */
export const rehearseAfterRemoval: Rehearsal = async (api, job, found) => {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    try {
      return await rehearseRun(api, job, found);
    } catch (error) {
      const mayPass = error instanceof ClusterUnfitError && /\bquota\b/.test(error.message);
      if (!mayPass || waitedMs >= RECOUNT_PATIENCE_MS) throw error;
      await api.pause(POLL_MS);
    }
  }
};

/**
 * That the cluster takes a namespace with the labels of a run's.
 *
 * @param once whether a server that is busy or fails is not asked again
 */
export async function rehearseNamespace(
  api: Api,
  setting: Pick<RunSetting, "namespace" | "runId">,
  { once }: { readonly once: boolean } = { once: false },
): Promise<readonly string[]> {
  const manifest = namespaceManifest(setting);
  try {
    const warnings = once ? api.rehearseOnce(NAMESPACES, manifest) : api.rehearse(NAMESPACES, manifest);
    return (await warnings).map(noteOfWarning);
  } catch (error) {
    // One of that name exists. The run's own name is unique, or its creation reports the conflict.
    if (error instanceof ApiError && error.status === 409) return [];
    throwIfRefused(error, "namespace", true);
    return [];
  }
}

/** That a namespace, which is there, takes one object of each kind, and its quotas all of them. */
export const rehearseObjects: Rehearsal = async (api, job, found) => {
  const setting = settingOf(job, found);
  const { families, pulls, probes } = found;
  const counts = {
    services: servicesAtOnce(job),
    probed: connects(job) ? job.services.length : 0,
    targets: targetsOf(job),
    watches: watches(job),
    families: families.length,
    pulls,
  };
  const notes: string[] = [];
  if (!(await requireQuota(api, setting, objectCounts(counts, probes)))) {
    notes.push(
      `the quotas of namespace ${setting.namespace} may not be read: where one is used up, the API server refuses objects`,
    );
  }
  for (const { path, object, isMade } of trialsOf(job, setting, found)) {
    try {
      notes.push(...(await rehearsePatiently(api, path, object)).map(noteOfWarning));
    } catch (error) {
      // Controllers create the pods, so a user needs no right to: their status then reports what is refused.
      if (!isMade && lacksRight(error)) continue;
      // A policy may take from a controller what it does not take from a user.
      if (!isMade && error instanceof ApiError && isOfPolicy(error)) {
        notes.push(
          `a trial Pod is refused (${error.message}): pods of the Deployment may be admitted, and the run reports it if not`,
        );
        continue;
      }
      if (error instanceof ApiError && error.status === 409) {
        throw new ClusterUnfitError(
          `namespace ${setting.namespace} has a ${object.kind} ${object.metadata.name ?? ""} already: remove what a killed run left (lbscale clean --namespace ${setting.namespace}), or choose another namespace`,
          ["namespace"],
        );
      }
      throwIfRefused(error, object.kind, setting.own);
    }
  }
  return [...new Set(notes)];
};

const noteOfWarning = (words: string): string => `the API server warns: ${words}`;

interface Trial {
  readonly path: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: { readonly name?: string; readonly generateName?: string };
  };
  /** Whether the run itself makes such an object. */
  readonly isMade: boolean;
}

/** One object of each kind under the first name that the run uses, to find conflicts with other objects too. */
function trialsOf(job: ClusterJob, setting: RunSetting, { probes }: Found): Trial[] {
  const [architecture = "amd64"] = probes.keys();
  const pods = { architecture, nodes: probes.get(architecture) ?? 1, deadlineSeconds: 60 };
  const [services = 1] = job.services;
  // Addresses for documentation (RFC 5737, RFC 3849), as targets have none yet.
  const targets: Target[] = Array.from({ length: setting.targets }, (_, i) => ({
    addresses: setting.families.map((family) => `${family === 6 ? "2001:db8::" : "192.0.2."}${1 + i}`),
    node: "",
  }));
  const worker = connects(job)
    ? probeManifest(setting, { ...pods, services })
    : watcherManifest(setting, pods);
  const trial = (prefix: string, plural: string, object: Trial["object"], isMade = true): Trial => ({
    path: `/${prefix}/namespaces/${setting.namespace}/${plural}`,
    object,
    isMade,
  });
  return [
    trial("api/v1", "configmaps", programManifest(setting, architecture, Buffer.alloc(0))),
    trial("apis/apps/v1", "deployments", targetsManifest(setting, architecture)),
    trial("apis/batch/v1", "jobs", worker),
    trial("api/v1", "services", serviceManifest(setting, 0)),
    ...sliceManifests(setting, 0, targets).map((slice) =>
      trial("apis/discovery.k8s.io/v1", "endpointslices", slice),
    ),
    trial("api/v1", "pods", targetPodManifest(setting, architecture), false),
  ];
}

async function rehearsePatiently(api: Api, path: string, object: object): Promise<readonly string[]> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    try {
      return await api.rehearse(path, object);
    } catch (error) {
      const isEarly = error instanceof ApiError && NO_ACCOUNT.test(error.message);
      if (!isEarly || waitedMs >= ACCOUNT_PATIENCE_MS) throw error;
      await api.pause(POLL_MS);
    }
  }
}

/** Rethrows: a refusal of admission with a remedy, other errors as they are. Returns where a webhook takes no dry run. */
function throwIfRefused(error: unknown, kind: string, own: boolean): void {
  if (!(error instanceof ApiError) || !isOfAdmission(error)) throw error;
  if (NOT_REHEARSED.test(error.message)) return;
  throw new ClusterUnfitError(
    `the cluster does not take a ${kind} of this run (${error.message}): ${admissionRemedy(own)}`,
    ["namespace"],
  );
}
