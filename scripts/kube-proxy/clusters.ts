/** The clusters that the real kube-proxy is recorded on, and what happens in them. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import type { KubeProxyOptions } from "../../src/kernel/kube-proxy/driver.js";
import { plainService, plainSlice } from "../../src/kernel/real-program/plain-objects.js";
import { type ApiObject, type ObjectChange, parseObjects } from "../../src/kubernetes/list-watch/parse.js";

/** Objects of the clusters, as kubectl prints them. */
const CLUSTER_FOLDER = "test/data/kube-proxy/clusters";

/** A change with a name. */
export interface Step {
  readonly name: string;
  readonly changes: readonly ObjectChange[];
}

export interface RecordedCluster {
  readonly name: string;
  readonly objects: readonly ApiObject[];
  readonly options: Partial<KubeProxyOptions>;
  readonly steps: readonly Step[];
  /** Recorded in IPVS mode too, and with iptables' legacy backend by the newest kube-proxy. */
  readonly everyMode: boolean;
}

const POD_RANGE = "10.244.0.0/16";
const DUAL_POD_RANGES = `${POD_RANGE},fd00:10:244::/56`;

/** All of them. Reads the objects' files. */
export function recordedClusters(): RecordedCluster[] {
  const kinds = read("kinds.json");
  const dual = read("dual.json");
  const ranges = read("ranges.json");
  const dualRanges = read("dual-ranges.json");
  const large = largeCluster();
  const none = { steps: [], everyMode: false };
  const regular = [
    [10, 1],
    [10, 4],
    [40, 3],
  ] as const;
  return [
    {
      name: "kinds",
      objects: kinds,
      options: { podRange: POD_RANGE },
      steps: kindSteps(new Editor(kinds)),
      everyMode: true,
    },
    {
      name: "dual",
      objects: dual,
      options: { podRange: DUAL_POD_RANGES },
      steps: dualSteps(new Editor(dual)),
      everyMode: true,
    },
    {
      name: "ranges",
      objects: ranges,
      options: { podRange: POD_RANGE },
      steps: [joins(new Editor(ranges), "far", "10.244.1.77")],
      everyMode: false,
    },
    {
      name: "dual-ranges",
      objects: dualRanges,
      options: { podRange: DUAL_POD_RANGES },
      steps: [joins(new Editor(dualRanges), "far", "10.244.1.77")],
      everyMode: false,
    },
    {
      name: "large",
      objects: large,
      options: { podRange: POD_RANGE },
      steps: [joins(new Editor(large), "large-0", "10.244.200.1")],
      everyMode: false,
    },
    ...regular.map(([services, endpoints]) => {
      const objects = regularCluster(services, endpoints);
      return {
        name: `${services}x${endpoints}`,
        objects,
        options: { podRange: POD_RANGE },
        steps: [joins(new Editor(objects), "regular-0", "10.244.200.1")],
        everyMode: false,
      };
    }),
    { name: "no-pod-range", objects: kinds, options: {}, ...none },
    {
      name: "masquerade-all",
      objects: kinds,
      options: { podRange: POD_RANGE, masqueradeAll: true },
      ...none,
    },
    {
      name: "nodeport-addresses-all",
      objects: kinds,
      options: { podRange: POD_RANGE, nodePortAddresses: ["0.0.0.0/0"] },
      ...none,
    },
    {
      name: "nodeport-addresses-range",
      objects: kinds,
      options: { podRange: POD_RANGE, nodePortAddresses: ["192.0.2.0/24"] },
      ...none,
    },
    {
      name: "no-localhost-nodeports",
      objects: kinds,
      options: { podRange: POD_RANGE, localhostNodePorts: false },
      ...none,
    },
  ];
}

function read(file: string): ApiObject[] {
  return [...parseObjects(readFileSync(`${CLUSTER_FOLDER}/${file}`, "utf8"))].map(({ object }) => object);
}

const READY = { ready: true, serving: true, terminating: false };

/** Eleven Services of 100 endpoints: kube-proxy's large-cluster mode begins above 1,000 endpoints. */
function largeCluster(): ApiObject[] {
  return clusterIps("large", 11, 100, (service) => (service === 0 ? "me" : "other"));
}

/** Services with as many endpoints each, all on another node: what a first sync writes of them is counted. */
function regularCluster(services: number, endpoints: number): ApiObject[] {
  return clusterIps("regular", services, endpoints, () => "other");
}

function clusterIps(
  prefix: string,
  services: number,
  endpointsEach: number,
  nodeOf: (service: number) => string,
): ApiObject[] {
  const objects = read("kinds.json").filter(({ kind }) => kind === "Node" || kind === "ServiceCIDR");
  for (let s = 0; s < services; s++) {
    const name = `${prefix}-${s}`;
    const endpoints = Array.from({ length: endpointsEach }, (_, e) => ({
      addresses: [`10.244.${s}.${e + 1}`],
      conditions: READY,
      nodeName: nodeOf(s),
    }));
    objects.push(serviceObject(name, `10.96.1.${s + 1}`), sliceObject(name, endpoints));
  }
  return objects;
}

function serviceObject(name: string, clusterIP: string): ApiObject {
  return plainService({ name, namespace: "ns1", clusterIP, protocol: "TCP", family: 4 });
}

