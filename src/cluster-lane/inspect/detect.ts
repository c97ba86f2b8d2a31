/** Detects a cluster's data plane from what its API shows; `unknown` where that does not decide it. */

import { parse } from "yaml";
import type { Api } from "../api.js";
import { type ClusterNode, configMapSchema, type DaemonSet, daemonSetSchema, listOf } from "../kinds.js";

/** The data plane, as far as the cluster shows it. */
export interface DetectedPlane {
  /** Its id in results: kube-proxy's mode, or the name of what replaces kube-proxy. */
  readonly id: string;
  /** Its program, such as `kube-proxy`. */
  readonly program: string;
  /** `v1.36.3`; null: not known. */
  readonly version: string | null;
  /** What showed it, in words. */
  readonly source: string;
}

/** Where nothing that this user may read shows the data plane. */
export const UNKNOWN_PLANE: DetectedPlane = {
  id: "unknown",
  program: "unknown",
  version: null,
  source: "not detectable with the rights of this user",
};

/** kube-proxy's port for metrics, which by default it opens on the node's loopback only. */
const KUBE_PROXY_PORT = 10249;
/** kube-proxy's mode on Linux where its configuration names none (1.36). */
const DEFAULT_MODE = "iptables";
const MODES = ["iptables", "ipvs", "nftables"];

/** What a cluster shows of its planes; null: it may not be read, or is not there. */
export interface PlaneEvidence {
  /** kube-proxy's own answers on one node. */
  readonly proxyMode: string | null;
  readonly proxyMetrics: string | null;
  readonly daemonSets: readonly DaemonSet[] | null;
  /** Texts of the ConfigMap kube-system/kube-proxy, which kubeadm makes, or kube-proxy-config, which EKS makes. */
  readonly proxyConfigurations: readonly string[];
  /** Data of the ConfigMap cilium-config. */
  readonly ciliumConfiguration: Readonly<Record<string, string>> | null;
}

/** Reads the evidence; each part that this user may not read is null. */
export async function readEvidence(api: Api, nodes: readonly ClusterNode[]): Promise<PlaneEvidence> {
  const daemonSets = await api.tryGet("/apis/apps/v1/daemonsets", listOf(daemonSetSchema));
  const configMap = (namespace: string, name: string) =>
    api.tryGet(`/api/v1/namespaces/${namespace}/configmaps/${name}`, configMapSchema);
  const proxies = [
    await configMap("kube-system", "kube-proxy"),
    await configMap("kube-system", "kube-proxy-config"),
  ];
  const cilium = daemonSets?.items.find(({ metadata }) => metadata.name === "cilium");
  const ciliumConfig =
    cilium && (await configMap(cilium.metadata.namespace ?? "kube-system", "cilium-config"));
  const node = nodes[0]?.metadata.name;
  const ask = (path: string) =>
    node === undefined ? null : api.tryText(`/api/v1/nodes/${node}:${KUBE_PROXY_PORT}/proxy/${path}`);
  return {
    proxyMode: await ask("proxyMode"),
    proxyMetrics: await ask("metrics"),
    daemonSets: daemonSets?.items ?? null,
    proxyConfigurations: proxies.flatMap((found) => Object.values(found?.data ?? {})),
    ciliumConfiguration: ciliumConfig?.data ?? null,
  };
}

/** Decides by what replaces kube-proxy, then kube-proxy's own answer, then its configuration, then other agents. */
export function detectPlane(evidence: PlaneEvidence): DetectedPlane {
  return replacementOf(evidence) ?? kubeProxyOf(evidence) ?? otherOf(evidence) ?? UNKNOWN_PLANE;
}

/**
 * The plane under the name that a user gives it. A name that says more of what was detected, such as `iptables-nft` of
 * `iptables`, keeps its program and version: no API shows which backend the nodes' iptables has.
 */
export function namedPlane(name: string, detected: DetectedPlane): DetectedPlane {
  const source = "as given";
  return name === detected.id || name.startsWith(`${detected.id}-`)
    ? { ...detected, id: name, source: `${source}, and ${detected.source}` }
    : { id: name, program: name, version: null, source };
}

function replacementOf({ daemonSets, ciliumConfiguration }: PlaneEvidence): DetectedPlane | null {
  const cilium = find(daemonSets, "cilium");
  const replaces = ciliumConfiguration?.["kube-proxy-replacement"];
  // `strict` up to 1.15, `true` since 1.14.
  if (cilium && (replaces === "true" || replaces === "strict")) {
    const source = "cilium-config: kube-proxy-replacement";
    return { id: "cilium", program: "Cilium", version: versionOf(cilium), source };
  }
  const calico = find(daemonSets, "calico-node");
  const env = calico?.spec.template.spec.containers.flatMap((container) => container.env ?? []) ?? [];
  if (calico && env.some(({ name, value }) => name === "FELIX_BPFENABLED" && value === "true")) {
    const source = "DaemonSet calico-node: FELIX_BPFENABLED";
    return { id: "calico-ebpf", program: "Calico eBPF", version: versionOf(calico), source };
  }
  return null;
}

