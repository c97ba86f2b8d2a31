import { describe, expect, it } from "vitest";
import { parseObject } from "../../kubernetes/list-watch/parse.js";
import { withoutRepeatedEndpoints } from "./repeated-endpoints.js";

const service = (name: string) =>
  parseObject({ apiVersion: "v1", kind: "Service", metadata: { namespace: "a", name }, spec: {} }).object;
const slice = (name: string, of: string, port: number, ready: boolean, ...addresses: string[]) =>
  parseObject({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: "a", name, labels: { "kubernetes.io/service-name": of } },
    addressType: "IPv6",
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready } })),
    ports: [{ name: "", port, protocol: "TCP" }],
  }).object;

const KEPT = [service("one"), slice("one-a", "one", 80, true, "fd00::1")];

describe("endpoints that slices repeat", () => {
  it("leave their Service out where the slices disagree, however an address is written", () => {
    const twice = [
      service("two"),
      slice("two-a", "two", 80, true, "fd00::1", "fd00::2"),
      slice("two-b", "two", 80, false, "fd00::0:2"),
    ];
    expect(withoutRepeatedEndpoints([...twice, ...KEPT])).toEqual({
      objects: KEPT,
      leftOut: ["a/two"],
    });
  });

  it("are no matter at other ports, in other Services, within one slice, or where slices agree", () => {
    const objects = [
      service("two"),
      slice("two-a", "two", 80, true, "fd00::2", "fd00::2"),
      slice("two-b", "two", 81, false, "fd00::2"),
      service("three"),
      slice("three-a", "three", 80, false, "fd00::2"),
      service("four"),
      slice("four-a", "four", 80, true, "fd00::2"),
      slice("four-b", "four", 80, true, "fd00::2"),
    ];
    expect(withoutRepeatedEndpoints(objects)).toEqual({ objects, leftOut: [] });
  });
});
