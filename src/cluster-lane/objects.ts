/** Objects of a run that are no pods, as data. */

import { FAMILY_NAMES, type Family } from "../cluster/family.js";
import { present } from "../errors.js";
import type { Protocol } from "./bounds.js";
import type { Toleration } from "./options.js";

/** Port of the target pods, and of the Services in front of them. */
export const TARGET_PORT = 8080;
export const SERVICE_PORT = 80;
const MANAGED_BY = "app.kubernetes.io/managed-by";
const RUN_LABEL = "lbscale/run";
/** Finds everything that any run made. */
export const MANAGED_SELECTOR = `${MANAGED_BY}=lbscale`;
export const PROGRAM = "cluster-probe";

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
  readonly protocols: readonly Protocol[];
  /** Of the Services: an address and an EndpointSlice of each. */
  readonly families: readonly Family[];
}

export const labelsOf = (runId: string): Record<string, string> => ({
  [MANAGED_BY]: "lbscale",
  [RUN_LABEL]: runId,
});

/** Metadata in the run's namespace, with the labels by which `clean` finds what a run left. */
export function metadataOf(
  { namespace, runId }: RunSetting,
  name: string,
  more: Record<string, string> = {},
) {
  return { name, namespace, labels: { ...labelsOf(runId), ...more } };
}

/** The run's own namespace, which enforces the PodSecurity level `restricted`. */
export function namespaceManifest({ namespace, runId }: Pick<RunSetting, "namespace" | "runId">) {
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

/** The run's Service of an index, at addresses that the cluster chooses where none are given. */
export function serviceManifest(
  setting: RunSetting,
  index: number,
  addresses: readonly string[] | null = null,
) {
  return namedService(setting, serviceName(index), addresses);
}

/** A Service without selector; at addresses of one's choice, one of each family, where they have to be known before. */
export function namedService(setting: RunSetting, name: string, addresses: readonly string[] | null) {
  const { families } = setting;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(setting, name),
    spec: {
      ...(addresses !== null && { clusterIP: addresses[0], clusterIPs: addresses }),
      ipFamilyPolicy: families.length > 1 ? "RequireDualStack" : "SingleStack",
      ipFamilies: families.map((family) => FAMILY_NAMES[family]),
      ports: setting.protocols.map((protocol) => ({
        name: protocol,
        port: SERVICE_PORT,
        targetPort: TARGET_PORT,
        protocol: protocol.toUpperCase(),
      })),
    },
  };
}

/** The Service whose one endpoint is replaced again and again. */
export const REPLACED = "replaced";
/** A Service that is made while its address is watched, and removed again. */
export const newName = (index: number): string => `new-${index}`;
/** A Service that is removed as soon as the cluster has given it an address. */
export const addressName = (index: number): string => `address-${index}`;

const serviceName = (index: number): string => `s-${index}`;

/** The first of a Service's endpoints among the targets; the others follow it, counted around. */
const firstTarget = (index: number, { targets }: Pick<RunSetting, "targets">): number => index % targets;

/** The slices of a Service, one of each family: a slice has addresses of one. */
export function sliceManifests(setting: RunSetting, index: number, targets: readonly Target[]) {
  const first = firstTarget(index, setting);
  const endpoints = Array.from({ length: setting.endpoints }, (_, i) => {
    const target = (first + i) % setting.targets;
    return present(targets[target], `a run without target ${target}`);
  });
  return namedSlices(setting, serviceName(index), endpoints);
}

/** The slices of a Service with one endpoint, which changes. */
export function changingSlices(setting: RunSetting, name: string, endpoint: Target) {
  return namedSlices(setting, name, [endpoint]);
}

function namedSlices(setting: RunSetting, name: string, endpoints: readonly Target[]) {
  return setting.families.map((family, i) =>
    slice(
      setting,
      name,
      family,
      endpoints.map(({ addresses }) => present(addresses[i], `a target without address ${i}`)),
    ),
  );
}

function slice(setting: RunSetting, name: string, family: Family, endpoints: readonly string[]) {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: metadataOf(setting, family === 6 ? `${name}-ipv6` : name, {
      "kubernetes.io/service-name": name,
      "endpointslice.kubernetes.io/managed-by": "lbscale",
    }),
    addressType: FAMILY_NAMES[family],
    ports: setting.protocols.map((protocol) => ({
      name: protocol,
      port: TARGET_PORT,
      protocol: protocol.toUpperCase(),
    })),
    endpoints: endpoints.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

/** What the probes do at one N, in the words of native/cluster-probe/. */
export interface ProbeTask {
  readonly rounds: number;
  readonly roundMs: number;
  /** Of each protocol, before the first round. */
  readonly warmUpMs: number;
  /** Between connections of each protocol; 0: it is not measured. */
  readonly intervalUs: Readonly<Record<Protocol, number>>;
  readonly settleMs: number;
  /** From the probe's start on: no round begins that would not end in it. Absent: all are measured. */
  readonly budgetMs?: number;
  readonly seed: number;
  readonly targets: readonly Target[];
  /** Of each Service its addresses, one of each family. */
  readonly services: readonly (readonly string[])[];
}

/** A target pod: where it answers, by an address of each family, and on which node. */
export interface Target {
  readonly addresses: readonly string[];
  readonly node: string;
}

/** A probe's task as native/cluster-probe/ reads it: one setting or address per line. */
export function taskText(task: ProbeTask, setting: Pick<RunSetting, "endpoints" | "targets">): string {
  return [
    `rounds ${task.rounds}`,
    `round-ms ${task.roundMs}`,
    `warm-up-ms ${task.warmUpMs}`,
    `tcp-interval-us ${task.intervalUs.tcp}`,
    `udp-interval-us ${task.intervalUs.udp}`,
    `settle-ms ${task.settleMs}`,
    ...(task.budgetMs === undefined ? [] : [`budget-ms ${task.budgetMs}`]),
    `seed ${task.seed % 2 ** 31}`,
    `port ${TARGET_PORT}`,
    ...task.targets.flatMap(({ addresses, node }) => addresses.map((address) => `target ${address} ${node}`)),
    ...task.services.flatMap((addresses, index) =>
      addresses.map(
        (address) => `service ${address} ${SERVICE_PORT} ${firstTarget(index, setting)} ${setting.endpoints}`,
      ),
    ),
    "",
  ].join("\n");
}

/** The ConfigMap from which the probes at one N read their task. */
export function taskManifest(setting: RunSetting, services: number, text: string) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(setting, taskName(services)),
    data: { task: text },
  };
}

export const taskName = (services: number): string => `task-${services}`;
