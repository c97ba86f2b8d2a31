import { describe, expect, it } from "vitest";
import { flowAt, generateTrace } from "../../cluster/flows.js";
import { generateCluster } from "../../cluster/generate.js";
import { growCluster } from "../../cluster/grow.js";
import { planeById } from "../registry.js";
import { PLANE_ENTRIES } from "../registry-loader.js";
import { DualProgram } from "./dual.js";
import { interleaved } from "./dual-trace.js";
import { OF_IPV6 } from "./packet.js";
import { unsupportedFamily } from "./support.js";

const clusterOf = (services: number, family: 4 | 6) =>
  generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: 3 }, family });
const traceOf = (program: DualProgram, i: 0 | 1) =>
  generateTrace(program.parts[i].cluster, { flows: 50, seed: 7 });

describe("a program of both families", () => {
  const PLANES = PLANE_ENTRIES.map(({ descriptor }) => descriptor)
    .filter((descriptor) => unsupportedFamily(descriptor, "dual") === null && !descriptor.can.outsideOnly)
    .map(({ id }) => id);

  it.each(PLANES)("sends each packet through the rules of its family: %s", (id) => {
    // Fewer Services of IPv6: what one family has says nothing about the other.
    const program = new DualProgram(planeById(id), [clusterOf(20, 4), clusterOf(5, 6)], { seed: 1 });
    const traces = [traceOf(program, 0), traceOf(program, 1)] as const;
    const { words, length } = interleaved(...traces);
    expect(length).toBe(100);
    const both = program.model(1);
    const parts = program.parts.map((part) => part.model(1));
    for (let flow = 0; flow < length; flow++) {
      const { src, sport, dst, dport, protocol } = flowAt(words, flow);
      const part = flow % 2;
      expect(protocol >= OF_IPV6).toBe(part === 1);
      const expected = parts[part]!.lookup(src, sport, dst, dport, protocol % OF_IPV6, 0);
      expect(both.lookup(src, sport, dst, dport, protocol, 0)).toBe(expected);
    }
    both.reset(5);
    const flow = flowAt(words, 1);
    const { decision, work } = both.explain(flow, 0);
    both.reset(5);
    expect(both.lookup(flow.src, flow.sport, flow.dst, flow.dport, flow.protocol, 0)).toBe(decision);
    expect(work.rulesVisited + work.mapLookups).toBeGreaterThan(0);
  });

  it("writes a change of a Service that has one family in that family alone", () => {
    const plane = planeById(PLANES[0]!);
    const ipv4 = clusterOf(20, 4);
    const program = new DualProgram(plane, [ipv4, growCluster(clusterOf(20, 6), 5)], {});
    const alone = plane.compile(ipv4);
    const change = { kind: "join", servicePort: 15 } as const;
    expect(program.update(change)).toEqual(alone.update(change));
    const shared = { kind: "leave", servicePort: 2, endpoint: ipv4.endpointStart[2]! } as const;
    expect(program.update(shared).bytes).toBeGreaterThan(alone.update(shared).bytes);
  });
});

describe("a plane that both families can't be measured of", () => {
  it("says why", () => {
    const [known] = PLANE_ENTRIES.map(({ descriptor }) => descriptor);
    const one = { ...known!, name: "one", can: { ...known!.can, families: [4] as const } };
    expect(unsupportedFamily(one, 6)).toBe("the model of one knows IPv4 only");
    expect(unsupportedFamily(one, 4)).toBeNull();
    expect(unsupportedFamily(one, "dual")).toBe("the model of one knows IPv4 only");
  });
});
