import { describe, expect, it } from "vitest";
import { readFixture } from "../../test/fuzz-import.js";
import { clusterDigest } from "../cluster/digest.js";
import { generateCluster } from "../cluster/generate.js";
import { writeCluster } from "../cluster/json.js";
import { importCluster } from "./detect.js";

describe("importCluster", () => {
  it("reads a cluster file of its own", () => {
    const cluster = generateCluster({ services: 3, seed: 1 });
    const text = [...writeCluster(cluster)].join("");
    expect(clusterDigest(importCluster(text).cluster)).toBe(clusterDigest(cluster));
    const indented = JSON.stringify(JSON.parse(text), null, 2);
    expect(clusterDigest(importCluster(indented).cluster)).toBe(clusterDigest(cluster));
  });

  it("says of a damaged cluster file that it is one", () => {
    expect(() => importCluster('{"lbscale":"cluster","version":1,')).toThrow(/^the cluster file is not JSON/);
  });

  it("reads Kubernetes objects, and reports in lines", () => {
    expect(importCluster(readFixture("online-boutique.yaml")).report).toEqual([
      "12 Services with 12 ports and 12 endpoints (made up: a pod for each replica of the workloads, all on this node)",
      "left out: other objects: 11",
      "made up, because the input leaves them to the cluster: cluster IPs: 12, load-balancer addresses: 1, NodePorts: 1",
      "assumed, because the input does not say: pod range 10.128.0.0/9; Service range 10.96.0.0/12; node address 172.16.0.1",
    ]);
    expect(importCluster(readFixture("endpointslices.yaml")).report).toEqual([
      "2 Services with 3 ports and 6 endpoints (from EndpointSlices)",
      "this node is node-a, the first that an endpoint names",
      "left out: headless Services: 1, ExternalName Services: 1, other objects: 1",
      "of load balancers, left out as kube-proxy does: host names: 1, addresses of ipMode Proxy: 1",
      "endpoints not in use (not ready, terminating, or hinted elsewhere), left out: 3",
      "dual-stack Services, in both families: 1",
      "assumed, because the input does not say: pod range 10.42.0.0/16; Service range 10.43.0.0/16; node address 172.16.0.1",
      "IPv6: 2 Services with 3 ports and 1 endpoint (from EndpointSlices)",
      "IPv6: warning: Services without endpoints: 1 (shop/six)",
      "IPv6: assumed, because the input does not say: pod range fd00::/48; Service range fd00::/108; node address 3fff:172::1",
    ]);
  });

  it("ignores a byte-order mark", () => {
    const service = '{"kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":80}]}}';
    expect(importCluster(`\ufeff${service}`).cluster.services).toBe(1);
  });
});