function kubeProxyOf(evidence: PlaneEvidence): DetectedPlane | null {
  const { proxyMode, proxyMetrics, daemonSets, proxyConfigurations } = evidence;
  const daemonSet = find(daemonSets, "kube-proxy");
  // pattern-bounded: one page of kube-proxy's own metrics.
  const own = /^kubernetes_build_info\{[^}]*git_version="([^"]+)"/m.exec(proxyMetrics ?? "")?.[1];
  const version = own ?? (daemonSet ? versionOf(daemonSet) : null);
  const asked = proxyMode?.trim();
  if (asked !== undefined && MODES.includes(asked)) {
    return { id: asked, program: "kube-proxy", version, source: "kube-proxy's answer to /proxyMode" };
  }
  const words = daemonSet?.spec.template.spec.containers.flatMap(({ command, args }) => [
    ...(command ?? []),
    ...(args ?? []),
  ]);
  const flag = words?.find((word) => word.startsWith("--proxy-mode="))?.slice("--proxy-mode=".length);
  const configured = proxyConfigurations.map(modeIn).find((mode) => mode !== undefined);
  const mode = flag ?? configured;
  if (mode !== undefined && MODES.includes(mode)) {
    return {
      id: mode,
      program: "kube-proxy",
      version,
      source:
        flag === undefined ? "kube-proxy's ConfigMap in kube-system" : "DaemonSet kube-proxy: --proxy-mode",
    };
  }
  return null;
}

/** The mode in a KubeProxyConfiguration; undefined for any other text. */
function modeIn(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !("kind" in parsed)) return undefined;
  if (parsed.kind !== "KubeProxyConfiguration") return undefined;
  const mode = "mode" in parsed ? parsed.mode : "";
  return mode === "" || mode === null ? DEFAULT_MODE : String(mode);
}

/** Agents that may balance where there is no kube-proxy. */
const AGENTS: readonly { readonly daemonSet: string; readonly id: string; readonly program: string }[] = [
  { daemonSet: "ovnkube-node", id: "ovn-kubernetes", program: "OVN-Kubernetes" },
  // https://cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2
  { daemonSet: "anetd", id: "gke-dataplane-v2", program: "GKE Dataplane V2" },
  { daemonSet: "antrea-agent", id: "antrea", program: "Antrea" },
  { daemonSet: "kube-router", id: "kube-router", program: "kube-router" },
  { daemonSet: "kube-ovn-cni", id: "kube-ovn", program: "Kube-OVN" },
];

function otherOf({ daemonSets }: PlaneEvidence): DetectedPlane | null {
  if (find(daemonSets, "kube-proxy")) return null;
  for (const { daemonSet, id, program } of AGENTS) {
    const found = find(daemonSets, daemonSet);
    if (!found) continue;
    const source = `DaemonSet ${daemonSet}, and no kube-proxy`;
    return { id, program, version: versionOf(found), source };
  }
  return null;
}

function find(daemonSets: PlaneEvidence["daemonSets"], name: string): DaemonSet | undefined {
  return daemonSets?.find(({ metadata }) => metadata.name === name || metadata.name === `${name}-ds`);
}

/** The tag of the first container's image. */
function versionOf({ spec }: DaemonSet): string | null {
  const image = spec.template.spec.containers[0]?.image?.split("@")[0] ?? "";
  return /:([^/:]+)$/.exec(image)?.[1] ?? null;
}

/** What joins the pods of many clusters, by its DaemonSet. */
const NETWORKS: Readonly<Record<string, string>> = {
  cilium: "Cilium",
  "calico-node": "Calico",
  canal: "Canal",
  "kube-flannel": "Flannel",
  "aws-node": "Amazon VPC CNI",
  "azure-cns": "Azure CNI",
  kindnet: "kindnet",
  "weave-net": "Weave Net",
  ...Object.fromEntries(AGENTS.map(({ daemonSet, program }) => [daemonSet, program])),
};

/** The network plugin with its version, or `unknown`. */
export function detectNetwork({ daemonSets }: Pick<PlaneEvidence, "daemonSets">): string {
  for (const [daemonSet, program] of Object.entries(NETWORKS)) {
    const found = find(daemonSets, daemonSet);
    if (found) return [program, versionOf(found)].filter((word) => word !== null).join(" ");
  }
  return "unknown";
}
