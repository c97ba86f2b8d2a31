import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import {
  type Cluster,
  EXTERNAL_AND_INGRESS_IP,
  EXTERNAL_IP,
  formatAddress,
  formatCidr,
  INGRESS_IP,
  inCidr,
  LOAD_BALANCER,
  LOCAL_POLICY_ONLY,
  NODE_PORT,
  protocolName,
  REMOTE,
} from "../cluster/cluster.js";
import { describeNetwork } from "../cluster/infer-network.js";
import { parseCluster, writeCluster } from "../cluster/json.js";
import { serviceRangesText } from "../cluster/service-ranges.js";
import { InputError } from "../errors.js";
import { kubernetesList } from "./export.js";
import { importKubernetes } from "./import.js";
import { describeImport } from "./import-report.js";

const BOUTIQUE = readFixture("online-boutique.yaml");
const SLICES = readFixture("endpointslices.yaml");

type Fields = Record<string, unknown>;

function service(name: string, spec: Fields, rest: Fields = {}): Fields {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
    ...rest,
  };
}

function workload(kind: string, name: string, spec: Fields, ports: Fields[] = []): Fields {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ ports }] } };
  return { apiVersion: "apps/v1", kind, metadata: { name }, spec: { template, ...spec } };
}

function slice(name: string, endpoints: Fields[], rest: Fields = {}): Fields {
  return {
    kind: "EndpointSlice",
    addressType: "IPv4",
    metadata: { name: `${name}-x`, labels: { "kubernetes.io/service-name": name } },
    ports: [{ name: "", port: 8080 }],
    endpoints,
    ...rest,
  };
}

function load(...objects: Fields[]): Cluster {
  return importKubernetes(JSON.stringify(objects)).cluster;
}

