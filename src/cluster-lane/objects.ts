/** Every object that a run makes, as data. Pods pass the PodSecurity level `restricted`. */

import type { Toleration } from "./options.js";

/** Port of the target pods, and of the Services in front of them. */
const TARGET_PORT = 8080;
const SERVICE_PORT = 80;
const MANAGED_BY = "app.kubernetes.io/managed-by";
const RUN_LABEL = "lbscale/run";
/** Finds everything that any run made. */
export const OURS = `${MANAGED_BY}=lbscale`;
const PROGRAM = "cluster-probe";
/** The Deployment of the target pods. */
export const TARGETS = "targets";

/** What a run's objects have in common. */
export interface RunSetting {
  readonly namespace: string;
  /** Whether the namespace is the run's own. */
  readonly own: boolean;
  readonly runId: string;
  /** Endpoints of a Service, and target pods in all. */
  readonly endpoints: number;
  readonly targets: number;
  readonly image: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
}

export const labelsOf = (runId: string): Record<string, string> => ({
  [MANAGED_BY]: "lbscale",
  [RUN_LABEL]: runId,
});

function metadataOf({ namespace, runId }: RunSetting, name: string, more: Record<string, string> = {}) {
  return { name, namespace, labels: { ...labelsOf(runId), ...more } };
}

export function namespaceManifest({ namespace, runId }: RunSetting) {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespace,
      labels: { ...labelsOf(runId), "pod-security.kubernetes.io/enforce": "restricted" },
    },
  };
}

/** The program, for one architecture: a ConfigMap holds 1 MiB, and no registry is needed. */
export function programManifest(setting: RunSetting, architecture: string, program: Buffer) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(setting, `program-${architecture}`),
    binaryData: { [PROGRAM]: program.toString("base64") },
  };
}

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

export function serviceManifest(setting: RunSetting, index: number) {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(setting, serviceName(index)),
    spec: {
      ipFamilyPolicy: "SingleStack",
      ipFamilies: ["IPv4"],
      ports: [{ name: "tcp", port: SERVICE_PORT, targetPort: TARGET_PORT, protocol: "TCP" }],
    },
  };
}

const serviceName = (index: number): string => `s-${index}`;

/** The first of a Service's endpoints among the targets; the others follow it, counted around. */
const firstTarget = (index: number, { targets }: Pick<RunSetting, "targets">): number => index % targets;

export function sliceManifest(setting: RunSetting, index: number, addresses: readonly string[]) {
  const first = firstTarget(index, setting);
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: metadataOf(setting, serviceName(index), {
      "kubernetes.io/service-name": serviceName(index),
      "endpointslice.kubernetes.io/managed-by": "lbscale",
    }),
    addressType: "IPv4",
    ports: [{ name: "tcp", port: TARGET_PORT, protocol: "TCP" }],
    endpoints: Array.from({ length: setting.endpoints }, (_, i) => ({
      addresses: [addresses[(first + i) % setting.targets]],
      conditions: { ready: true },
    })),
  };
}

/** What the probes do at one N, in the words of native/cluster-probe.c. */
export interface ProbeTask {
  readonly rounds: number;
  readonly roundMs: number;
  readonly intervalUs: number;
  readonly settleMs: number;
  readonly seed: number;
  readonly targets: readonly string[];
  readonly services: readonly string[];
}

export function taskText(task: ProbeTask, setting: Pick<RunSetting, "endpoints" | "targets">): string {
  return [
    `rounds ${task.rounds}`,
    `round-ms ${task.roundMs}`,
    `interval-us ${task.intervalUs}`,
    `settle-ms ${task.settleMs}`,
    `seed ${task.seed % 2 ** 31}`,
    `port ${TARGET_PORT}`,
    ...task.targets.map((address) => `target ${address}`),
    ...task.services.map(
      (address, index) =>
        `service ${address} ${SERVICE_PORT} ${firstTarget(index, setting)} ${setting.endpoints}`,
    ),
    "",
  ].join("\n");
}

export function taskManifest(setting: RunSetting, services: number, text: string) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(setting, taskName(services)),
    data: { task: text },
  };
}

const taskName = (services: number): string => `task-${services}`;
export const probeName = (services: number, architecture: string): string =>
  `probe-${services}-${architecture}`;

/** One probe on each of `nodes` nodes of an architecture. */
export function probeManifest(
  setting: RunSetting,
  what: {
    readonly services: number;
    readonly architecture: string;
    readonly nodes: number;
    readonly deadlineSeconds: number;
  },
) {
  const { services, architecture, nodes, deadlineSeconds } = what;
  const name = probeName(services, architecture);
  const labels = { ...labelsOf(setting.runId), "lbscale/role": name };
  const spec = podSpec(setting, architecture, ["probe", "/task/task"], "DoNotSchedule", labels);
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
      template: {
        metadata: { labels },
        spec: {
          ...spec,
          restartPolicy: "Never",
          containers: spec.containers.map((container) => ({
            ...container,
            volumeMounts: [...container.volumeMounts, { name: "task", mountPath: "/task", readOnly: true }],
          })),
          volumes: [...spec.volumes, { name: "task", configMap: { name: taskName(services) } }],
        },
      },
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
        resources: { requests: { cpu: "10m", memory: "16Mi" } },
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
