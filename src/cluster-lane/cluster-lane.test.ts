import { describe, expect, it } from "vitest";
import { countFreeAddresses, familiesOffered } from "./inspect/addresses.js";
import { detectNetwork, detectPlane, namedPlane, type PlaneEvidence } from "./inspect/detect.js";
import { eligibleNodes, listsImage, pauseImageOf, probesByArchitecture } from "./inspect/nodes.js";
import { chooseFamilies, leastOf } from "./inspect/preflight.js";
import { numberOf, objectCounts } from "./inspect/quota.js";
import type { ClusterNode, DaemonSet } from "./kinds.js";
import { serviceManifest, sliceManifests, taskText } from "./objects.js";
import { type ClusterScenario, servicesAtOnce, settingOf } from "./plan.js";
import { probeManifest, targetPodManifest, targetsManifest } from "./pod-objects.js";
import { parseProbeLog } from "./probe-reports.js";

const JOB = {
  options: {},
  runId: "r",
  services: [1, 3],
  endpoints: 2,
  rounds: 6,
  seed: 1,
  scenarios: ["connect" as const],
  family: null,
};
const IMAGE = "registry.k8s.io/pause:3.10";
const SETTING = settingOf(JOB, { image: IMAGE, families: [4] });

describe("families of Services", () => {
  it("are those of the ranges in their order, or of other Services where these may not be read", () => {
    expect(familiesOffered(["fd00:10:96::/108"], ["10.96.0.1"])).toEqual([6]);
    expect(familiesOffered(["fd00:10:96::/108", "10.96.0.0/16"], [])).toEqual([6, 4]);
    expect(familiesOffered([], ["None", "", "10.96.0.1", "10.96.0.2"])).toEqual([4]);
    expect(familiesOffered([], ["None"])).toEqual([]);
  });

  it("are the cluster's first by default, and none that is asked for may be known to be missing", () => {
    const offering = (ranges: string[]) => ({ ranges, offered: familiesOffered(ranges, ["10.96.0.1"]) });
    const [both, ipv6, hidden] = [["fd00::/108", "10.96.0.0/16"], ["fd00::/108"], []].map(offering);
    expect(chooseFamilies(null, both!)).toEqual([6]);
    expect(chooseFamilies("dual", both!)).toEqual([4, 6]);
    expect(chooseFamilies(6, ipv6!)).toEqual([6]);
    expect(() => chooseFamilies("dual", ipv6!)).toThrow("have IPv6 alone (fd00::/108), and no IPv4");
    // The API server knows.
    expect(chooseFamilies(6, hidden!)).toEqual([6]);
    expect(chooseFamilies(null, { ranges: [], offered: [] })).toEqual([4]);
  });
});

describe("free addresses", () => {
  it("are those of the ranges but the first and the last, less those of Services", () => {
    expect(countFreeAddresses(["10.96.0.0/29"], ["10.96.0.1", "10.96.0.3", "None", ""], 4)).toBe(4);
    const ranges = ["10.96.0.0/29", "10.97.0.0/30", "fd00::/108"];
    expect(countFreeAddresses(ranges, ["10.96.0.1", "10.9.9.9", "fd00::1"], 4)).toBe(7);
  });

  it("of ranges that overlap or touch count once", () => {
    expect(countFreeAddresses(["10.96.0.0/28", "10.96.0.0/29", "10.96.0.8/30"], ["10.96.0.1"], 4)).toBe(13);
    // The last of one and the first of the next are nobody's.
    expect(countFreeAddresses(["10.96.0.8/29", "10.96.0.0/29"], ["10.96.0.9"], 4)).toBe(11);
    expect(countFreeAddresses(["fd00::/124", "fd00::/112"], ["fd00::f"], 6)).toBe(2 ** 16 - 2);
  });

  it("of IPv6 include the last of a range, and are counted beyond 32 bits", () => {
    expect(countFreeAddresses(["fd00::/125", "10.96.0.0/29"], ["fd00::1", "fd00::7", "fe00::1"], 6)).toBe(5);
    expect(countFreeAddresses(["fd00::/108"], [], 6)).toBe(2 ** 20 - 1);
    expect(countFreeAddresses(["fd00::/64"], ["fd00::1"], 6)).toBe(2 ** 64 - 2);
  });

  it("are not known where one family's are not", () => {
    expect([leastOf([7, 3]), leastOf([7, null]), leastOf([])]).toEqual([3, null, null]);
  });
});

