import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Chase } from "../measure/replicate/pointer-chase.js";
import { reportKnownTables } from "./known-latency.js";
import type { LoadedPlane } from "./loaded-plane.js";
import { dropOwnConnections, timeBpfLookups } from "./rounds.js";
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

describe.skipIf(os.platform() === "win32")("a BPF lookup", () => {
  it("is timed after as many untimed ones, and less what its twin takes in the same process", async () => {
    const folder = mkdtempSync(join(os.tmpdir(), "lbscale-lookups-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const loader = join(folder, "loader");
    const asked = join(folder, "asked");
    writeFileSync(loader, `#!/bin/sh\necho "$*" >> ${asked}\nprintf '60 100\\n62 105\\n70 190\\n'\n`, {
      mode: 0o755,
    });
    const cell = {
      loaded: { plane: { lookupProgram: "lookup_random" }, testbed: { name: "t" } },
      config: { host: { bpf: "/bpf" }, natives: { loader } },
    } as unknown as Parameters<typeof timeBpfLookups>[0];
    const timed = await timeBpfLookups(cell, new Chase(), { cpu: null });
    await timeBpfLookups(cell, new Chase(), { cpu: null, warm: 0 });
    expect(timed).toMatchObject({ netNs: [40, 43, 120], floorNs: 62 });
    expect(readFileSync(asked, "utf8").trim().split("\n")).toEqual([
      "run /bpf/t lookup_random lookup_nothing 200000 7 20000",
      "run /bpf/t lookup_random lookup_nothing 0 7 20000",
    ]);
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
