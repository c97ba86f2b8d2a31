import { describe, expect, it } from "vitest";
import { reportKnownTables } from "./known-latency.js";
import type { ConnectReport } from "./tasks.js";
import { KernelError } from "./testbed/tools.js";

describe("lookups of known latency", () => {
  const reportsOf = async (time: Parameters<typeof reportKnownTables>[1]) => {
    const reports: ConnectReport[] = [];
    await reportKnownTables((report) => reports.push(report), time);
    return reports;
  };

  it("are reported with the reason where the kernel refuses them, and the run goes on", async () => {
    const refused = () => Promise.reject(new KernelError("no memory to lock"));
    expect(await reportsOf(refused)).toEqual([{ kind: "known latency failed", reason: "no memory to lock" }]);
    const tables = [{ elements: 1, bytes: 64, kernelNs: 2, chaseNs: 1 }];
    expect(await reportsOf(async () => tables)).toEqual([{ kind: "known latency", tables }]);
  });
});