function node(changes: {
  name?: string;
  architecture?: string;
  ready?: string;
  taint?: { key: string; value?: string; effect: string };
  labels?: Record<string, string>;
  images?: string[];
}): ClusterNode {
  return {
    metadata: { name: changes.name ?? "n", labels: changes.labels ?? {} },
    spec: changes.taint ? { taints: [changes.taint] } : {},
    status: {
      conditions: [{ type: "Ready", status: changes.ready ?? "True" }],
      images: [{ names: changes.images ?? [] }],
      nodeInfo: {
        architecture: changes.architecture ?? "amd64",
        operatingSystem: "linux",
        kernelVersion: "6.1",
        osImage: "Debian",
        kubeletVersion: "v1.36.3",
        containerRuntimeVersion: "containerd://2",
      },
    },
  };
}

describe("nodes", () => {
  const tainted = node({ taint: { key: "dedicated", value: "gpu", effect: "NoSchedule" } });

  it("are used where they are ready, selected, and their taints tolerated", () => {
    const labelled = node({ labels: { pool: "test" } });
    const all = [node({ ready: "False" }), node({ architecture: "s390x" }), tainted, labelled];
    expect(eligibleNodes(all, {})).toEqual([labelled]);
    expect(eligibleNodes(all, { tolerations: [{ key: "dedicated", operator: "Exists" }] })).toEqual([
      tainted,
      labelled,
    ]);
    expect(
      eligibleNodes(all, { tolerations: [{ key: "dedicated", operator: "Equal", value: "x" }] }),
    ).toEqual([labelled]);
    expect(eligibleNodes(all, { nodeSelector: { pool: "other" } })).toEqual([]);
  });

  it("of the commonest architecture come first, as many as were asked for", () => {
    const nodes = [node({ architecture: "arm64" }), node({}), node({})];
    expect([...probesByArchitecture(nodes, 3)]).toEqual([
      ["amd64", 2],
      ["arm64", 1],
    ]);
    expect([...probesByArchitecture(nodes, 2)]).toEqual([["amd64", 2]]);
  });

  it("name the pause image that most of them have, however clusters spell it", () => {
    for (const image of [
      "registry.k8s.io/pause:3.10",
      "docker.io/rancher/mirrored-pause:3.6",
      "eks/pause:3.5",
    ]) {
      expect(pauseImageOf([node({ images: [`a@sha256:00`, image] })])).toBe(image);
    }
    expect(() => pauseImageOf([node({ images: ["example.org/pause-button:1"] })])).toThrow(
      "name any image that nodes have",
    );
  });

  it("list images by the names that container runtimes complete", () => {
    const listing = node({ images: ["docker.io/library/busybox:latest", "docker.io/rancher/pause:3.6"] });
    for (const image of [
      "busybox",
      "library/busybox:latest",
      "rancher/pause:3.6",
      "docker.io/library/busybox",
    ]) {
      expect([image, listsImage(listing, image)]).toEqual([image, true]);
    }
    for (const image of ["busybox:1", "localhost/busybox", "rancher/pause"]) {
      expect([image, listsImage(listing, image)]).toEqual([image, false]);
    }
    expect(listsImage(node({ images: ["a:5000/pause:1"] }), "a:5000/pause:1")).toBe(true);
  });
});

const EVIDENCE: PlaneEvidence = {
  ...{ proxyMode: null, proxyMetrics: null, daemonSets: null },
  ...{ proxyConfigurations: [], ciliumConfiguration: null },
};

function daemonSet(name: string, image: string, args: string[] = []): DaemonSet {
  return { metadata: { name }, spec: { template: { spec: { containers: [{ image, args }] } } } };
}

