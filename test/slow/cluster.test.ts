/** The cluster lane in a real cluster: what it measures, and that nothing of it stays. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import {
  folder,
  killApiServer,
  kubeconfigOfMeasurer,
  kubectl,
  lbscale,
  leftOut,
  leftovers,
  measure,
  run,
  whenItSays,
  withTestCluster,
} from "./cluster-tools.js";

describe.skipIf(leftOut).each(["nftables", "iptables"])("a cluster with kube-proxy in mode %s", (mode) => {
  withTestCluster("--mode", mode);

  it("is measured at 1, 100 and 1,000 Services, every connection at an endpoint of its Service", () => {
    const out = join(folder, mode);
    const { status, stderr } = measure("--services", "1,100,1000", "--duration", "6s", "--out", out);
    expect(stderr).toContain(`kube-proxy v1.36.3, ${mode}`);
    expect(status).toBe(0);
    const { cells, equivalence, environment, cluster } = readResults(out);
    expect(cells).toHaveLength(12);
    for (const { estimate, percentiles, replicates } of cells) {
      expect(replicates).toHaveLength(10);
      expect(estimate?.median).toBeGreaterThan(0);
      expect(percentiles?.p99.value).toBeGreaterThan(percentiles?.p50.value ?? Number.POSITIVE_INFINITY);
    }
    expect(new Set(cells.map(({ plane }) => plane))).toEqual(new Set([mode, "direct"]));
    expect(equivalence).toMatchObject({ disagreements: 0, services: 1000 });
    expect(equivalence.flows).toBeGreaterThan(3000);
    const text = JSON.stringify({ cells, environment, cluster });
    for (const secret of ["lbscale-node", "10.213.0", "10.244.", "10.96."])
      expect(text).not.toContain(secret);
    expect(leftovers()).toEqual([]);
  });
});

describe.skipIf(leftOut)("a cluster of two nodes", () => {
  withTestCluster("--nodes", "2");

  it("is measured from both, to endpoints on the same node and on the other", () => {
    const out = join(folder, "two nodes");
    const options = ["--services", "1,20", "--protocol", "tcp,udp", "--duration", "5s"];
    const { status, stderr } = measure(...options, "--out", out);
    expect([status, stderr]).toEqual([0, expect.stringContaining("2 of 2 nodes usable")]);
    const { cells, equivalence } = readResults(out);
    const variants = ["", "other node", "same node", "udp", "udp, other node", "udp, same node"];
    expect([...new Set(cells.map(({ variant }) => variant))].sort()).toEqual(variants);
    for (const { variant, replicates, facts, percentiles } of cells) {
      // Ten rounds on each node; each probe's own node is its near one.
      expect([variant, replicates.length]).toEqual([variant, 20]);
      expect([facts["node 1 p50 ns"], facts["node 2 p50 ns"]]).toEqual([
        expect.any(Number),
        expect.any(Number),
      ]);
      expect(percentiles?.p99.value).toBeGreaterThan(0);
    }
    const connections = (variant: string) =>
      cells
        .filter((cell) => cell.variant === variant)
        .reduce((sum, { percentiles }) => sum + (percentiles?.lookups ?? 0), 0);
    expect(connections("same node") + connections("other node")).toBe(connections(""));
    expect(equivalence.disagreements).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it("is watched from both as changes reach them", () => {
    const out = join(folder, "changes of two nodes");
    const { status } = measure("--services", "20", "--scenarios", "sync", "--out", out);
    expect(status).toBe(0);
    const [each, last] = readResults(out).cells;
    expect([each?.variant, last?.variant]).toEqual(["", "every node"]);
    expect(each?.replicates.map(({ samples }) => samples.length)).toEqual([2, 2, 2]);
    expect(last?.replicates.map(({ samples }) => samples)).toEqual(
      each?.replicates.map(({ samples }) => [Math.max(...samples)]),
    );
    expect(leftovers()).toEqual([]);
  });
});

const PROGRAMMING = ["--scenarios", "programming", "--services", "20"];
const SYNC = ["--scenarios", "sync", "--services", "20"];
/** Every phase of a run, and every signal. */
const INTERRUPTIONS: [NodeJS.Signals, string, string[]][] = [
  ["SIGINT", "data plane", []],
  ["SIGINT", "starting target pods", []],
  ["SIGHUP", "making Service", []],
  ["SIGINT", "making Service", []],
  ["SIGINT", "measuring at N = 300", []],
  ["SIGTERM", "measuring at N = 300", []],
  ["SIGINT", "change 2 of 20", PROGRAMMING],
  ["SIGTERM", "change 2 of 20", PROGRAMMING],
  // It removes and makes the Services again between its three times.
  ["SIGINT", "removing Service", SYNC],
  ["SIGHUP", "removing Service", SYNC],
  ["SIGINT", "removing what", []],
];
const KILLS: [string, string[]][] = [
  ...["starting target pods", "making Service", "measuring at N = 300"].map((phase): [string, string[]] => [
    phase,
    [],
  ]),
  ["change 2 of 20", PROGRAMMING],
  ["removing Service", SYNC],
];

/** Processes of kubectl that runs started. */
const connections = (): string => run("pgrep", "-f", "kubectl (proxy --unix-socket|attach --stdin)").stdout;

