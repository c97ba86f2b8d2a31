import { describe, expect, it } from "vitest";
import { reportKnownTables } from "./known-latency.js";
import type { LoadedPlane } from "./loaded-plane.js";
import { dropOwnConnections } from "./rounds.js";
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

describe("connections in a plane's own table", () => {
  /** Drops those of the second of two cells. */
  const afterDrop = async (drop: () => Promise<void>) => {
    const reports: ConnectReport[] = [];
    const loaded = { plane: { connections: { drop } } } as unknown as LoadedPlane;
    const cells: ({ readonly loaded: LoadedPlane } | null)[] = [{ loaded }, { loaded }];
    await dropOwnConnections(cells, 1, (report) => reports.push(report));
    return { reports, isLoaded: cells.map((cell) => cell !== null) };
  };

  it("end what is measured in their cell where they stay, and nothing else", async () => {
    expect(await afterDrop(() => Promise.reject(new KernelError("they stay")))).toEqual({
      reports: [{ kind: "failed", cell: 1, reason: "they stay" }],
      isLoaded: [true, false],
    });
    expect(await afterDrop(async () => {})).toEqual({ reports: [], isLoaded: [true, true] });
    await expect(afterDrop(() => Promise.reject(new TypeError("a fault of ours")))).rejects.toThrow(
      "a fault of ours",
    );
  });
});
