import { describe, expect, it } from "vitest";
import type { FamilyChoice } from "../../../cluster/family.js";
import { asEndpointSlice, type ObjectChange } from "../../../kubernetes/list-watch/parse.js";
import { ServedCluster } from "./served-cluster.js";

const served = (family: FamilyChoice) =>
  ServedCluster.generate({
    call: "prepare",
    folder: "",
    limitMs: 0,
    seed: 1,
    family,
    services: 3,
    endpointsPerService: 4,
    changing: [1],
    program: { kind: "cilium", binary: "", waitMs: 0, bpffs: "" },
  });
const typeOf = ({ object }: ObjectChange) => asEndpointSlice(object).addressType;

describe("a cluster that a program on the node reads", () => {
  it("has the ranges, the node's addresses and the slices of its families", async () => {
    const [four, six, both] = await Promise.all([served(4), served(6), served("dual")]);
    expect(both.podRange).toBe(`${four.podRange},${six.podRange}`);
    expect(both.nodeAddresses).toEqual([...four.nodeAddresses, ...six.nodeAddresses]);
    // A Service of both families is one object with two slices.
    expect([four.objects, six.objects, both.objects]).toEqual([6, 6, 9]);
  });

  it("changes the same pod in both families, by one event each", async () => {
    const both = await served("dual");
    const [four, six] = both.change(1, "replace");
    expect([four, six].map((made) => typeOf(made!.change))).toEqual(["IPv4", "IPv6"]);
    const placeOf = ({ change, joined }: NonNullable<typeof four>) =>
      asEndpointSlice(change.object).endpoints.findIndex(({ addresses }) => addresses[0] === joined);
    expect(placeOf(four!)).toBe(placeOf(six!));
    expect([four!.left, six!.left]).toEqual([
      expect.stringMatching(/^10\./),
      expect.stringMatching(/^fd00:/),
    ]);
    expect((await served(6)).change(1, "join")).toHaveLength(1);
  });

  it("rolls a Service out endpoint by endpoint, in both families by turns", async () => {
    const both = await served("dual");
    expect(both.rollOut(1).map(typeOf)).toEqual(
      Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? "IPv4" : "IPv6")),
    );
    expect(both.resize(1, 2).map(typeOf)).toEqual(["IPv4", "IPv6"]);
  });
});
