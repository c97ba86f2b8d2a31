import { describe, expect, it } from "vitest";
import { importCluster } from "./detect.js";

/** As cilium-bugtool writes each command's output into `cmd/*.md` of a sysdump. */
const bugtool = (command: string, output: string) => `# ${command}\n\n\`\`\`\n${output}\`\`\`\n\n`;

const NAMES = { name: "web", namespace: "shop" };
const SERVICES = `apiVersion: v1
items:
- apiVersion: v1
  kind: Service
  metadata:
    name: web
    namespace: shop
  spec:
    clusterIP: 10.96.0.7
    clusterIPs:
    - 10.96.0.7
    selector:
      app: web
    ports:
    - port: 80
      protocol: TCP
      targetPort: 8080
    type: ClusterIP
  status:
    loadBalancer: {}
kind: ServiceList
metadata:
  resourceVersion: "8127"
`;
const SLICES = `apiVersion: discovery.k8s.io/v1
items:
- addressType: IPv4
  apiVersion: discovery.k8s.io/v1
  endpoints:
  - addresses:
    - 10.244.0.20
    conditions:
      ready: true
  kind: EndpointSlice
  metadata:
    labels:
      kubernetes.io/service-name: web
    name: web-x7k2p
    namespace: shop
  ports:
  - name: ""
    port: 8080
    protocol: TCP
kind: EndpointSliceList
metadata:
  resourceVersion: "8127"
`;

describe("a Cilium sysdump's files", () => {
  it("are read as Kubernetes objects: services and endpointslices, a file each", () => {
    const { cluster, report } = importCluster([SERVICES, SLICES]);
    expect([cluster.serviceName(0), cluster.endpoints]).toEqual(["shop/web", 1]);
    expect(report[0]).toBe("1 Service with 1 port and 1 endpoint (from EndpointSlices)");
  });

  it("are read as an agent's own list, below the command's name", () => {
    const list = `SERVICE ADDRESS             BACKEND ADDRESS (REVNAT_ID) (SLOT)
10.96.0.7:80/TCP (0)        0.0.0.0:0 (3) (0) [ClusterIP, non-routable]
10.96.0.7:80/TCP (1)        10.244.0.20:8080/TCP (3) (1)
`;
    const { cluster } = importCluster(bugtool("cilium-dbg bpf lb list", list));
    expect([cluster.services, cluster.endpoints]).toEqual([1, 1]);
  });

  it("are read as the table of cilium-dbg service list, below the command's name", () => {
    const table =
      "ID   Frontend           Service Type   Backend\n1    10.96.0.7:80/TCP   ClusterIP      1 => 10.244.0.20:8080/TCP (active)\n";
    const { cluster } = importCluster(bugtool("cilium-dbg service list", table));
    expect([cluster.services, cluster.endpoints]).toEqual([1, 1]);
  });
});

it("reads kubectl get all -o yaml: Services with the Pods that they select, not the Deployments", () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-0", namespace: "shop", labels: { app: "web" } },
    spec: { nodeName: "one", containers: [{ name: "web" }] },
    status: { phase: "Running", podIP: "10.244.0.20", conditions: [{ type: "Ready", status: "True" }] },
  };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: NAMES,
    spec: { replicas: 3, template: { metadata: { labels: { app: "web" } } } },
  };
  const items = SERVICES.slice(SERVICES.indexOf("- "), SERVICES.indexOf("kind: ServiceList"));
  const more = [pod, deployment].map((object) => `- ${JSON.stringify(object)}\n`).join("");
  const { cluster, report } = importCluster(
    `apiVersion: v1\nitems:\n${items}${more}kind: List\nmetadata:\n  resourceVersion: ""\n`,
  );
  expect([cluster.services, cluster.endpoints]).toEqual([1, 1]);
  expect(report[0]).toContain("from the Pods that they select");
  expect(report).toContain("not read for endpoints, because other objects list them: workloads: 1");
});
