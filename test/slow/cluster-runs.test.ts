/** Runs in a real cluster: how they end, and that nothing of them stays. Those of a group go on side by side. */

import { beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import {
  connections,
  killApiServer,
  kubeconfigOfMeasurer,
  kubectl,
  lbscale,
  lbscaleAsync,
  leftOf,
  leftOut,
  leftovers,
  measureAsync,
  namespaceIn,
  newOut,
  whenItSays,
  withTestCluster,
} from "./cluster-tools.js";

const PROGRAMMING = ["--scenarios", "programming", "--services", "20"];
const SYNC = ["--scenarios", "sync", "--services", "20"];
/** Every phase of a run, and every signal. */
const INTERRUPTIONS: [NodeJS.Signals, string, string[]][] = [
  ["SIGINT", "data plane", []],
  ["SIGINT", "starting target pods", []],
  ["SIGHUP", "making Service", []],
  ["SIGINT", "making Service", []],
  ["SIGINT", "measuring at N = 100", []],
  ["SIGTERM", "measuring at N = 100", []],
  ["SIGINT", "change 2 of 20", PROGRAMMING],
  ["SIGTERM", "change 2 of 20", PROGRAMMING],
  // It removes and makes the Services again between its three times.
  ["SIGINT", "removing Service", SYNC],
  ["SIGHUP", "removing Service", SYNC],
  ["SIGINT", "removing what", []],
];
const KILLS: [string, string[]][] = [
  ...["starting target pods", "making Service", "measuring at N = 100"].map((phase): [string, string[]] => [
    phase,
    [],
  ]),
  ["change 2 of 20", PROGRAMMING],
  ["removing Service", SYNC],
];

/** Options of the run that makes changes. */
const CHANGES = ["--services", "5", "--scenarios", "programming,sync"];

describe.skipIf(leftOut)("a run in a cluster", () => {
  withTestCluster();
  let measurer = "";

  // What is made here would hold up the tests that go on side by side.
  beforeAll(() => {
    measurer = kubeconfigOfMeasurer(...CHANGES);
    kubectl("create", "namespace", "tight");
    kubectl("create", "quota", "tight", "--hard=services=300,pods=6", "--namespace=tight");
  });

  // First, because it takes longest.
  it.concurrent("measures how long 20 changes of each kind take, with the rights that --dry-run prints for it", async () => {
    const out = newOut();
    const where = ["--kubeconfig", measurer, "--out", out];
    const { status, stderr } = await measureAsync(...CHANGES, ...where);
    expect([stderr, status]).toEqual([expect.stringContaining("change 20 of 20"), 0]);
    const { cells } = readResults(out);
    const found = cells.map(({ scenario, variant, replicates }) => [scenario, variant, replicates.length]);
    expect(found).toEqual([
      ["programming", "", 20],
      ["programming", "leaves", 20],
      ["programming", "new", 20],
      ["sync", "", 3],
    ]);
    expect(cells.at(-1)?.estimate?.kind).toBe("range");
    for (const { estimate, facts } of cells) {
      expect(estimate?.median).toBeGreaterThan(0);
      expect(facts.clockErrorNs).toBeGreaterThan(0);
    }
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent("measures UDP next to TCP, each datagram answered by an endpoint of its Service", async () => {
    const out = newOut();
    const options = ["--services", "1,20", "--protocol", "tcp,udp", "--duration", "3s"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect(status).toBe(0);
    const { cells, equivalence } = readResults(out);
    const udp = cells.filter(({ variant }) => variant === "udp");
    expect(udp).toHaveLength(8);
    for (const { replicates } of udp) expect(replicates).toHaveLength(10);
    expect(equivalence.disagreements).toBe(0);
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent.each(INTERRUPTIONS)("leaves nothing after %s at '%s'", async (signal, phase, options) => {
    const out = newOut();
    const end = await whenItSays(phase, (kill) => kill(signal), ...options, "--out", out);
    // Before there is a run, the signal ends the process as it ends any, and it may not have said where it would be.
    const isBefore = phase === "data plane";
    expect(end.signal ?? end.code).toBe(isBefore ? signal : 130);
    if (!isBefore) expect(await leftOf(end.words)).toEqual([]);
  });

  it.concurrent.each<NodeJS.Signals>(["SIGINT", "SIGKILL"])(
    "is resumed after %s at the next N, in the same cluster only",
    async (signal) => {
      const out = newOut();
      await whenItSays("measuring at N = 100", (kill) => kill(signal), "--services", "1,100", "--out", out);
      const before = readResults(out);
      const measuredOf = ({ cells }: typeof before) => cells.filter(({ services }) => services === 1);
      expect(measuredOf(before).map(({ replicates }) => replicates.length)).toEqual([10, 10, 10, 10]);
      const resume = ["run", "--resume", "--out", out, "--yes"];
      const elsewhere = await lbscaleAsync(...resume, "--context", "nowhere");
      expect([elsewhere.stderr, elsewhere.status]).toEqual([
        expect.stringContaining('"nowhere" does not'),
        2,
      ]);
      const { status, stderr } = await lbscaleAsync(...resume);
      expect(status).toBe(0);
      const after = readResults(out);
      expect(after.run.complete).toBe(true);
      expect(measuredOf(after).map(({ replicates }) => replicates)).toEqual(
        measuredOf(before).map(({ replicates }) => replicates),
      );
      expect(after.cells.map(({ replicates }) => replicates.length)).toEqual(after.cells.map(() => 10));
      expect(await leftOf(stderr)).toEqual([]);
    },
  );

  it.concurrent("is resumed in a namespace whose quota what SIGKILL left fills", async () => {
    const out = newOut();
    const where = ["--namespace", "tight"];
    const options = ["--services", "1,300", ...where, "--out", out];
    await whenItSays("measuring at N = 300", (kill) => kill("SIGKILL"), ...options);
    const { status, stderr } = await lbscaleAsync("run", "--resume", ...where, "--out", out, "--yes");
    expect([stderr.includes("lbscale:"), status]).toEqual([false, 0]);
    expect(readResults(out).cells.map(({ replicates }) => replicates.length)).toEqual([
      10, 10, 10, 10, 10, 10, 10, 10,
    ]);
    expect(await leftOf(stderr, "tight")).toEqual([]);
  });

  it("leaves neither objects nor processes, however it ended", () => {
    expect(leftovers()).toEqual([]);
    expect(connections()).toBe("");
  });

  it("leaves nothing after SIGKILL in each phase and `lbscale clean`, and no process", async () => {
    const namespaces = await Promise.all(
      KILLS.map(async ([phase, options]) => {
        const out = newOut();
        const { signal, words } = await whenItSays(
          phase,
          (kill) => kill("SIGKILL"),
          ...options,
          "--out",
          out,
        );
        expect([phase, signal]).toEqual([phase, "SIGKILL"]);
        return { phase, name: namespaceIn(words) };
      }),
    );
    // The first of these phases is said just before its first request: killed then, it may have made nothing.
    const left = leftovers();
    const isMade = ({ name }: { name: string }) => left.includes(`namespace/${name}`);
    for (const each of namespaces) {
      expect([each.phase, isMade(each) || each.phase === "starting target pods"]).toEqual([each.phase, true]);
    }
    const removed = lbscale("clean").stdout.trimEnd().split("\n").sort();
    expect(removed).toEqual(
      namespaces
        .filter(isMade)
        .map(({ name }) => `removed namespace ${name}`)
        .sort(),
    );
    expect(leftovers()).toEqual([]);
    expect(connections()).toBe("");
    expect(lbscale("clean").stdout).toBe("nothing was left behind\n");
  });

  it.concurrent("keeps the rounds that its budget had time for at its only N, and says how many", async () => {
    const out = newOut();
    // All of its rounds take longer than its budget.
    const options = ["--services", "5", "--duration", "40s", "--budget", "35s"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect(status).toBe(0);
    for (const { replicates, warnings } of readResults(out).cells) {
      const { length } = replicates;
      expect([length > 0, length < 10]).toEqual([true, true]);
      const words = `${length} ${length === 1 ? "round of 10 was" : "rounds of 10 were"} measured before`;
      expect(warnings).toContainEqual(expect.stringContaining(words));
    }
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent("ends when its budget is spent in the middle of an N, and says what it did not reach", async () => {
    const out = newOut();
    const options = ["--services", "5,10", "--protocol", "tcp,udp", "--scenarios", "connect,programming"];
    const times = ["--duration", "4s", "--budget", "35s"];
    const { status, stderr } = await measureAsync(...options, ...times, "--out", out);
    expect([status, stderr]).toEqual([0, expect.stringContaining("what was not reached is a gap")]);
    const { cells, run: ended } = readResults(out);
    expect(ended.complete).toBe(true);
    for (const { services, scenario, variant, replicates, warnings } of cells) {
      const blocks = new Set(replicates.map(({ block }) => block)).size;
      const most = scenario === "programming" ? 20 : 10;
      const why = warnings.some((warning) => warning.includes("time budget was used up before"));
      const howFar = warnings.some((warning) => warning.includes("before the run's time budget was used up"));
      expect([services, scenario, variant, blocks === 0, blocks === most]).toEqual([
        ...[services, scenario, variant, why, !why && !howFar],
      ]);
    }
    const largest = cells.filter(({ services }) => services === 10);
    expect(largest.map(({ replicates }) => replicates.length)).toEqual(largest.map(() => 0));
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["starting target pods", []],
    ["making Service", []],
    ["measuring at N = 100", []],
    // What is asked of it in the middle of a change, and is lost: see src/cluster-lane/changes/lost.test.ts.
    ["change 2 of 20", [...PROGRAMMING, "--budget", "60s"]],
    ["removing Service", SYNC],
  ])("goes on when the API server is killed and started again at '%s'", async (phase, options) => {
    const out = newOut();
    const { code, words } = await whenItSays(phase, killApiServer, ...options, "--out", out);
    // Its last words say why, where it did not.
    expect(words).toContain(phase);
    expect([code, words.slice(-400)]).toEqual([0, expect.stringContaining("drawing charts")]);
    const { cells, run } = readResults(out);
    expect(run.complete).toBe(true);
    // Its first change or sync was over.
    for (const { replicates } of cells) expect(replicates.length).toBeGreaterThan(0);
    expect(leftovers()).toEqual([]);
  });
});