describe("what balances", () => {
  const configuration = "kind: KubeProxyConfiguration\nmode: ";

  it("is what kube-proxy itself answers, with the version of its metrics", () => {
    const proxyMetrics = 'kubernetes_build_info{major="1",git_version="v1.36.3",platform="linux/amd64"} 1\n';
    const found = detectPlane({
      ...EVIDENCE,
      proxyMode: "nftables\n",
      proxyMetrics,
      proxyConfigurations: [`${configuration}ipvs`],
    });
    expect(found).toMatchObject({ id: "nftables", program: "kube-proxy", version: "v1.36.3" });
  });

  it("is in kube-proxy's configuration or flags, and where they are silent its default", () => {
    const daemonSets = [
      daemonSet("kube-proxy", "registry.k8s.io/kube-proxy:v1.35.4@sha256:00", ["--proxy-mode=ipvs"]),
    ];
    expect(detectPlane({ ...EVIDENCE, daemonSets })).toMatchObject({ id: "ipvs", version: "v1.35.4" });
    expect(detectPlane({ ...EVIDENCE, proxyConfigurations: [`${configuration}""`] }).id).toBe("iptables");
    expect(detectPlane({ ...EVIDENCE, proxyConfigurations: [`${configuration}nftables`] }).id).toBe(
      "nftables",
    );
  });

  it("is what replaces kube-proxy, even next to it", () => {
    const daemonSets = [daemonSet("cilium", "quay.io/cilium/cilium:v1.20.2")];
    const replacing = { ...EVIDENCE, proxyMode: "iptables", daemonSets };
    expect(
      detectPlane({ ...replacing, ciliumConfiguration: { "kube-proxy-replacement": "true" } }),
    ).toMatchObject({
      id: "cilium",
      version: "v1.20.2",
    });
    expect(detectPlane({ ...replacing, ciliumConfiguration: { "kube-proxy-replacement": "false" } }).id).toBe(
      "iptables",
    );
  });

  it("is in whichever text of a ConfigMap is kube-proxy's configuration", () => {
    const texts = ["apiVersion: v1\nkind: Config\n", `${configuration}ipvs`];
    expect(detectPlane({ ...EVIDENCE, proxyConfigurations: texts }).id).toBe("ipvs");
  });

  it("is an agent that balances where there is no kube-proxy", () => {
    const daemonSets = [daemonSet("anetd", "gke.gcr.io/cilium/cilium:v1.14.4-gke.1")];
    expect(detectPlane({ ...EVIDENCE, daemonSets })).toMatchObject({ id: "gke-dataplane-v2" });
  });

  it("is told apart from what joins the pods, which is known by its DaemonSet", () => {
    const daemonSets = [
      daemonSet("kube-proxy", "registry.k8s.io/kube-proxy:v1.35.4"),
      daemonSet("kube-flannel-ds", "ghcr.io/flannel-io/flannel:v0.27.0"),
    ];
    expect(detectNetwork({ daemonSets })).toBe("Flannel v0.27.0");
    expect(detectNetwork({ daemonSets: null })).toBe("unknown");
  });

  it("has the name that a user gives it, and keeps its version where the name says more of what was detected", () => {
    const detected = detectPlane({
      ...EVIDENCE,
      daemonSets: [daemonSet("kube-proxy", "registry.k8s.io/kube-proxy:v1.36.3", ["--proxy-mode=iptables"])],
    });
    expect(namedPlane("iptables-nft", detected)).toMatchObject({
      ...{ id: "iptables-nft", program: "kube-proxy", version: "v1.36.3" },
      source: expect.stringMatching(/^as given, and DaemonSet/),
    });
    expect(namedPlane("my-proxy", detected)).toMatchObject({ id: "my-proxy", version: null });
  });

  it("is unknown where no object shows it", () => {
    expect(detectPlane(EVIDENCE)).toMatchObject({ id: "unknown", version: null });
    expect(detectPlane({ ...EVIDENCE, proxyMode: "<html>", proxyConfigurations: ["{"] }).id).toBe("unknown");
  });
});

