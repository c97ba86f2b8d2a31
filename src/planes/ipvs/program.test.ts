import { describe, expect, it } from "vitest";
import { formatAddress } from "../../cluster/cluster.js";
import { generateCluster } from "../../cluster/generate.js";
import { PlaneLimitError } from "../../errors.js";
import { importKubernetes } from "../../kubernetes/import.js";
import { ipvs } from "./index.js";
import { listSetEntries } from "./tables/set-entries.js";

describe("the IPVS program", () => {
  const cluster = generateCluster({ services: 100, seed: 1, types: "nodePort" });

  it("has a virtual service for each cluster IP and each node's NodePort", () => {
    const facts = ipvs.compile(cluster).facts();
    expect(facts).toEqual({
      kubeProxy: "1.37.2",
      virtualServices: 200,
      destinations: 800,
      scheduler: "rr",
      serviceTable: "fixed",
      buckets: 256,
    });
  });

  it("grows by 440 bytes per service and 464 per destination, and by the scheduler's tables", () => {
    const bytes = (ipvsScheduler: "rr" | "wrr" | "sh" | "mh") =>
      ipvs.compile(cluster, { ipvsScheduler }).bytes();
    const records = 200 * 440 + 800 * 464 + 256 * 8;
    expect(bytes("rr")).toBeGreaterThan(records);
    // Twelve hash sets of 1024 heads and five bitmaps of 65536 bits, and what is in them.
    expect(bytes("rr")).toBeLessThan(records + 12 * 8192 + 5 * 8192 + 25_000);
    expect(bytes("wrr") - bytes("rr")).toBe(200 * 40);
    expect(bytes("sh") - bytes("rr")).toBe(200 * (256 * 8 + 16));
    expect(bytes("mh") - bytes("rr")).toBe(200 * (4093 * 8 + 72));
  });

  it("refuses a cluster that overflows kube-proxy's ipsets", () => {
    const large = generateCluster({ services: 65_537, seed: 1, endpoints: { kind: "constant", count: 0 } });
    expect(() => ipvs.compile(large)).toThrow(PlaneLimitError);
    expect(() => ipvs.compile(large)).toThrow(/KUBE-CLUSTER-IP/);
  });

  it("rejects no other port at an external IP that is the node's own address", () => {
    const node = {
      kind: "Node",
      metadata: { name: "me" },
      status: { addresses: [{ type: "InternalIP", address: "192.0.2.10" }] },
    };
    const spec = {
      clusterIP: "10.96.0.1",
      externalIPs: ["192.0.2.10", "203.0.113.1"],
      ports: [{ port: 80 }],
    };
    const service = { kind: "Service", metadata: { name: "web" }, spec };
    const { cluster: own } = importKubernetes(JSON.stringify([node, service]), { node: "me" });
    expect(own.network.nodeAddresses.map(formatAddress)).toEqual(["192.0.2.10"]);
    const addresses = [...listSetEntries(own).hash["KUBE-IPVS-IPS"].view()];
    expect(addresses.map((one) => formatAddress(one >>> 0))).toEqual(["10.96.0.1", "203.0.113.1"]);
  });

  it("creates services in another order for another seed, and in the cluster's when asked", () => {
    const order = (options: object) => {
      const program = ipvs.compile(cluster, options) as unknown as {
        virtualServices: { servicePort: Uint32Array };
      };
      return [...program.virtualServices.servicePort];
    };
    expect(order({ ruleOrder: "listed" }).slice(0, 4)).toEqual([0, 0, 1, 1]);
    expect(order({ seed: 1 })).toEqual(order({ seed: 1 }));
    expect(order({ seed: 1 })).not.toEqual(order({ seed: 2 }));
  });
});
