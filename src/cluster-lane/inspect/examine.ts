/** What a cluster can measure, and what keeps it from measuring the rest: for `doctor`. */

import { FAMILY_NAMES, type Family } from "../../cluster/family.js";
import { formatCount } from "../../text.js";
import { type Api, ApiError } from "../api.js";
import { leftNamespaces } from "../clean.js";
import { ClusterUnfitError } from "../errors.js";
import { type ClusterNode, clusterNodeSchema, listOf } from "../kinds.js";
import { rehearseNamespace } from "./admission.js";
import { type DetectedPlane, detectPlane, readEvidence } from "./detect.js";
import { eligibleNodes, pauseImageOf } from "./nodes.js";
import { leastOf, readAddresses, requireServer } from "./preflight.js";
import { lackingRights } from "./rights.js";

/** Something that a run does, and what it lacks for it; null: nothing. */
export interface ClusterCapability {
  readonly name: string;
  readonly lacks: string | null;
  /** Whether it is this user's rights that it lacks. */
  readonly isForbidden: boolean;
}

export interface ClusterExamination {
  readonly version: string;
  readonly plane: DetectedPlane | null;
  /** Nodes that take pods, of all; null: they may not be listed. */
  readonly nodes: {
    readonly usable: number;
    readonly all: number;
    readonly kernels: readonly string[];
  } | null;
  readonly services: number | null;
  /** Families that Services have, first the one of a Service that asks for none; null: Services may not be listed. */
  readonly families: readonly Family[] | null;
  readonly freeAddresses: number | null;
  readonly capabilities: readonly ClusterCapability[];
  /** Namespaces of runs that were killed, or go on now; null: they may not be listed. */
  readonly leftovers: readonly string[] | null;
}

/** Reads only. What this user may not read is null. */
export async function examineCluster(api: Api): Promise<ClusterExamination> {
  const version = await requireServer(api);
  const listed = await orNull(() => api.get("/api/v1/nodes", listOf(clusterNodeSchema)));
  const all: readonly ClusterNode[] | null = listed?.items ?? null;
  const usable = all && eligibleNodes(all, {});
  const addresses = await orNull(() => readAddresses(api));
  const lacking = await lackingRights(api, "lbscale", { own: true, watches: false });
  const lackingForChanges = await lackingRights(api, "lbscale", { own: true, watches: true });
  const noNode = usable?.length === 0 ? "no node takes pods that tolerate no taint" : null;
  const withRights = (name: string, missing: readonly string[]): ClusterCapability =>
    missing.length > 0
      ? { name, lacks: `may not ${missing.join(", ")}`, isForbidden: true }
      : { name, lacks: noNode, isForbidden: false };
  return {
    version,
    plane: usable && detectPlane(await readEvidence(api, usable)),
    nodes: all &&
      usable && {
        usable: usable.length,
        all: all.length,
        kernels: [...new Set(usable.map(({ status }) => status.nodeInfo.kernelVersion))],
      },
    services: addresses?.services ?? null,
    families: addresses?.offered ?? null,
    freeAddresses: addresses === null ? null : leastOf(addresses.offered.map(addresses.freeOf)),
    capabilities: [
      withRights("connect and established, TCP and UDP", lacking),
      withRights("programming and sync", lackingForChanges),
      // Without the right to create one, the lines above report that already.
      ...(lacking.length > 0
        ? []
        : [{ name: "a namespace of the run's own", lacks: await namespaceLack(api), isForbidden: false }]),
      {
        name: "pods in an image that nodes have",
        lacks: usable && imageLack(usable),
        isForbidden: false,
      },
    ],
    leftovers: await orNull(() => leftNamespaces(api)),
  };
}

/** Null where this user may not. */
async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return null;
    throw error;
  }
}

/** Why admission refuses a run's namespace, or can't be asked, as where a webhook is down; null: it does not. */
async function namespaceLack(api: Api): Promise<string | null> {
  try {
    await rehearseNamespace(api, { namespace: "lbscale-doctor", runId: "doctor" }, { once: true });
    return null;
  } catch (error) {
    if (error instanceof ClusterUnfitError || error instanceof ApiError) return error.message;
    throw error;
  }
}

function imageLack(nodes: readonly ClusterNode[]): string | null {
  try {
    pauseImageOf(nodes);
    return null;
  } catch (error) {
    if (error instanceof ClusterUnfitError) return error.message;
    throw error;
  }
}

/** Lines for a person. */
export function describeExamination(found: ClusterExamination): string[] {
  const { version, plane, nodes, services, families, freeAddresses, capabilities, leftovers } = found;
  const count = (value: number | null) => (value === null ? "unknown" : formatCount(value));
  return [
    `Kubernetes ${version}, ${nodes === null ? "nodes may not be listed" : `${nodes.usable} of ${nodes.all} nodes usable, kernel ${nodes.kernels.join(", ") || "unknown"}`}`,
    plane === null
      ? "data plane: unknown"
      : `data plane: ${plane.id}${plane.version === null ? "" : ` ${plane.version}`} (${plane.source})`,
    `Services: ${count(services)}${families === null ? "" : `, of ${families.map((family) => FAMILY_NAMES[family]).join(" and ") || "an unknown family"}`}; free addresses: ${count(freeAddresses)}, and as many more Services at most`,
    ...capabilities.map(({ name, lacks }) => (lacks === null ? `+ ${name}` : `- ${name}: ${lacks}`)),
    ...(capabilities.some(({ isForbidden }) => isForbidden)
      ? ["lbscale run --lane cluster --dry-run prints the rights as manifests"]
      : []),
    ...(leftovers ?? []).map((name) => `left by a run that was killed, or goes on now: namespace ${name}`),
    ...((leftovers ?? []).length > 0 ? ["lbscale clean removes it"] : []),
  ];
}