describe("objects of a run", () => {
  it("have pods that pass the PodSecurity level `restricted`", () => {
    const probe = probeManifest(SETTING, {
      services: 3,
      architecture: "arm64",
      nodes: 2,
      deadlineSeconds: 60,
    });
    for (const { spec } of [probe.spec.template, targetsManifest(SETTING, "arm64").spec.template]) {
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(spec.automountServiceAccountToken).toBe(false);
      for (const { securityContext } of spec.containers) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          readOnlyRootFilesystem: true,
        });
      }
      expect(spec.nodeSelector["kubernetes.io/arch"]).toBe("arm64");
    }
  });

  it.each([[[4]], [[6]], [[4, 6]]] as const)(
    "tell the probe the same endpoints of each Service as its slices have, families %j",
    (families) => {
      const setting = settingOf(JOB, { image: IMAGE, families });
      const at = (prefix: { 4: string; 6: string }, last: number) =>
        families.map((family) => `${prefix[family]}${last}`);
      const targets = [1, 2, 3, 4].map((last) => ({
        addresses: at({ 4: "10.0.0.", 6: "fd00::" }, last),
        node: "a",
      }));
      const services = [1, 2, 3, 4].map((last) => at({ 4: "10.96.0.", 6: "fd00:96::" }, last));
      const numbers = { rounds: 1, roundMs: 1, warmUpMs: 1, settleMs: 1, seed: 1 };
      const text = taskText({ ...numbers, intervalUs: { tcp: 1, udp: 0 }, services, targets }, setting);
      const lines = text.split("\n");
      expect(lines.filter((line) => line.startsWith("target "))).toHaveLength(4 * families.length);
      for (const [index, addresses] of services.entries()) {
        const slices = sliceManifests(setting, index, targets);
        expect(slices.map(({ addressType }) => addressType)).toEqual(
          families.map((family) => `IPv${family}`),
        );
        expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(families.length);
        for (const [i, address] of addresses.entries()) {
          const line = lines.find((candidate) => candidate.startsWith(`service ${address} `));
          const [first = 0, count = 0] = line?.split(" ").slice(3).map(Number) ?? [];
          const told = Array.from({ length: count }, (_, k) => targets[(first + k) % 4]?.addresses[i]);
          expect(slices[i]?.endpoints.flatMap((endpoint) => endpoint.addresses)).toEqual(told);
        }
      }
    },
  );

  it("ask for the families of the run and no others, whatever the cluster gives by itself", () => {
    const specOf = (families: (4 | 6)[], addresses: string[] | null) =>
      serviceManifest(settingOf(JOB, { image: IMAGE, families }), 0, addresses).spec;
    expect(specOf([6], null)).toMatchObject({ ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv6"] });
    expect(specOf([4, 6], ["10.96.0.9", "fd00::9"])).toMatchObject({
      ...{ ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] },
      ...{ clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.9", "fd00::9"] },
    });
  });
});

it("the objects that quotas count are those that a run has at once, or pods and Jobs that have ended too", () => {
  const needs = { services: 100, probed: 3, targets: 5, watches: false, families: 1, pulls: false };
  const probes = new Map([
    ["amd64", 2],
    ["arm64", 1],
  ]);
  const counts = { services: 100, pods: 8, "count/pods": 14, "count/jobs.batch": 6, configmaps: 5 };
  const kinds = { "count/deployments.apps": 1, "count/replicasets.apps": 1 };
  expect(objectCounts(needs, probes)).toMatchObject({ ...counts, ...kinds });
  expect(objectCounts({ ...needs, watches: true }, probes)).toMatchObject({ pods: 11, "count/pods": 17 });
  // Changes alone: no task and no probe at any N.
  expect(objectCounts({ ...needs, probed: 0, watches: true }, probes)).toMatchObject({
    ...{ pods: 8, "count/pods": 8, "count/jobs.batch": 2, configmaps: 2 },
  });
  expect(objectCounts({ ...needs, families: 2 }, probes)).toMatchObject({
    ...{ services: 100, "count/endpointslices.discovery.k8s.io": 200 },
  });
});

