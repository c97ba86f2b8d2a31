import { describe, expect, it } from "vitest";
import { generateCluster } from "../cluster/generate.js";
import { planeById } from "./registry.js";
import { PLANE_ENTRIES } from "./registry-loader.js";

const PLANES = PLANE_ENTRIES.filter(({ descriptor }) => descriptor.report.stockMaps !== undefined);
const cluster = (services: number, count: number) =>
  generateCluster({ services, seed: 1, endpoints: { kind: "constant", count } });

describe("the stock maps that a plane describes", () => {
  it("are those of the planes whose programs have maps of fixed size", () => {
    expect(PLANES.map(({ descriptor }) => descriptor.id)).toEqual(["ebpf", "ebpf-maglev", "calico-ebpf"]);
  });

  it.each([
    ["ebpf", 4, 10_922],
    ["calico-ebpf", 1, 65_536],
  ])(
    "of %s with %d endpoints per Service hold %d of them, and are enlarged for one more",
    (id, endpoints, most) => {
      const { descriptor } = PLANES.find((plane) => plane.descriptor.id === id)!;
      const ends = descriptor.report
        .stockMaps!.filter(({ option }) => option !== null)
        .map((map) => Math.floor(map.most / (map.perService + map.perEndpoint * endpoints)));
      expect(Math.min(...ends)).toBe(most);
      const enlarged = (services: number) =>
        planeById(id).compile(cluster(services, endpoints)).facts().enlarged;
      expect(enlarged(most)).toBeUndefined();
      expect(enlarged(most + 1)).toMatch(/^beyond .*: enlarged$/);
    },
  );

  it("that nothing enlarges are said by the program to be outgrown, one Service beyond", () => {
    const frontends = (services: number) =>
      planeById("ebpf").compile(cluster(services, 0)).capacities!().find(({ remedy }) => remedy === null)!;
    const [fixed] = PLANES[0]!.descriptor.report.stockMaps!.filter(({ option }) => option === null);
    const { used, most } = frontends(1000);
    expect([most, used / 1000]).toEqual([fixed!.most, fixed!.perService]);
  });
});
