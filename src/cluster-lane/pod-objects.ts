/** Pods of a run and what makes them, as data. They pass the PodSecurity level `restricted`. */

import { labelsOf, metadataOf, PROGRAM, type RunSetting, TARGET_PORT, taskName } from "./objects.js";

/** The Deployment of the target pods. */
export const TARGETS = "targets";
/** What a pod requests. */
export const POD_CPU = "10m";
export const POD_MEMORY = "16Mi";

/** The Deployment of the pods that answer, on nodes of one architecture. */
export function targetsManifest(setting: RunSetting, architecture: string) {
  const labels = { ...labelsOf(setting.runId), "lbscale/role": "target" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadataOf(setting, TARGETS),
    spec: {
      replicas: setting.targets,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...podSpec(setting, architecture, ["serve", String(TARGET_PORT)], "ScheduleAnyway", labels),
          // It has no connection to finish.
          terminationGracePeriodSeconds: 0,
        },
      },
    },
  };
}

export const probeName = (services: number, architecture: string): string =>
  `probe-${services}-${architecture}`;
export const pullName = (architecture: string): string => `pull-${architecture}`;
export const watcherName = (architecture: string): string => `watch-${architecture}`;

/** Pods of one role on nodes of one architecture, one on each. */
export interface NodeJob {
  readonly architecture: string;
  readonly nodes: number;
  readonly deadlineSeconds: number;
}

/** One probe on each node, for one N. */
export function probeManifest(setting: RunSetting, what: NodeJob & { readonly services: number }) {
  const name = probeName(what.services, what.architecture);
  const task = { name: "task", configMap: { name: taskName(what.services) } };
  const job = jobManifest(setting, name, what, ["probe", "/task/task"]);
  const { spec } = job.spec.template;
  const containers = spec.containers.map((container) => ({
    ...container,
    // Which targets are on the probe's own node.
    env: [{ name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
    volumeMounts: [...container.volumeMounts, { name: "task", mountPath: "/task", readOnly: true }],
  }));
  const template = { ...job.spec.template, spec: { ...spec, containers, volumes: [...spec.volumes, task] } };
  return { ...job, spec: { ...job.spec, template } };
}

/** Pods that have an image pulled end by themselves after this long, when nobody waits for them any more. */
export const PULL_SECONDS = 300;

/** One pod on each node that has the image pulled: it waits for changes that nobody tells it of, and so ends at once. */
export function pullManifest(setting: RunSetting, what: NodeJob) {
  return jobManifest(setting, pullName(what.architecture), what, ["watch"]);
}

/** A pod as the Deployment's ReplicaSet makes it, to ask whether the cluster takes it. */
export function targetPodManifest(setting: RunSetting, architecture: string) {
  const { metadata, spec } = targetsManifest(setting, architecture).spec.template;
  // There is none yet. Policies against pods that nothing restarts look no further than at its kind.
  const uid = "00000000-0000-0000-0000-000000000000";
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: TARGETS, uid, controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${TARGETS}-`,
      namespace: setting.namespace,
      labels: metadata.labels,
      ownerReferences: [owner],
    },
    spec,
  };
}

/** One pod on each node that waits for changes, and is spoken to over its standard input. */
export function watcherManifest(setting: RunSetting, what: NodeJob) {
  const job = jobManifest(setting, watcherName(what.architecture), what, ["watch"]);
  const { spec } = job.spec.template;
  const containers = spec.containers.map((container) => ({ ...container, stdin: true }));
  const template = { ...job.spec.template, spec: { ...spec, containers } };
  return { ...job, spec: { ...job.spec, template } };
}

function jobManifest(
  setting: RunSetting,
  name: string,
  { architecture, nodes, deadlineSeconds }: NodeJob,
  args: readonly string[],
) {
  const labels = { ...labelsOf(setting.runId), "lbscale/role": name };
  const spec = podSpec(setting, architecture, args, "DoNotSchedule", labels);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadataOf(setting, name),
    spec: {
      completionMode: "Indexed",
      completions: nodes,
      parallelism: nodes,
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      ttlSecondsAfterFinished: 3600,
      template: { metadata: { labels }, spec: { ...spec, restartPolicy: "Never" } },
    },
  };
}

function podSpec(
  { image, nodeSelector, tolerations }: RunSetting,
  architecture: string,
  args: readonly string[],
  whenUnsatisfiable: "ScheduleAnyway" | "DoNotSchedule",
  matchLabels: Record<string, string>,
) {
  return {
    nodeSelector: { ...nodeSelector, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture },
    ...(tolerations.length > 0 && { tolerations: [...tolerations] }),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable,
        labelSelector: { matchLabels },
      },
    ],
    automountServiceAccountToken: false,
    // 5,000 Services would be 35,000 environment variables.
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: PROGRAM,
        image,
        imagePullPolicy: "IfNotPresent",
        command: [`/program/${PROGRAM}`, ...args],
        // No limit: one would throttle what is timed.
        resources: { requests: { cpu: POD_CPU, memory: POD_MEMORY } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "program", mountPath: "/program", readOnly: true }],
      },
    ],
    volumes: [{ name: "program", configMap: { name: `program-${architecture}`, defaultMode: 0o555 } }],
  };
}
