import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Reply, serve } from "../../../test/support/api-server.js";
import type { RunSetting } from "../objects.js";
import { Changes } from "./changes.js";
import { offsetOf, type RoundTrip, toLocalNs } from "./clock.js";

describe("the clock of a pod", () => {
  it("is known to half the shortest round trip, wherever in it the other clock was read", () => {
    const trip = fc.record({
      length: fc.integer({ min: 1, max: 1e9 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(trip, { minLength: 1, maxLength: 50 }),
        fc.integer({ min: -1e12, max: 1e12 }),
        (trips, offset) => {
          const made = trips.map(({ length, share }, i): RoundTrip => {
            const sentNs = 1e10 * i;
            return { sentNs, receivedNs: sentNs + length, podNs: sentNs + length * share + offset };
          });
          const { offsetNs, errorNs } = offsetOf(made);
          expect(errorNs).toBe(Math.min(...trips.map(({ length }) => length)) / 2);
          expect(Math.abs(offsetNs - offset)).toBeLessThanOrEqual(errorNs + 1e-2);
        },
      ),
      { seed: 1 },
    );
  });

  it("is followed as it drifts evenly between two comparisons", () => {
    const at = (atNs: number, offsetNs: number) => ({ atNs, offsetNs, errorNs: 1 });
    const [before, after] = [at(0, 1000), at(60e9, 7000)];
    expect(toLocalNs(30e9 + 4000, before, after)).toBeCloseTo(30e9, -1);
    expect(toLocalNs(-5e9 + 1000, before, after)).toBe(-5e9);
    expect(toLocalNs(90e9 + 7000, before, after)).toBe(90e9);
  });
});

const SETTING: RunSetting = {
  ...{ namespace: "team", own: false, runId: "r", endpoints: 1, targets: 1, image: "i" },
  ...{ nodeSelector: {}, tolerations: [], protocols: ["tcp"], families: [4, 6] },
};
const TARGETS = [{ addresses: ["10.244.0.2", "fd00::2"], node: "n" }];

/** The last Service where the API server answers so when one is made: its addresses, and how many changes were lost. */
async function lastService(created: Reply): Promise<{ addresses: readonly string[]; lost: number }> {
  const { api } = await serve((method) => (method === "POST" ? created : { status: 200, body: {} }));
  const changes = new Changes(api, SETTING, TARGETS, []);
  let addresses: readonly string[] = [];
  const { lost } = await changes.around(async () => {
    await changes.makeLast(0, async (given) => {
      addresses = given;
    });
  });
  return { addresses, lost };
}

const service = (spec: object): Reply => ({ status: 201, body: { metadata: { name: "s" }, spec } });

describe.skipIf(process.platform === "win32")("a Service that is to be watched", () => {
  it("has an address of each family", async () => {
    const clusterIPs = ["10.96.0.9", "fd00:96::9"];
    expect(await lastService(service({ clusterIP: clusterIPs[0], clusterIPs }))).toEqual({
      addresses: clusterIPs,
      lost: 0,
    });
  });

  it.each([
    ["IPv6", { clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.9"] }],
    ["IPv6", { clusterIP: "10.96.0.9" }],
    ["IPv4", {}],
  ])("is lost, and never watched, where the API server gives it no %s address: %j", async (_, spec) => {
    expect(await lastService(service(spec))).toEqual({ addresses: [], lost: 1 });
  });
});