it("the Services that a run has at once are two more than N while its `programming` changes them", () => {
  const at = (...scenarios: ClusterScenario[]) => servicesAtOnce({ scenarios, services: [1, 100] });
  expect([at("connect"), at("sync"), at("connect", "programming")]).toEqual([100, 100, 102]);
});

it("the Pod that is tried is what the Deployment's ReplicaSet makes, under a name that nobody has", () => {
  const { metadata, spec } = targetPodManifest(SETTING, "amd64");
  const { template } = targetsManifest(SETTING, "amd64").spec;
  expect(metadata).toMatchObject({
    ...{ generateName: "targets-", labels: template.metadata.labels },
    ownerReferences: [{ kind: "ReplicaSet", controller: true }],
  });
  expect([Object.keys(metadata).includes("name"), spec]).toEqual([false, template.spec]);
});

it("quantities are numbers with a suffix, an exponent or neither", () => {
  expect(["3", "500m", "2Gi", "1k", "1e3", "1.5"].map(numberOf)).toEqual([3, 0.5, 2 ** 31, 1000, 1000, 1.5]);
  expect(["none", "5 apples"].map(numberOf)).toEqual([Number.NaN, Number.NaN]);
});

describe("a probe's log", () => {
  const times = (ns: number) => ({ connectNs: [ns, ns + 1], exchangeNs: [ns, ns] });
  const outcomes = { reached: 4, wrong: 0, refused: 0, timedOut: 0, unreachable: 0, other: 0 };
  const lines = (...reports: object[]) => reports.map((report) => JSON.stringify(report)).join("\n");
  const floor = { kind: "floor", protocol: "tcp", resolutionNs: 1, clockNs: 25, ...times(9) };
  const settled = { kind: "settled", ms: 3 };

  it("becomes rounds with the times of both paths, in their order", () => {
    const samples = (path: string, ns: number, protocol = "tcp") => ({
      ...{ kind: "samples", round: 0, protocol, path },
      ...{ ...times(ns), near: "01", ipv6: "10" },
    });
    const round = { kind: "round", round: 0, protocol: "tcp", wallMs: 10, cpuUs: 2000, outcomes };
    const text = lines(
      floor,
      settled,
      samples("service", 5),
      samples("service", 7),
      samples("endpoint", 3),
      samples("service", 99, "udp"),
      round,
      { ...round, protocol: "udp" },
      { kind: "idle", states: [{ name: "POLL", exitUs: 0, spentUs: 8 }] },
      { kind: "end" },
    );
    const log = parseProbeLog(text);
    expect(log.rounds[0]?.service.connectNs).toEqual([5, 6, 7, 8]);
    expect(log.rounds[0]?.endpoint.connectNs).toEqual([3, 4]);
    expect(log.rounds[0]?.service.isNear).toEqual([false, true, false, true]);
    expect(log.rounds[0]?.service.isIpv6).toEqual([true, false, true, false]);
    expect(log.rounds[1]).toMatchObject({ protocol: "udp", service: { connectNs: [99, 100] } });
    expect(log).toMatchObject({ clockNs: 25, settledMs: 3, loopback: { tcp: { connectNs: [9, 10] } } });
    expect(log.idleStates).toEqual([{ name: "POLL", exitUs: 0, spentUs: 8 }]);
  });

  it("that ends too early, reports a failure or is invalid is refused in one line", () => {
    expect(() => parseProbeLog(lines(floor, settled))).toThrow("ends too early");
    expect(() => parseProbeLog(lines({ kind: "failed", reason: "socket: Too many open files" }))).toThrow(
      "Too many open",
    );
    expect(() =>
      parseProbeLog(lines(floor, { kind: "unsettled", answered: 6, outcome: "timedOut", ms: 60_000 })),
    ).toThrow("Service 7 did not answer within 60 s");
    expect(() => parseProbeLog("exec format error")).toThrow("no report: exec format error");
  });
});
