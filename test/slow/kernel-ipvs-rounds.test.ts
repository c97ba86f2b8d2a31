/** IPVS's table of connections between the rounds of the kernel lane: needs scripts/install-kernel-tools.sh. */

import { describe, expect } from "vitest";
import { type ConnectReport, type ConnectTask, connectReportSchema } from "../../src/kernel/tasks.js";
import { withTools } from "./tools.js";

const SANDBOX = new URL("../../dist/src/kernel/testbed/sandbox.js", import.meta.url).href;
const CONNECTIONS = 10;
const TASK: ConnectTask = {
  task: "connect",
  cells: [
    { plane: "ipvs", services: 1 },
    { plane: "ipvs", services: 50 },
    { plane: "iptables", services: 1 },
  ],
  schedule: [
    [0, 1, 2, 1],
    [0, 0, 0, 1, 1],
  ],
  models: [],
  updates: [],
  updateSchedule: [],
  done: { rounds: [], updates: [] },
  budgetMs: null,
  connections: CONNECTIONS,
  nft: null,
  lastLevelBytes: null,
  endpointsPerService: 4,
  family: 4,
  seed: 5,
  cpu: null,
};

describe("rounds of IPVS", () => {
  withTools(
    "begin without a connection of the rounds before, in a guest",
    ["linux.uml", "ipvsadm", "cc"],
    async () => {
      const { runInSandbox } = (await import(
        SANDBOX
      )) as typeof import("../../src/kernel/testbed/sandbox.js");
      const reports: ConnectReport[] = [];
      const onReport = (report: ConnectReport) => void reports.push(report);
      await runInSandbox("guest", TASK, { report: connectReportSchema, onReport });
      const rounds = reports.filter((report) => report.kind === "round");
      expect(rounds.map(({ cell, earlierConnections }) => [cell, earlierConnections])).toEqual([
        [0, 0],
        [1, 0],
        // conntrack's table is its only one.
        [2, undefined],
        [1, 0],
        ...[0, 0, 0, 1, 1].map((cell) => [cell, 0]),
      ]);
      // Each connection was made, and to an endpoint of its Service, or the round would have failed.
      for (const { connectNs } of rounds) expect(connectNs).toHaveLength(CONNECTIONS);
    },
  );
});