function problemOf(...objects: Fields[]): string {
  try {
    load(...objects);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return "accepted";
}

/** Endpoints of a service-port as text, `*` for local ones, and which of these serve policy Local only. */
function endpointsOf(cluster: Cluster, servicePort: number): string[] {
  const found: string[] = [];
  for (let e = cluster.endpointStart[servicePort]!; e < cluster.endpointStart[servicePort + 1]!; e++) {
    const local = ["", "*", "* for policy Local"][cluster.endpointLocal[e]!];
    found.push(`${formatAddress(cluster.endpointAddress[e]!)}:${cluster.endpointPort[e]}${local}`);
  }
  return found;
}

function externalsOf(cluster: Cluster, s: number): string[] {
  const own = cluster.externalAddress.subarray(cluster.externalStart[s]!, cluster.externalStart[s + 1]!);
  return Array.from(own, formatAddress);
}

describe("importing Online Boutique's release manifest", () => {
  const { cluster, report } = importKubernetes(BOUTIQUE);
  const names = Array.from({ length: cluster.services }, (_, s) => cluster.serviceName(s));

  it("finds its twelve services in the order of the file", () => {
    expect(names).toEqual(
      [
        "frontend",
        "frontend-external",
        "adservice",
        "currencyservice",
        "cartservice",
        "redis-cart",
        "recommendationservice",
        "checkoutservice",
        "emailservice",
        "paymentservice",
        "shippingservice",
        "productcatalogservice",
      ].map((name) => `default/${name}`),
    );
  });

  it("gives each service the pod of its deployment, at the target port", () => {
    const email = names.indexOf("default/emailservice");
    expect(cluster.port[email]).toBe(5000);
    expect(endpointsOf(cluster, email)).toEqual(["10.128.0.8:8080*"]);
    expect(Array.from({ length: 12 }, (_, p) => endpointsOf(cluster, p).length)).toEqual(Array(12).fill(1));
  });

  it("puts the two services of one deployment before the same pod", () => {
    expect(endpointsOf(cluster, 0)).toEqual(endpointsOf(cluster, 1));
  });

  it("makes up the addresses and the NodePort that a running cluster would give", () => {
    expect(Array.from(cluster.clusterIp, formatAddress).slice(0, 2)).toEqual(["10.96.0.1", "10.96.0.2"]);
    expect([...cluster.serviceType].filter((type) => type === LOAD_BALANCER)).toHaveLength(1);
    expect([cluster.serviceType[1], cluster.nodePort[1], externalsOf(cluster, 1)]).toEqual([
      LOAD_BALANCER,
      30_000,
      ["198.18.0.1"],
    ]);
  });

  it("reports what it read, left out and made up", () => {
    expect(report).toEqual({
      services: 12,
      servicePorts: 12,
      endpoints: 12,
      idleEndpoints: 0,
      endpointOrigin: "workloads",
      here: { name: undefined, zone: undefined },
      hints: { node: 0, zone: 0, unused: 0 },
      skipped: { headless: 0, externalName: 0, otherFamily: 0, otherProxy: 0 },
      dualStack: 0,
      otherObjects: 11,
      isNodeChosen: false,
      synthesized: { clusterIps: 12, loadBalancerIps: 1, nodePorts: 1 },
      unaddressed: { hostNames: 0, proxied: 0 },
      unused: { Endpoints: 0, Pods: 0, workloads: 0 },
      warnings: [],
    });
  });
});

describe("importing Services with EndpointSlices", () => {
  const { cluster, report } = importKubernetes(SLICES);

  it("joins all slices of a service by port name and protocol, each endpoint once, ready ones only", () => {
    expect(endpointsOf(cluster, 0)).toEqual(["10.42.0.11:8080*", "10.42.1.12:8080", "10.42.2.14:8080"]);
    expect([protocolName(cluster.protocol[1]!), endpointsOf(cluster, 1)]).toEqual([
      "udp",
      ["10.42.0.11:8443*", "10.42.1.12:8443"],
    ]);
  });

  it("falls back to endpoints that serve while they terminate", () => {
    expect(endpointsOf(cluster, 2)).toEqual(["10.42.0.21:6379*"]);
  });

  it("reads policies, affinity, addresses and source ranges, IPv4 only", () => {
    expect([cluster.externalLocal[0], cluster.internalLocal[0], cluster.internalLocal[1]]).toEqual([1, 0, 1]);
    expect([...cluster.affinitySeconds]).toEqual([10_800, 0]);
    expect(externalsOf(cluster, 0)).toEqual(["203.0.113.9", "192.0.2.50"]);
    expect([...cluster.nodePort]).toEqual([31_080, 31_443, 0]);
    expect(formatCidr({ base: cluster.rangeBase[0]!, prefixLength: cluster.rangePrefixLength[0]! })).toBe(
      "198.51.100.0/26",
    );
    expect(cluster.rangeBase).toHaveLength(1);
  });

  it("leaves out headless and ExternalName services, and says so", () => {
    expect(cluster.services).toBe(2);
    expect(report.skipped).toEqual({ headless: 1, externalName: 1, otherFamily: 1, otherProxy: 0 });
    expect(report.otherObjects).toBe(1);
    expect(report.warnings).toEqual([]);
  });

  it.each([
    ["an external IP", "{clusterIP: 10.0.0.1, externalIPs: [10.0.7.7], ports: [{port: 80}]}", "10.0.0.0/22"],
    [
      "an external IP in the usual range",
      "{clusterIP: 10.96.0.1, externalIPs: [10.100.0.1], ports: [{port: 80}]}",
      "10.96.0.0/14",
    ],
    [
      "an external IP next to the cluster IP",
      "{clusterIP: 10.0.0.1, externalIPs: [10.0.0.2], ports: [{port: 80}]}",
      "10.0.0.0/16",
    ],
    [
      "a load balancer's address",
      "{type: LoadBalancer, clusterIP: 192.168.60.179, ports: [{port: 443}]}\nstatus: {loadBalancer: {ingress: [{ip: 192.168.1.50}]}}",
      "192.168.32.0/19",
    ],
  ])("infers a service range clear of %s, where there is one", (_what, spec, range) => {
    const text = `apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: ${spec}\n`;
    expect(formatCidr(importKubernetes(text).cluster.network.serviceCidr)).toBe(range);
  });

  it("infers the ranges around them, with a free part for clients", () => {
    const { serviceCidr, podCidr, clientCidr } = cluster.network;
    expect([serviceCidr, podCidr].map(formatCidr)).toEqual(["10.43.0.0/16", "10.42.0.0/16"]);
    expect(inCidr(podCidr, clientCidr.base)).toBe(true);
    expect(cluster.endpointAddress.some((address) => inCidr(clientCidr, address))).toBe(false);
  });

  it("takes absent conditions as ready and serving, as kube-proxy does", () => {
    const endpoints = [
      { addresses: ["10.244.0.1"], conditions: { ready: null } },
      { addresses: ["10.244.0.2"], conditions: { ready: false } },
      { addresses: [] },
    ];
    expect(endpointsOf(load(service("a", {}), slice("a", endpoints)), 0)).toEqual(["10.244.0.1:8080"]);
    const terminating = [{ addresses: ["10.244.0.3"], conditions: { ready: false, terminating: true } }];
    expect(endpointsOf(load(service("a", {}), slice("a", terminating)), 0)).toEqual(["10.244.0.3:8080"]);
  });

  const inZones = (...zones: string[]) =>
    zones.map((zone, i) => ({
      addresses: [`10.244.0.${i + 1}`],
      nodeName: `node-${i}`,
      zone: `zone-${i}`,
      hints: { forZones: [{ name: zone }] },
    }));

  it("keeps to this node's zone where every ready endpoint has a hint", () => {
    const near = inZones("zone-0", "zone-0", "zone-1");
    expect(endpointsOf(load(service("a", {}), slice("a", near)), 0)).toEqual([
      "10.244.0.1:8080*",
      "10.244.0.2:8080",
    ]);
  });

  it.each([
    ["one endpoint has no hint", [...inZones("zone-0", "zone-1"), { addresses: ["10.244.0.9"] }], {}],
    ["no hint is for this zone", inZones("zone-8", "zone-8", "zone-9"), {}],
    ["a policy is Local", inZones("zone-0", "zone-0", "zone-1"), { internalTrafficPolicy: "Local" }],
  ])("takes every endpoint where %s", (_why, endpoints, spec) => {
    expect(endpointsOf(load(service("a", spec), slice("a", endpoints)), 0)).toHaveLength(3);
  });

  /** Endpoints on node-0, node-1, …; node-0 is "this node". */
  const forNodes = (...nodes: string[][]) =>
    nodes.map((names, i) => ({
      addresses: [`10.244.0.${i + 1}`],
      nodeName: `node-${i}`,
      zone: i < 2 ? "near" : "far",
      hints: { forNodes: names.map((name) => ({ name })), forZones: [{ name: i < 2 ? "near" : "far" }] },
    }));
  const hintsOf = (endpoints: Fields[], spec: Fields = {}) => {
    const { cluster, report } = importKubernetes(JSON.stringify([service("a", spec), slice("a", endpoints)]));
    return [
      endpointsOf(cluster, 0)
        .map((text) => text.replace(/^10.244.0.(\d):8080/, "$1"))
        .join(" "),
      report.hints,
    ];
  };

  it.each([
    ["for this node before those for its zone", [["node-0"], ["node-1"], ["node-0"]], "1* 3", "node"],
    [
      "for its zone where a ready endpoint has no hint for nodes",
      [["node-0"], [], ["node-0"]],
      "1* 2",
      "zone",
    ],
    ["for its zone where none is for this node", [["node-8"], ["node-1"], ["node-9"]], "1* 2", "zone"],
  ])("takes endpoints %s", (_what, nodes, expected, by) => {
    expect(hintsOf(forNodes(...nodes))).toEqual([expected, { node: 0, zone: 0, unused: 0, [by]: 1 }]);
  });

  it.each([
    ["a hint is missing", [{ addresses: ["10.244.0.9"] }], {}, "1* 9"],
    ["only local endpoints are reached", [], { internalTrafficPolicy: "Local" }, "1*"],
  ])("counts hints that do not apply: %s", (_why, more, spec, expected) => {
    expect(hintsOf([...forNodes(["node-0"]), ...more], spec)).toEqual([
      expected,
      { node: 0, zone: 0, unused: 1 },
    ]);
  });

  it("keeps hints for cluster traffic of a service whose external policy is Local, which local endpoints serve whatever they say", () => {
    const spec = { type: "NodePort", externalTrafficPolicy: "Local" };
    expect(hintsOf(forNodes(["node-0"], ["node-1"]), spec)).toEqual(["1*", { node: 1, zone: 0, unused: 0 }]);
    expect(hintsOf(forNodes(["node-1"], ["node-0"]), spec)).toEqual([
      "2 1* for policy Local",
      { node: 1, zone: 0, unused: 0 },
    ]);
    const cluster = load(service("a", spec), slice("a", forNodes(["node-1"], ["node-0"])));
    expect([...cluster.endpointLocal]).toEqual([REMOTE, LOCAL_POLICY_ONLY]);
  });

  it("takes the zone of this node from its Node object, before what endpoints say", () => {
    const node = {
      kind: "Node",
      metadata: { name: "node-0", labels: { "topology.kubernetes.io/zone": "zone-9" } },
    };
    const near = inZones("zone-0", "zone-9");
    expect(endpointsOf(load(node, service("a", {}), slice("a", near)), 0)).toEqual(["10.244.0.2:8080"]);
  });

  it("takes address and zone of the first node that an endpoint names, where the input has all nodes", () => {
    const nodes = [1, 0].map((i) => ({
      kind: "Node",
      metadata: { name: `node-${i}`, labels: { "topology.kubernetes.io/zone": "zone-9" } },
      status: { addresses: [{ type: "InternalIP", address: `192.0.2.1${i}` }] },
    }));
    const objects = [...nodes, service("a", {}), slice("a", inZones("zone-0", "zone-9"))];
    const { cluster, report, known } = importKubernetes(JSON.stringify(objects));
    expect(cluster.network.nodeAddresses.map(formatAddress)).toEqual(["192.0.2.10"]);
    expect(known.nodeAddresses).toHaveLength(1);
    expect(describeImport(report)[1]).toBe(
      "this node is node-0, the first that an endpoint names, in zone zone-9",
    );
    expect(endpointsOf(cluster, 0)).toEqual(["10.244.0.2:8080"]);
  });

  it("takes an endpoint of two slices once, as one of this node where one of them says so", () => {
    const elsewhere = [{ addresses: ["10.244.0.1"], nodeName: "other" }];
    const here = [{ addresses: ["10.244.0.1"], nodeName: "me" }];
    const node = { kind: "Node", metadata: { name: "me" } };
    for (const slices of [[elsewhere, here] as const, [here, elsewhere] as const]) {
      const objects = slices.map((endpoints) => slice("a", endpoints));
      expect(endpointsOf(load(node, service("a", {}), ...objects), 0)).toEqual(["10.244.0.1:8080*"]);
    }
  });

  it("leaves out slices with the label of headless services, which no proxy asks for", () => {
    const labels = { "kubernetes.io/service-name": "a", "service.kubernetes.io/headless": "" };
    const unseen = slice("a", [{ addresses: ["10.244.0.9"] }], { metadata: { name: "a-y", labels } });
    const seen = slice("a", [{ addresses: ["10.244.0.1"] }]);
    expect(endpointsOf(load(service("a", {}), unseen, seen), 0)).toEqual(["10.244.0.1:8080"]);
  });

  it("takes a pod before a terminating one that has its address, whichever comes first", () => {
    const pod = (address: string, conditions: Fields) => ({ addresses: [address], conditions });
    const gone = { ready: false, serving: true, terminating: true };
    const both = [pod("10.244.0.2", gone), pod("10.244.0.2", { ready: true })];
    for (const pods of [both, [...both].reverse()]) {
      const slices = slice("a", [pod("10.244.0.1", gone), ...pods]);
      expect(endpointsOf(load(service("a", {}), slices), 0)).toEqual(["10.244.0.2:8080"]);
    }
  });

  it("takes the first of one address for kube-proxy up to 1.35, or one of this node, and the last that runs for later ones", () => {
    const gone = { ready: false, serving: true, terminating: true };
    const both = [
      { addresses: ["10.244.0.2"], conditions: gone },
      { addresses: ["10.244.0.2"], conditions: { ready: true } },
    ];
    const node = { kind: "Node", metadata: { name: "me" } };
    const taken = (endpoints: Fields[], sharedAddress: "first" | "running") => {
      const text = JSON.stringify([node, service("a", {}), slice("a", endpoints)]);
      return endpointsOf(importKubernetes(text, { node: "me", sharedAddress }).cluster, 0);
    };
    // Another pod is ready: what terminates is not in use.
    const beside = (endpoints: Fields[]) => [{ addresses: ["10.244.0.9"] }, ...endpoints];
    expect(taken(beside(both), "first")).toEqual(["10.244.0.9:8080"]);
    expect(taken(beside(both), "running")).toEqual(["10.244.0.9:8080", "10.244.0.2:8080"]);
    expect(taken(beside([...both].reverse()), "first")).toEqual(["10.244.0.9:8080", "10.244.0.2:8080"]);
    const here = { addresses: ["10.244.0.2"], nodeName: "me" };
    const elsewhere = { addresses: ["10.244.0.2"], nodeName: "other" };
    expect(taken([here, elsewhere], "first")).toEqual(["10.244.0.2:8080*"]);
    expect(taken([elsewhere, here], "first")).toEqual(["10.244.0.2:8080*"]);
    expect(taken([here, elsewhere], "running")).toEqual(["10.244.0.2:8080"]);
    expect(taken([elsewhere, here], "running")).toEqual(["10.244.0.2:8080*"]);
  });

  it("counts each endpoint that no policy uses once, and says so", () => {
    const pods = [
      { addresses: ["10.244.0.1"] },
      { addresses: ["10.244.0.2"], conditions: { ready: false } },
      { addresses: ["10.244.0.3"], conditions: { ready: false, serving: true, terminating: true } },
    ];
    const text = JSON.stringify([service("a", {}), slice("a", pods), slice("a", pods)]);
    const { cluster, report } = importKubernetes(text);
    expect([cluster.endpoints, cluster.idleEndpoints]).toEqual([1, 2]);
    expect(describeImport(report)).toContain(
      "endpoints not in use (not ready, terminating, or hinted elsewhere), left out: 2",
    );
  });

  it("warns of services that old kube-proxies leave out by their label", () => {
    const web = service("a", {});
    const labels = { "service.kubernetes.io/headless": "" };
    const labelled = { metadata: { name: "b", labels } };
    const other = { ...service("b", { clusterIP: "10.96.0.77" }), metadata: labelled.metadata };
    expect(importKubernetes(JSON.stringify([web, other])).report.warnings).toContain(
      "Services labelled service.kubernetes.io/headless, which kube-proxy up to 1.35 leaves out: 1",
    );
  });

  it("counts no hint where there is none", () => {
    expect(hintsOf([{ addresses: ["10.244.0.1"], nodeName: "n" }])).toEqual([
      "1*",
      { node: 0, zone: 0, unused: 0 },
    ]);
  });

  it("says whose endpoints are local, and what hints did", () => {
    const { report } = importKubernetes(
      JSON.stringify([
        service("a", {}),
        slice("a", forNodes(["node-0"], ["node-1"])),
        service("b", {}),
        slice("b", [{ ...forNodes([])[0], hints: { forZones: [{ name: "far" }] } }]),
      ]),
    );
    expect(describeImport(report).slice(1, 3)).toEqual([
      "this node is node-0, the first that an endpoint names, in zone near",
      "ports with topology hints: for this node: 1, do not apply here: 1",
    ]);
  });

  it("falls back to a local endpoint that terminates under policy Local, though others are ready", () => {
    const endpoints = [
      {
        addresses: ["10.244.0.1"],
        nodeName: "n",
        conditions: { ready: false, serving: true, terminating: true },
      },
      { addresses: ["10.244.0.2"], nodeName: "m" },
    ];
    const find = (spec: Fields) => endpointsOf(load(service("a", spec), slice("a", endpoints)), 0);
    expect(find({ internalTrafficPolicy: "Local" })).toEqual([
      "10.244.0.2:8080",
      "10.244.0.1:8080* for policy Local",
    ]);
    expect(find({ type: "NodePort", externalTrafficPolicy: "Local" })).toEqual([
      "10.244.0.2:8080",
      "10.244.0.1:8080* for policy Local",
    ]);
    expect(find({})).toEqual(["10.244.0.2:8080"]);
  });

  it("reads Endpoints where there are no EndpointSlices, and only there", () => {
    const endpoints = {
      kind: "Endpoints",
      apiVersion: "v1",
      metadata: { name: "a" },
      subsets: [
        {
          addresses: [{ ip: "10.244.0.1", nodeName: "n" }, { ip: "fd00::1" }],
          notReadyAddresses: [{ ip: "10.244.0.2" }],
          ports: [{ port: 8080 }],
        },
      ],
    };
    const { cluster, report } = importKubernetes(JSON.stringify([service("a", {}), endpoints]));
    expect([endpointsOf(cluster, 0), report.endpointOrigin, report.otherObjects]).toEqual([
      ["10.244.0.1:8080*"],
      "endpoints",
      0,
    ]);
    const both = load(service("a", {}), endpoints, slice("a", [{ addresses: ["10.244.0.7"] }]));
    expect(endpointsOf(both, 0)).toEqual(["10.244.0.7:8080"]);
  });

  it("matches the slice port's protocol, not only its name", () => {
    const ports = [{ name: "", port: 53, protocol: "UDP" }];
    const cluster = load(service("a", {}), slice("a", [{ addresses: ["10.244.0.1"] }], { ports }));
    expect(endpointsOf(cluster, 0)).toEqual([]);
  });

  it("keeps host-network endpoints out of the pod range", () => {
    const pods = Array.from({ length: 5 }, (_, i) => ({ addresses: [`10.42.${i}.2`] }));
    const host = { addresses: ["192.168.1.10"] };
    const { network } = load(service("a", { clusterIP: "10.43.0.9" }), slice("a", [host, ...pods]));
    expect(formatCidr(network.podCidr)).toBe("10.42.0.0/16");
  });

  it("widens the pod range to what holds the pods of all nodes, clear of the services", () => {
    const pods = ["10.4.0.1", "10.5.0.1", "10.6.0.1", "10.7.9.9"].map((ip) => ({ addresses: [ip] }));
    const { network } = load(service("a", { clusterIP: "10.8.0.10" }), slice("a", pods));
    expect([network.podCidr, network.serviceCidr].map(formatCidr)).toEqual(["10.4.0.0/14", "10.8.0.0/16"]);
  });

  it("gives the node an address that no service has", () => {
    const { network } = load(service("kubernetes", { clusterIP: "172.16.0.1" }));
    expect(network.nodeAddresses.map(formatAddress)).toEqual(["192.0.2.1"]);
  });

  it("names slice and field of an invalid address", () => {
    expect(
      problemOf(service("a", {}), slice("a", [{ addresses: ["10.0.0.1"] }, { addresses: ["x\ny"] }])),
    ).toBe('EndpointSlice default/a-x: endpoints[1].addresses[0]: expected an IPv4 address, not "x?y"');
  });
});

describe("making up endpoints from workloads", () => {
  const selecting = (app: string, port: Fields = {}) =>
    service(app, { selector: { app }, ports: [{ port: 80, ...port }] });

  it.each([
    ["Deployment", { replicas: 3 }, 3],
    ["Deployment", {}, 1],
    ["Deployment", { replicas: 0 }, 0],
    ["StatefulSet", { replicas: 2 }, 2],
    ["DaemonSet", { replicas: 5 }, 1],
    ["CronJob", { replicas: 5 }, 0],
  ])("gives a %s with %j its pods", (kind, spec, pods) => {
    expect(endpointsOf(load(selecting("a"), workload(kind, "a", spec)), 0)).toHaveLength(pods);
  });

  it.each([
    ["absent", {}, 80],
    ["a number", { targetPort: 9000 }, 9000],
    ["0", { targetPort: 0 }, 80],
    ["a container port's name", { targetPort: "web" }, 8080],
    ["a name of that protocol", { targetPort: "dns", protocol: "UDP" }, 5353],
  ])("finds the target port that is %s", (_what, port, target) => {
    const containerPorts = [
      { name: "dns", containerPort: 5300 },
      { name: "web", containerPort: 8080 },
      { name: "dns", containerPort: 5353, protocol: "UDP" },
    ];
    const cluster = load(selecting("a", port), workload("Deployment", "a", {}, containerPorts));
    expect(endpointsOf(cluster, 0)).toEqual([`10.128.0.1:${target}*`]);
  });

  it("gives no endpoint where no container has the named port, and warns", () => {
    const { cluster, report } = importKubernetes(
      JSON.stringify([selecting("a", { targetPort: "web" }), workload("Deployment", "a", {})]),
    );
    expect(cluster.endpoints).toBe(0);
    expect(report.warnings).toEqual(["Services without endpoints: 1 (default/a)"]);
  });

  it("selects by all labels, within the namespace, and nothing without a selector", () => {
    const cluster = load(
      service("both", { selector: { app: "a", tier: "x" } }),
      service("none", {}),
      service("far", { selector: { app: "a" } }, { metadata: { name: "far", namespace: "other" } }),
      selecting("a"),
      workload("Deployment", "a", {}),
    );
    expect([0, 1, 2, 3].map((p) => endpointsOf(cluster, p).length)).toEqual([0, 0, 0, 1]);
  });

  it("leaves services empty when the input has no endpoints", () => {
    const { cluster, report } = importKubernetes(JSON.stringify(service("a", {})));
    expect([cluster.endpoints, report.endpointOrigin]).toEqual([0, "none"]);
  });

  it("refuses more pods than the pod range holds", () => {
    const many = Array.from({ length: 90 }, (_, i) => [
      selecting(`a${i}`, {}),
      workload("Deployment", `a${i}`, { replicas: 100_000 }),
    ]).flat();
    expect(problemOf(...many)).toMatch(/more than 4000000 endpoints in all/);
  });
});

describe("reading Services", () => {
  it("makes up what is absent, past what others have", () => {
    const nodePorts = (...given: number[]) => ({
      type: "NodePort",
      ports: given.map((nodePort, i) => ({ name: `p${i}`, port: 80 + i, nodePort })),
    });
    const cluster = load(
      service("a", nodePorts(0, 30_001)),
      service("b", { clusterIP: "10.96.0.1", ...nodePorts(30_000) }),
      service("c", { ...nodePorts(0), externalIPs: ["10.96.0.3"] }),
    );
    expect(Array.from(cluster.clusterIp, formatAddress)).toEqual(["10.96.0.2", "10.96.0.1", "10.96.0.4"]);
    expect([...cluster.nodePort]).toEqual([30_002, 30_001, 30_000, 30_003]);
    expect(cluster.serviceType[0]).toBe(NODE_PORT);
  });

  it("gives a load balancer no NodePorts when it asks for none", () => {
    const cluster = load(service("a", { type: "LoadBalancer", allocateLoadBalancerNodePorts: false }));
    expect([cluster.nodePort[0], externalsOf(cluster, 0)]).toEqual([0, ["198.18.0.1"]]);
  });

  it("gives load balancers that answer by host name or as a proxy no address, and counts them", () => {
    const ingress = [{ hostname: "lb.example.com" }, { ip: "203.0.113.1", ipMode: "Proxy" }];
    const balancer = service("a", { type: "LoadBalancer" }, { status: { loadBalancer: { ingress } } });
    expect(externalsOf(load(balancer), 0)).toEqual([]);
    expect(describeImport(importKubernetes(JSON.stringify([balancer])).report)).toContain(
      "of load balancers, left out as kube-proxy does: host names: 1, addresses of ipMode Proxy: 1",
    );
  });

  it("takes the external policy of what is reached from outside, as kube-proxy does", () => {
    const local = { externalTrafficPolicy: "Local" };
    const cluster = load(
      service("a", local),
      service("b", { ...local, externalIPs: ["203.0.113.1"] }),
      service("c", { ...local, type: "NodePort" }),
    );
    expect([...cluster.externalLocal]).toEqual([0, 1, 1]);
  });

  it("takes an address that is both external IP and ingress once", () => {
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } };
    const spec = { type: "LoadBalancer", externalIPs: ["203.0.113.1"] };
    expect(externalsOf(load(service("a", spec, { status })), 0)).toEqual(["203.0.113.1"]);
  });

  it("reads the IPv4 side of dual-stack services", () => {
    const cluster = load(service("a", { clusterIP: "fd00::1", clusterIPs: ["fd00::1", "10.96.7.7"] }));
    expect(formatAddress(cluster.clusterIp[0]!)).toBe("10.96.7.7");
  });

  it("takes null as absent, as the API server does", () => {
    const nothing = { type: null, clusterIP: null, selector: null, sessionAffinity: null, externalIPs: null };
    expect(
      load(service("a", nothing, { metadata: { name: "a", namespace: null }, status: null })).serviceName(0),
    ).toBe("default/a");
  });

  it.each([
    ["no ports", service("a", { ports: [] }), /^Service default\/a: spec\.ports is empty: give it a port/],
    [
      "a port that is none",
      service("a", { ports: [{ port: 0 }] }),
      /^Service default\/a: spec\.ports\[0\]\.port: Too small/,
    ],
    [
      "a target port that is none",
      service("a", { ports: [{ port: 1, targetPort: 70_000 }] }),
      /spec\.ports\[0\]\.targetPort: Too big/,
    ],
    [
      "an unknown protocol",
      service("a", { ports: [{ port: 1, protocol: "ICMP" }] }),
      /spec\.ports\[0\]\.protocol: /,
    ],
    ["an unknown type", service("a", { type: "Balancer" }), /spec\.type: /],
    [
      "a cluster IP that is none",
      service("a", { clusterIP: "10.96.0" }),
      /^Service default\/a: spec\.clusterIP: expected an IPv4 address, not "10\.96\.0"/,
    ],
    [
      "an external IP that is none",
      service("a", { externalIPs: ["x"] }),
      /spec\.externalIPs\[0\]: expected an IPv4 address/,
    ],
    [
      "a source range that is none",
      service("a", { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/33"] }),
      /spec\.loadBalancerSourceRanges\[0\]: expected an IPv4 range, not "10\.0\.0\.0\/33"/,
    ],
    [
      "a NodePort of a ClusterIP service",
      service("a", { ports: [{ port: 1, nodePort: 30_000 }] }),
      /spec\.ports\[0\]\.nodePort: not allowed with type ClusterIP/,
    ],
    [
      "an affinity timeout of days",
      service("a", { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1e6 } } }),
      /timeoutSeconds: Too big/,
    ],
    [
      "a hostile name",
      service("a\u001b[2J\n", {}),
      /^Service default\/a\?\[2J\?: metadata\.name: expected a name/,
    ],
    ["no metadata", { kind: "Service", spec: {} }, /^Service default\/\(no name\): metadata: /],
    ["no spec", { kind: "Service", metadata: { name: "a" } }, /^Service default\/a: spec: /],
  ])("refuses %s and names the field", (_what, object, message) => {
    expect(problemOf(object)).toMatch(message);
  });

  it.each([
    [
      "cluster IP",
      { clusterIP: "10.96.0.9" },
      /^Service default\/b: clusterIP 10\.96\.0\.9 belongs to Service default\/a already: .*give one cluster's/,
    ],
    [
      "NodePort",
      { type: "NodePort", ports: [{ port: 1, nodePort: 30_000 }] },
      /b: ports\[0\]\.nodePort: 30000 \(tcp\) belongs to .*: .*change one of the two$/,
    ],
    [
      "external address and port",
      { externalIPs: ["203.0.113.1"] },
      /b: ports\[0\]: tcp port 80 at 203\.0\.113\.1 belongs to .*: kube-proxy .*by chance: take the address/,
    ],
    [
      "load balancer's address and port",
      { type: "LoadBalancer" },
      /b: ports\[0\]: tcp port 80 at 203\.0\.113\.2 belongs to .*: kube-proxy .*by chance: take the address/,
    ],
  ])("refuses two services with one %s", (_what, spec, message) => {
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.2" }] } };
    const rest = "type" in spec && spec.type === "LoadBalancer" ? { status } : {};
    expect(problemOf(service("a", spec, rest), service("b", spec, rest))).toMatch(message);
  });

  it("keeps in both lists an address that is an external IP and a load balancer's", () => {
    const spec = {
      type: "LoadBalancer",
      clusterIP: "10.96.0.9",
      externalIPs: ["203.0.113.1", "203.0.113.2"],
    };
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.2" }, { ip: "203.0.113.3" }] } };
    const { cluster } = importKubernetes(JSON.stringify(service("a", spec, { status })));
    expect([...cluster.externalAddress].map(formatAddress)).toEqual([
      "203.0.113.1",
      "203.0.113.2",
      "203.0.113.3",
    ]);
    expect([...cluster.externalKind]).toEqual([EXTERNAL_IP, EXTERNAL_AND_INGRESS_IP, INGRESS_IP]);
    const written = parseCluster([...writeCluster(cluster)].join(""));
    const exported = importKubernetes([...kubernetesList(cluster)].join("")).cluster;
    for (const kept of [written, exported]) expect(kept.externalKind).toEqual(cluster.externalKind);
  });

  it("reads the ranges of all ServiceCIDR objects, each once, the cluster's own first, whatever their state", () => {
    const range = (name: string, cidrs: string[], metadata: Fields = {}) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "ServiceCIDR",
      metadata: { name, ...metadata },
      spec: { cidrs },
    });
    const imported = (...objects: Fields[]) =>
      importKubernetes(objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    const own = range("kubernetes", ["10.96.0.0/12", "fd00:10:96::/108"]);
    const leaving = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    const one = service("a", { clusterIP: "10.96.0.9" });
    const six = service("b", { clusterIP: "fd00:98::9", ipFamilies: ["IPv6"] });
    const { cluster, ipv6, known, report } = imported(
      ...[one, six, range("again", ["10.200.0.0/24"]), range("also", ["10.200.0.0/24", "fd00:98::/112"])],
      ...[own, range("leaving", ["10.201.0.0/24"], leaving)],
    );
    expect(serviceRangesText(cluster.network)).toBe("10.96.0.0/12, 10.200.0.0/24, 10.201.0.0/24");
    expect(serviceRangesText(ipv6!.cluster.network)).toBe("fd00:10:96::/108, fd00:98::/112");
    expect(describeNetwork(cluster.network, known).join("\n")).toContain(
      "Service ranges 10.96.0.0/12, 10.200.0.0/24, 10.201.0.0/24",
    );
    expect(report.otherObjects).toBe(0);
    expect(imported(one, own).cluster.network).not.toHaveProperty("moreServiceCidrs");
  });

  it("reads the ranges that are exported where there are several, and exports one with no object", () => {
    const own = { kind: "ServiceCIDR", metadata: { name: "kubernetes" }, spec: { cidrs: ["10.96.0.0/12"] } };
    const more = { kind: "ServiceCIDR", metadata: { name: "z" }, spec: { cidrs: ["10.200.0.0/24"] } };
    const exported = (...objects: Fields[]) => {
      const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
      return [...kubernetesList(importKubernetes(text).cluster)].join("");
    };
    const one = service("a", { clusterIP: "10.96.0.9" });
    expect(exported(one, own)).not.toContain("ServiceCIDR");
    const two = exported(one, own, more);
    expect(
      JSON.parse(two).items.map(({ kind, metadata }: { kind: string; metadata: Fields }) => [
        kind,
        metadata.name,
      ]),
    ).toEqual([
      ["ServiceCIDR", "kubernetes"],
      ["ServiceCIDR", "kubernetes-2"],
      ["Service", "a"],
    ]);
    expect(serviceRangesText(importKubernetes(two).cluster.network)).toBe("10.96.0.0/12, 10.200.0.0/24");
  });

  it("refuses a service that appears twice", () => {
    expect(problemOf(service("a", {}), service("a", {}))).toBe(
      "Service default/a: the name is given twice: give one cluster's objects, each once",
    );
  });

  it("refuses more NodePorts than there are", () => {
    const many = Array.from({ length: 2_769 }, (_, i) => service(`a${i}`, { type: "NodePort" }));
    expect(problemOf(...many)).toBe("Service default/a2768: spec.ports: no NodePort is left in 30000-32767");
  });

  it("refuses input in which nothing is balanced", () => {
    expect(problemOf(service("a", { clusterIP: "None" }), workload("Deployment", "b", {}))).toMatch(
      /^of the input's 2 objects \(Service, Deployment\) none is a Service with a cluster IP/,
    );
  });

  it("joins ten thousand services with their slices without looking at every pair", () => {
    const objects = Array.from({ length: 10_000 }, (_, i) => [
      service(`a${i}`, {}),
      slice(`a${i}`, [{ addresses: [`10.${128 + (i >> 14)}.${(i >> 8) & 255}.${i & 255}`] }]),
    ]).flat();
    expect(load(...objects).endpoints).toBe(10_000);
  });
});
