/** Waiting for pods, and why they don't start. */

import { FAMILY_NAMES, type Family } from "../cluster/family.js";
import { plainText } from "../text.js";
import type { Api } from "./api.js";
import { ClusterFailedError, ClusterUnfitError } from "./errors.js";
import { admissionRemedy } from "./inspect/refusals.js";
import { type ClusterPod, deploymentSchema, listOf, podSchema } from "./kinds.js";
import type { RunSetting, Target } from "./objects.js";
import { TARGETS } from "./pod-objects.js";

const POLL_MS = 500;
/** While probes measure: a node may run the API server as well, and answering costs it CPU. */
const MEASURING_POLL_MS = 5000;
/** Polls of probes in the time that they measure, at least. */
const MEASURING_POLLS = 10;
/** Two layers of a small image come within seconds of a pod's network; a registry that never answers is not waited for. */
const PULL_PATIENCE_MS = 60_000;
const START_PATIENCE_MS = 180_000;
/** A refusal may pass: a namespace's ServiceAccount comes a little after it, and a registry is asked more than once. */
const REFUSAL_PATIENCE_MS = 10_000;
/** What the kubelet says of an image that it does not get (pkg/kubelet/images/types.go of Kubernetes 1.36). */
const NO_IMAGE = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"];

/**
 * Polls the pods of a role until `choose` is content with them.
 *
 * @throws ClusterUnfitError where the cluster refuses the pods or their image, ClusterFailedError where they take too long.
 */
export async function waitForPods(
  api: Api,
  setting: RunSetting,
  role: string,
  choose: (pods: readonly ClusterPod[]) => readonly ClusterPod[] | null,
  {
    patienceMs = START_PATIENCE_MS,
    pullPatienceMs = patienceMs,
    pollMs = POLL_MS,
  }: { readonly patienceMs?: number; readonly pullPatienceMs?: number; readonly pollMs?: number } = {},
): Promise<readonly ClusterPod[]> {
  let pullingMs = 0;
  const selector = encodeURIComponent(`lbscale/run=${setting.runId},lbscale/role=${role}`);
  const path = `/api/v1/namespaces/${setting.namespace}/pods?labelSelector=${selector}`;
  let pods: ClusterPod[] = [];
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    pods = (await api.get(path, listOf(podSchema))).items;
    const chosen = choose(pods);
    if (chosen !== null) return chosen;
    if (waitedMs > REFUSAL_PATIENCE_MS) await requireAccepted(api, setting, pods);
    pullingMs = pods.some(isPulling) ? pullingMs + pollMs : 0;
    if (pullingMs > pullPatienceMs) {
      throw new ClusterUnfitError(
        `the nodes have not pulled image ${setting.image} within ${pullPatienceMs / 1000} s: name one that they have, or can pull`,
        ["image"],
      );
    }
    // A pod that can't start yet may start later, but none starts within minutes that could not after one.
    if (waitedMs > START_PATIENCE_MS / 2 && pods.every(({ status }) => status.phase === "Pending")) break;
    await api.pause(pollMs);
  }
  throw new ClusterFailedError(`the pods of ${role} do not start or end in time: ${whyNot(pods)}`);
}