describe.skipIf(leftOut)("a run in a cluster", () => {
  withTestCluster();

  it("measures UDP beside TCP, each datagram answered by an endpoint of its Service", () => {
    const out = join(folder, "udp");
    const options = ["--services", "1,20", "--protocol", "tcp,udp", "--duration", "3s"];
    expect(measure(...options, "--out", out).status).toBe(0);
    const { cells, equivalence } = readResults(out);
    const udp = cells.filter(({ variant }) => variant === "udp");
    expect(udp).toHaveLength(8);
    for (const { replicates } of udp) expect(replicates).toHaveLength(10);
    expect(equivalence.disagreements).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it("measures how long 20 changes of each kind take, with the rights that --dry-run prints for it", () => {
    const out = join(folder, "changes");
    const options = ["--services", "5", "--scenarios", "programming,sync"];
    const kubeconfig = kubeconfigOfMeasurer(...options);
    const { status, stderr } = measure("--kubeconfig", kubeconfig, ...options, "--out", out);
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
    expect(leftovers()).toEqual([]);
    expect(connections()).toBe("");
  });

  it.each(INTERRUPTIONS)("leaves nothing after %s at '%s'", async (signal, phase, options) => {
    const out = join(folder, `interrupted ${signal} ${phase}`);
    const end = await whenItSays(phase, (kill) => kill(signal), ...options, "--out", out);
    // Before there is a run, the signal ends the process as it ends any.
    expect(end.signal ?? end.code).toBe(phase === "data plane" ? signal : 130);
    expect(leftovers()).toEqual([]);
    expect(connections()).toBe("");
  });

  it.each(KILLS)(
    "leaves nothing after SIGKILL at '%s' and `lbscale clean`, and no process",
    async (phase, options) => {
      const out = join(folder, `killed ${phase}`);
      await whenItSays(phase, (kill) => kill("SIGKILL"), ...options, "--out", out);
      // The first of these phases is said just before its first request: killed then, it may have made nothing.
      const isMade = leftovers().length > 0;
      expect(isMade || phase === "starting target pods").toBe(true);
      expect(lbscale("clean").stdout).toMatch(isMade ? /^removed namespace lbscale-/ : /^nothing was left/);
      expect(leftovers()).toEqual([]);
      expect(connections()).toBe("");
      expect(lbscale("clean").stdout).toBe("nothing was left behind\n");
    },
  );

  it.each<NodeJS.Signals>(["SIGINT", "SIGKILL"])(
    "is resumed after %s at the next N, in the same cluster only",
    async (signal) => {
      const out = join(folder, `resumed after ${signal}`);
      await whenItSays("measuring at N = 300", (kill) => kill(signal), "--services", "1,300", "--out", out);
      const before = readResults(out);
      const measuredOf = ({ cells }: typeof before) => cells.filter(({ services }) => services === 1);
      expect(measuredOf(before).map(({ replicates }) => replicates.length)).toEqual([10, 10, 10, 10]);
      const resume = ["run", "--resume", "--out", out, "--yes"];
      const elsewhere = lbscale(...resume, "--context", "nowhere");
      expect([elsewhere.stderr, elsewhere.status]).toEqual([
        expect.stringContaining('"nowhere" does not'),
        2,
      ]);
      expect(lbscale(...resume).status).toBe(0);
      const after = readResults(out);
      expect(after.run.complete).toBe(true);
      expect(measuredOf(after).map(({ replicates }) => replicates)).toEqual(
        measuredOf(before).map(({ replicates }) => replicates),
      );
      expect(after.cells.map(({ replicates }) => replicates.length)).toEqual(after.cells.map(() => 10));
      expect(leftovers()).toEqual([]);
    },
  );

  it("is resumed in a namespace whose quota what SIGKILL left fills", async () => {
    kubectl("create", "namespace", "tight");
    kubectl("create", "quota", "tight", "--hard=services=300,pods=6", "--namespace=tight");
    const out = join(folder, "resumed in a tight quota");
    const where = ["--namespace", "tight"];
    const options = ["--services", "1,300", ...where, "--out", out];
    await whenItSays("measuring at N = 300", (kill) => kill("SIGKILL"), ...options);
    const { status, stderr } = lbscale("run", "--resume", ...where, "--out", out, "--yes");
    expect([stderr.includes("lbscale:"), status]).toEqual([false, 0]);
    expect(readResults(out).cells.map(({ replicates }) => replicates.length)).toEqual([
      10, 10, 10, 10, 10, 10, 10, 10,
    ]);
    expect(leftovers()).toEqual([]);
  });

  it("keeps the rounds that its budget had time for at its only N, and says how many", () => {
    const out = join(folder, "one N");
    const options = ["--services", "5", "--duration", "100s", "--budget", "40s"];
    expect(measure(...options, "--out", out).status).toBe(0);
    for (const { replicates, warnings } of readResults(out).cells) {
      const { length } = replicates;
      expect([length > 0, length < 10]).toEqual([true, true]);
      const words = `${length} ${length === 1 ? "round of 10 was" : "rounds of 10 were"} measured before`;
      expect(warnings).toContainEqual(expect.stringContaining(words));
    }
    expect(leftovers()).toEqual([]);
  });

  it("ends when its budget is spent in the middle of an N, and says what it did not reach", () => {
    const out = join(folder, "budget");
    const options = ["--services", "5,10", "--protocol", "tcp,udp", "--scenarios", "connect,programming"];
    const { status, stderr } = measure(...options, "--duration", "10s", "--budget", "40s", "--out", out);
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
    expect(leftovers()).toEqual([]);
  });

  it.each(["starting target pods", "making Service", "measuring at N = 300"])(
    "goes on when the API server is killed and started again at '%s'",
    async (phase) => {
      const out = join(folder, `restarted ${phase}`);
      const { code, words } = await whenItSays(phase, killApiServer, "--out", out);
      // Its last words say why, where it did not.
      expect([code, words.slice(-400)]).toEqual([0, expect.stringContaining("drawing charts")]);
      expect(readResults(out).run.complete).toBe(true);
      expect(leftovers()).toEqual([]);
    },
  );
});
