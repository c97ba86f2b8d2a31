import { describe, expect, it } from "vitest";
import { refusal, serve, status } from "../../test/support/api-server.js";
import { settingOf } from "./plan.js";
import { OwnServices } from "./services.js";

const JOB = {
  ...{ options: {}, runId: "r", services: [40], endpoints: 1, rounds: 6, seed: 1, family: null },
  scenarios: ["connect" as const],
};
const SETTING = settingOf(JOB, { image: "registry.k8s.io/pause:3.10", families: [4] });

describe.skipIf(process.platform === "win32")("the Services of a run", () => {
  /** A cluster that gives so many addresses in turn, and the Services of a run that has time for so many. */
  async function servicesWithTimeFor(most: number, addresses = Number.POSITIVE_INFINITY) {
    let made = 0;
    const { api, seen } = await serve((method, path) => {
      const isService = method === "POST" && path.endsWith("/services");
      if (isService && made >= addresses) return status(403, "exceeded quota: few");
      if (isService) made++;
      return {
        status: 201,
        body: isService ? { metadata: { name: "s" }, spec: { clusterIP: `10.96.0.${made}` } } : {},
      };
    });
    const target = { addresses: ["10.0.0.1"], node: "n" };
    const own = new OwnServices(api, SETTING, new Array(SETTING.targets).fill(target), {
      ...{ signal: new AbortController().signal, onProgress: () => {} },
      isLate: () => made >= most,
    });
    return { own, seen };
  }

  it("are made up to a number, each with a slice", async () => {
    const { own, seen } = await servicesWithTimeFor(Number.POSITIVE_INFINITY);
    await expect(own.growTo(20)).resolves.toBe(true);
    expect(new Set(own.addresses.flat()).size).toBe(20);
    expect(seen).toHaveLength(40);
  });

  it("are begun no more once one of them can't be made", async () => {
    const { own, seen } = await servicesWithTimeFor(Number.POSITIVE_INFINITY, 5);
    expect(await refusal(own.growTo(40))).toContain("exceeded quota: few");
    const tried = seen.filter((line) => line.startsWith("POST") && line.endsWith("/services")).length;
    // What the other seven had begun then.
    expect(tried).toBeGreaterThan(5);
    expect(tried).toBeLessThanOrEqual(5 + 8);
  });

  it("are no more than there is time for, and those there are can be removed", async () => {
    const { own, seen } = await servicesWithTimeFor(5);
    await expect(own.growTo(40)).resolves.toBe(false);
    const { length } = own.addresses;
    // Eight are under way at once, and none is given up halfway.
    expect(length).toBeGreaterThanOrEqual(5);
    expect(length).toBeLessThanOrEqual(5 + 8);
    expect(own.addresses.every((addresses) => addresses.length === 1)).toBe(true);
    await own.shrinkTo(0);
    expect(seen.filter((line) => line.startsWith("DELETE"))).toHaveLength(2 * length);
  });
});
