/** Services of which several slices hold the same addresses, with other ports, names and states. */

import { Random } from "../../src/random.js";

const NODE = "me";
const NAMES = ["http", "metrics", "grpc"];
const NUMBERS = [8080, 9090];
const ADDRESSES = 4;

/** A List of Kubernetes' objects as JSON, other ones for each seed. */
export function repeatingSlices(seed: number, services: number): string {
  const random = Random.fromSeed(seed, "repeating slices");
  const number = () => NUMBERS[random.below(NUMBERS.length)]!;
  const some = <T>(all: readonly T[]): T[] => {
    const chosen = all.filter(() => random.below(2) === 0);
    return chosen.length > 0 ? chosen : [all[random.below(all.length)]!];
  };
  const objects = Array.from({ length: services }, (_, s) => {
    const name = `s${s}`;
    const clusterIP = `10.96.1.${s + 1}`;
    const ports = NAMES.map((port, i) => ({
      name: port,
      port: 80 + i,
      targetPort: number(),
      protocol: "TCP",
    }));
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "a" },
      spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ipFamilies: ["IPv4"], ports },
    };
    const slices = Array.from({ length: 2 + random.below(3) }, (_, i) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${name}-${i}`, namespace: "a", labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: some(Array.from({ length: ADDRESSES }, (_, e) => `10.244.${s}.${e + 1}`)).map((address) => {
        const ready = random.below(3) > 0;
        const serving = ready || random.below(2) === 0;
        return {
          addresses: [address],
          conditions: { ready, serving, terminating: !ready && random.below(2) === 0 },
          nodeName: NODE,
        };
      }),
      ports: some(NAMES).map((port) => ({ name: port, port: number(), protocol: "TCP" })),
    }));
    return [service, ...slices];
  });
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: NODE },
    status: { addresses: [{ type: "InternalIP", address: "192.0.2.10" }] },
  };
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: [node, ...objects.flat()] });
}