function sliceObject(service: string, endpoints: readonly object[]): ApiObject {
  const names = { name: `${service}-abcde`, namespace: "ns1", service, protocol: "TCP" };
  return plainSlice({ ...names, endpoints, family: 4 });
}

const sliceSchema = z.looseObject({
  endpoints: z.array(z.looseObject({ addresses: z.array(z.string()) })),
});
const serviceSchema = z.looseObject({ spec: z.looseObject({}) });
type Endpoint = z.infer<typeof sliceSchema>["endpoints"][number];

/** Makes one change after the other, each on top of those before. */
class Editor {
  readonly #objects: ApiObject[];

  constructor(objects: readonly ApiObject[]) {
    this.#objects = [...objects];
  }

  /** Other endpoints for the slice of a name. */
  endpoints(name: string, edit: (endpoints: Endpoint[]) => Endpoint[]): ObjectChange {
    const old = this.#find("EndpointSlice", name);
    return this.#replace(old, { ...old, endpoints: edit(sliceSchema.parse(old).endpoints) });
  }

  /** Other fields in the spec of a Service. */
  spec(name: string, fields: object): ObjectChange {
    const old = this.#find("Service", name);
    return this.#replace(old, { ...old, spec: { ...serviceSchema.parse(old).spec, ...fields } });
  }

  add(object: ApiObject): ObjectChange {
    this.#objects.push(object);
    return { type: "ADDED", object };
  }

  remove(kind: string, name: string): ObjectChange {
    const object = this.#find(kind, name);
    this.#objects.splice(this.#objects.indexOf(object), 1);
    return { type: "DELETED", object };
  }

  #find(kind: string, name: string): ApiObject {
    const found = this.#objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`the cluster has no ${kind} ${name}`);
    return found;
  }

  #replace(old: ApiObject, object: ApiObject): ObjectChange {
    this.#objects[this.#objects.indexOf(old)] = object;
    return { type: "MODIFIED", object };
  }
}

function joins(editor: Editor, service: string, address: string, nodeName = "other"): Step {
  const joined = { addresses: [address], conditions: READY, nodeName };
  const change = editor.endpoints(`${service}-abcde`, (endpoints) => [...endpoints, joined]);
  return { name: `${address} joins ${service}`, changes: [change] };
}

function becomes(editor: Editor, service: string, address: string, state: string, conditions: object): Step {
  const change = editor.endpoints(`${service}-abcde`, (endpoints) =>
    endpoints.map((each) => (each.addresses[0] === address ? { ...each, conditions } : each)),
  );
  return { name: `${address} of ${service} ${state}`, changes: [change] };
}

function kindSteps(editor: Editor): Step[] {
  const step = (name: string, ...changes: ObjectChange[]): Step => ({ name, changes });
  const port = { name: "p", protocol: "TCP", port: 80, targetPort: 8080 };
  return [
    joins(editor, "plain", "10.244.1.55"),
    joins(editor, "plain", "10.244.0.56", "me"),
    becomes(editor, "plain", "10.244.1.55", "is no longer ready", {
      ready: false,
      serving: false,
      terminating: false,
    }),
    becomes(editor, "one", "10.244.1.6", "terminates", { ready: false, serving: true, terminating: true }),
    step(
      "10.244.0.56 leaves plain",
      editor.endpoints("plain-abcde", (endpoints) =>
        endpoints.filter(({ addresses }) => addresses[0] !== "10.244.0.56"),
      ),
    ),
    step("new is added without endpoints", editor.add(serviceObject("new", "10.96.0.40"))),
    step(
      "new gets two endpoints",
      editor.add(
        sliceObject("new", [
          { addresses: ["10.244.0.40"], conditions: READY, nodeName: "me" },
          { addresses: ["10.244.1.40"], conditions: READY, nodeName: "other" },
        ]),
      ),
    ),
    step(
      "new becomes a NodePort",
      editor.spec("new", {
        type: "NodePort",
        externalTrafficPolicy: "Cluster",
        ports: [{ ...port, nodePort: 30040 }],
      }),
    ),
    step("np gets external policy Local", editor.spec("np", { externalTrafficPolicy: "Local" })),
    step(
      "itplocal gets internal policy Cluster",
      editor.spec("itplocal", { internalTrafficPolicy: "Cluster" }),
    ),
    step(
      "np gets affinity",
      editor.spec("np", {
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
      }),
    ),
    step("aff loses affinity", editor.spec("aff", { sessionAffinity: "None", sessionAffinityConfig: null })),
    step(
      "lbrange gets other ranges",
      editor.spec("lbrange", { loadBalancerSourceRanges: ["198.51.100.0/25"] }),
    ),
    step("lb gets a range", editor.spec("lb", { loadBalancerSourceRanges: ["192.0.2.0/24"] })),
    step("lbrange loses its ranges", editor.spec("lbrange", { loadBalancerSourceRanges: [] })),
    // Two steps: they reach kube-proxy by two watches, in any order.
    step("ext is removed", editor.remove("Service", "ext")),
    step("the slice of ext is removed", editor.remove("EndpointSlice", "ext-abcde")),
  ];
}

function dualSteps(editor: Editor): Step[] {
  const joined = { addresses: ["fd00:10:244:1::77"], conditions: READY, nodeName: "other" };
  const change = editor.endpoints("both-6", (endpoints) => [...endpoints, joined]);
  return [{ name: "fd00:10:244:1::77 joins both", changes: [change] }];
}
