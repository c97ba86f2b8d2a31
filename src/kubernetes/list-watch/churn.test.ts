import { expect, test } from "vitest";
import { Random } from "../../random.js";
import { replaceEndpoint } from "./churn.js";
import { asEndpointSlice, parseObject } from "./parse.js";

const slice = (...addresses: string[]) =>
  parseObject({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-0", annotations: { kept: "yes" } },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], nodeName: `node of ${address}` })),
    ports: [{ port: 80 }],
  }).object;
const NOW = new Date("2026-11-28T20:00:00.000Z");

test("churn: one endpoint gets another address, on the node of the one that it replaces", () => {
  const before = ["10.244.0.1", "10.244.0.2", "10.244.0.3"];
  for (let seed = 0; seed < 50; seed++) {
    const change = replaceEndpoint(slice(...before), Random.fromSeed(seed), NOW);
    const { endpoints } = asEndpointSlice(change!.object);
    const changed = endpoints.filter(({ addresses }) => !before.includes(addresses[0]!));
    expect(endpoints).toHaveLength(3);
    expect(changed).toHaveLength(1);
    expect(changed[0]!.addresses[0]).toMatch(/^10\.244\.\d+\.\d+$/);
    expect(endpoints.map(({ nodeName }) => nodeName)).toEqual(before.map((address) => `node of ${address}`));
  }
});

test("churn: the change says when it happened, and keeps other annotations", () => {
  const change = replaceEndpoint(slice("10.244.0.1"), Random.fromSeed(1), NOW);
  expect(change!.object.metadata.annotations).toEqual({
    kept: "yes",
    "endpoints.kubernetes.io/last-change-trigger-time": "2026-11-28T20:00:00.000Z",
  });
});

test("churn: an IPv6 endpoint keeps its prefix", () => {
  const change = replaceEndpoint(slice("fd00:10:244::7"), Random.fromSeed(1), NOW);
  expect(asEndpointSlice(change!.object).endpoints[0]!.addresses[0]).toMatch(/^fd00:10:244::[0-9a-f]+$/);
});

test("churn: a slice without endpoints has none to replace", () => {
  expect(replaceEndpoint(slice(), Random.fromSeed(1), NOW)).toBeUndefined();
});