/** Whether a pod has an address and its condition `Ready` is true. */
export function isReady({ status }: ClusterPod): boolean {
  return (
    status.podIP !== undefined &&
    (status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True")
  );
}

/**
 * A target pod by its address of each family.
 *
 * @throws ClusterUnfitError where it has none of one: Services may have families that the pods' network has not.
 */
export function targetOf({ status, spec }: ClusterPod, families: readonly Family[]): Target {
  const all = status.podIPs?.map(({ ip }) => ip) ?? [status.podIP ?? ""];
  const addresses = families.map((family) => {
    const found = all.find((address) => address.includes(":") === (family === 6));
    if (found !== undefined) return found;
    throw new ClusterUnfitError(
      `pods of this cluster have no address of ${FAMILY_NAMES[family]}: choose another family`,
      ["family"],
    );
  });
  return { addresses, node: spec.nodeName ?? "" };
}

/** Pods of a role, one on each of so many nodes. */
interface PodsOfNodes {
  readonly role: string;
  readonly nodes: number;
}

const hasEnded = ({ status }: ClusterPod): boolean =>
  status.phase === "Succeeded" || status.phase === "Failed";

/** Pods of which `isThere` is true, once there is one of each node. */
const onEveryNode =
  (nodes: number, isThere: (pod: ClusterPod) => boolean) =>
  (pods: readonly ClusterPod[]): readonly ClusterPod[] | null => {
    const chosen = pods.filter(isThere);
    return chosen.length >= nodes ? chosen : null;
  };

/**
 * Waits for pods that measure, and returns them when all have ended, or those that have ended when one has failed: a Job ends
 * its other pods then.
 *
 * @param measuringMs how long they measure: the longer, the less often the API server is asked
 * @throws as `waitForPods`
 */
export async function waitForProbes(
  api: Api,
  setting: RunSetting,
  { role, nodes }: PodsOfNodes,
  { measuringMs, patienceMs }: { readonly measuringMs: number; readonly patienceMs: number },
): Promise<readonly ClusterPod[]> {
  const haveBegun = onEveryNode(nodes, (pod) => pod.status.phase === "Running" || hasEnded(pod));
  const haveEnded = (pods: readonly ClusterPod[]) =>
    onEveryNode(pods.some(({ status }) => status.phase === "Failed") ? 1 : nodes, hasEnded)(pods);
  await waitForPods(api, setting, role, (pods) => haveEnded(pods) ?? haveBegun(pods), { patienceMs });
  const pollMs = Math.min(MEASURING_POLL_MS, Math.max(POLL_MS, measuringMs / MEASURING_POLLS));
  return waitForPods(api, setting, role, haveEnded, { patienceMs, pollMs });
}

/**
 * Waits for pods that only have the image pulled, which end at once.
 *
 * @throws as `waitForPods`, and ClusterUnfitError where the program does not run in the image.
 */
export async function waitForPull(
  api: Api,
  setting: RunSetting,
  { role, nodes }: PodsOfNodes,
): Promise<void> {
  const { image } = setting;
  const ended = await waitForPods(api, setting, role, onEveryNode(nodes, hasEnded), {
    pullPatienceMs: PULL_PATIENCE_MS,
  });
  if (ended.every(({ status }) => status.phase === "Succeeded")) return;
  throw new ClusterUnfitError(`the probe does not start in image ${image}: name another`, ["image"]);
}

/** That waiting may help. */
async function requireAccepted(
  api: Api,
  { namespace, own, image }: RunSetting,
  pods: readonly ClusterPod[],
): Promise<void> {
  const pulling = pods.flatMap(waitingStates).find(({ reason = "" }) => NO_IMAGE.includes(reason));
  if (pulling) {
    throw new ClusterUnfitError(
      `the nodes have no image ${image} and can't pull it (${plainText(pulling.message ?? pulling.reason ?? "", 160)}): name one that they have, or can pull`,
      ["image"],
    );
  }
  if (pods.length > 0) return;
  const targets = await api.tryGet(
    `/apis/apps/v1/namespaces/${namespace}/deployments/${TARGETS}`,
    deploymentSchema,
  );
  const failure = targets?.status?.conditions?.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  if (failure) {
    throw new ClusterUnfitError(
      `the cluster refuses the target pods (${plainText(failure.message ?? "", 250)}): ${admissionRemedy(own)}`,
      ["namespace"],
    );
  }
}

/**
 * Whether a pod has its network and no container yet: then the kubelet pulls. `ContainerCreating` alone may also be volumes or
 * the network (kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle, "Pod network readiness").
 */
function isPulling(pod: ClusterPod): boolean {
  const { conditions = [], podIP } = pod.status;
  const network = conditions.find(({ type }) => type === "PodReadyToStartContainers");
  const hasNetwork = network === undefined ? podIP !== undefined : network.status === "True";
  return hasNetwork && waitingStates(pod).some(({ reason }) => reason === "ContainerCreating");
}

const waitingStates = ({ status }: ClusterPod) =>
  (status.containerStatuses ?? []).flatMap(({ state }) => state.waiting ?? []);

/** What the cluster says about a pod that does not run. */
function whyNot(pods: readonly ClusterPod[]): string {
  for (const pod of pods) {
    const [waiting] = waitingStates(pod);
    const unscheduled = pod.status.conditions?.find(
      ({ type, status }) => type === "PodScheduled" && status === "False",
    );
    const words = unscheduled?.message ?? [waiting?.reason, waiting?.message].filter(Boolean).join(": ");
    if (words !== "") return plainText(words, 200);
  }
  return pods.length === 0 ? "none was made; see kubectl get events" : "see kubectl get events";
}
