import { describe, expect, it } from "vitest";
import { parseAddress } from "../../cluster/cluster.js";
import { usualPlan } from "../../cluster/plan-addresses.js";
import { type ApiObject, asEndpointSlice, type ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { changeSlice, FreshAddresses, resizeSlice, rollOut } from "./changes.js";

const slice = (...addresses: string[]): ApiObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "a-1", namespace: "ns", annotations: { kept: "yes" } },
  addressType: "IPv4",
  ports: [{ port: 8080 }],
  endpoints: addresses.map((address) => ({ addresses: [address], nodeName: "other" })),
});
const fresh = () => new FreshAddresses(parseAddress("10.9.0.1")!, {});
const tools = () => ({ position: 1, fresh: fresh(), now: new Date(0) });
const addresses = ({ object }: ObjectChange) =>
  asEndpointSlice(object).endpoints.flatMap((endpoint) => endpoint.addresses);

describe("changes of one endpoint", () => {
  it("that joins add a fresh address with everything else of an endpoint, and say which", () => {
    const { change, joined, left } = changeSlice(slice("10.0.0.1", "10.0.0.2"), "join", tools());
    expect({ joined, left }).toEqual({ joined: "10.9.0.1", left: null });
    expect(addresses(change)).toEqual(["10.0.0.1", "10.0.0.2", "10.9.0.1"]);
    expect(asEndpointSlice(change.object).endpoints.at(-1)?.nodeName).toBe("other");
  });

  it("that leaves remove one, and say which", () => {
    const { change, joined, left } = changeSlice(slice("10.0.0.1", "10.0.0.2"), "leave", tools());
    expect(joined).toBeNull();
    expect([...addresses(change), left].sort()).toEqual(["10.0.0.1", "10.0.0.2"]);
  });

  it("that is replaced keep the others in their places", () => {
    const { change, joined, left } = changeSlice(slice("10.0.0.1", "10.0.0.2"), "replace", tools());
    const after = ["10.0.0.1", "10.0.0.2"].map((address) => (address === left ? joined : address));
    expect(addresses(change)).toEqual(after);
  });

  it("give endpoints of an IPv6 cluster addresses of its pod range", () => {
    const network = { ipv6: usualPlan() };
    const six = slice("fd00:10:128::1", "fd00:10:128::2");
    const { joined } = changeSlice(six, "join", {
      ...tools(),
      fresh: new FreshAddresses(parseAddress("10.254.0.0")!, network),
    });
    expect(network.ipv6.parse(joined!)).toBe(parseAddress("10.254.0.0"));
    expect(joined).toBe(network.ipv6.format(parseAddress("10.254.0.0")!));
    expect(network.ipv6.isRegular).toBe(true);
  });

  it("carry the time from which kube-proxy counts, next to the slice's own annotations", () => {
    const { change } = changeSlice(slice("10.0.0.1"), "join", { ...tools(), position: 0 });
    expect(change.object.metadata.annotations).toEqual({
      kept: "yes",
      "endpoints.kubernetes.io/last-change-trigger-time": "1970-01-01T00:00:00.000Z",
    });
  });

  it("cannot be made of a slice without endpoints", () => {
    expect(() => changeSlice(slice(), "leave", tools())).toThrow(/a-1 has no endpoint/);
  });
});

describe("a rollout", () => {
  it("replaces every endpoint, one per event, none twice", () => {
    const events = rollOut(slice("10.0.0.1", "10.0.0.2", "10.0.0.3"), fresh(), new Date(0));
    expect(events.map(addresses)).toEqual([
      ["10.9.0.1", "10.0.0.2", "10.0.0.3"],
      ["10.9.0.1", "10.9.0.2", "10.0.0.3"],
      ["10.9.0.1", "10.9.0.2", "10.9.0.3"],
    ]);
  });

  it("is of as many endpoints as the slice was given", () => {
    const grown = resizeSlice(slice("10.0.0.1"), 3, fresh(), new Date(0));
    expect(addresses(grown)).toEqual(["10.0.0.1", "10.9.0.1", "10.9.0.2"]);
    expect(addresses(resizeSlice(slice("10.0.0.1", "10.0.0.2"), 1, fresh(), new Date(0)))).toEqual([
      "10.0.0.1",
    ]);
  });
});
