/** The cluster lane's program by itself, over the loopback interface: no cluster, no root. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import os from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseProbeLog } from "../../src/cluster-lane/probe-reports.js";

const PROBE = `dist/native/cluster-probe-${os.arch() === "arm64" ? "arm64" : "amd64"}`;
const lacking = (() => {
  if (os.platform() !== "linux") return "not Linux";
  return existsSync(PROBE) ? null : "no probe (scripts/build-cluster-probe.sh)";
})();
if (lacking !== null) console.warn(`the cluster lane's probe is not tested: ${lacking}`);

const listen = (server: Server, at: string) =>
  new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, at, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });

/** Microseconds by idle state, summed over CPUs; empty on a machine that shows none. */
function idleTimes(): Map<string, number> {
  const sums = new Map<string, number>();
  for (const cpu of readdirSync(CPUS).filter((name) => /^cpu\d+$/.test(name))) {
    const folder = join(CPUS, cpu, "cpuidle");
    for (const state of existsSync(folder) ? readdirSync(folder) : []) {
      const [name = "", time] = ["name", "time"].map((file) =>
        readFileSync(join(folder, state, file), "utf8"),
      );
      sums.set(name.trim(), (sums.get(name.trim()) ?? 0) + Number(time));
    }
  }
  return sums;
}
const CPUS = "/sys/devices/system/cpu";

/** A port that nothing listened at a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, "127.0.0.1");
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(lacking !== null && process.env.CI === undefined)("the cluster lane's program", () => {
  const folder = mkdtempSync(join(os.tmpdir(), "lbscale-probe-"));
  let port = 0;
  let server: ChildProcess | undefined;

  beforeAll(async () => {
    port = await freePort();
    server = spawn(PROBE, ["serve", String(port)]);
  });
  afterAll(() => {
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a probe measures of Services, each `ADDRESS FIRST COUNT`, with these targets, each `ADDRESS NODE`. */
  function probe(
    targets: readonly string[],
    services: readonly string[],
    { protocols = ["tcp"], settleMs = 20_000 } = {},
  ): string {
    const file = writeTask(targets, services, { protocols, settleMs });
    return spawnSync(PROBE, ["probe", file], { encoding: "utf8", env }).stdout;
  }

  const env = { ...process.env, NODE: "here" };

  function writeTask(
    targets: readonly string[],
    services: readonly string[],
    { protocols = ["tcp"], settleMs = 20_000, intervalUs = 2000, roundMs = 400, at = port } = {},
  ): string {
    const interval = (protocol: string) =>
      `${protocol}-interval-us ${protocols.includes(protocol) ? intervalUs : 0}`;
    const lines = [
      ...["rounds 2", `round-ms ${roundMs}`, "warm-up-ms 100", interval("tcp"), interval("udp")],
      ...[`settle-ms ${settleMs}`, "seed 1", `port ${at}`],
      ...targets.map((target) => `target ${target}`),
      ...services.map((service) => {
        const [address, first, count] = service.split(" ");
        return `service ${address} ${at} ${first} ${count}`;
      }),
      "",
    ];
    const file = join(folder, "task");
    writeFileSync(file, lines.join("\n"));
    return file;
  }

  it.each([["127.0.0.1"], ["::1"]])(
    "measures both protocols by %s, and knows who answers on its own node",
    (at) => {
      const protocols = ["tcp", "udp"];
      const log = parseProbeLog(probe([`${at} here`], [`${at} 0 1`], { protocols }));
      expect(log.rounds.map(({ protocol }) => protocol)).toEqual(["tcp", "udp", "tcp", "udp"]);
      for (const { service, outcomes } of log.rounds) {
        expect(service.connectNs.length).toBeGreaterThan(0);
        expect(service.isNear).toEqual(service.connectNs.map(() => true));
        expect(service.isIpv6).toEqual(service.connectNs.map(() => at === "::1"));
        expect(outcomes.wrong).toBe(0);
      }
      expect(Object.keys(log.loopback)).toEqual(["tcp", "udp"]);
    },
  );

  it("measures both families of a Service in turns, each at targets of its own", () => {
    const { rounds } = parseProbeLog(probe(["127.0.0.1 here", "::1 there"], ["127.0.0.1 0 1", "::1 0 1"]));
    const flags = rounds.flatMap(({ service }) => service.isIpv6);
    expect(new Set(flags)).toEqual(new Set([true, false]));
    // Of each connection: those by IPv6 were answered elsewhere.
    expect(rounds.flatMap(({ service }) => service.isNear)).toEqual(flags.map((isIpv6) => !isIpv6));
    for (const { outcomes, cpuUs } of rounds) {
      expect(outcomes).toMatchObject({ wrong: 0, refused: 0, timedOut: 0 });
      expect(cpuUs).toBeGreaterThan(0);
    }
  });

  it("reports how long CPUs were in each idle state that Linux shows", () => {
    const before = idleTimes();
    const { idleStates } = parseProbeLog(probe(["127.0.0.1 here"], ["127.0.0.1 0 1"]));
    const after = idleTimes();
    expect(idleStates.map(({ name }) => name).sort()).toEqual([...after.keys()].sort());
    for (const { name, spentUs } of idleStates)
      expect(spentUs).toBeLessThanOrEqual((after.get(name) ?? 0) - (before.get(name) ?? 0));
    expect(idleStates.some(({ spentUs }) => spentUs > 0)).toBe(after.size > 0);
  });

  it("distinguishes connections to targets on its own node from others", () => {
    const { rounds } = parseProbeLog(probe(["127.0.0.1 here", "127.0.0.2 there"], ["127.0.0.2 1 1"]));
    expect(new Set(rounds.flatMap(({ endpoint }) => endpoint.isNear))).toEqual(new Set([true, false]));
    expect(new Set(rounds.flatMap(({ service }) => service.isNear))).toEqual(new Set([false]));
  });

  it("connects at times that keep no phase to anything periodic, such as the kernel's timer tick", async () => {
    const PERIOD_MS = 10;
    const times: number[] = [];
    const own = createServer((socket) => {
      times.push(performance.now());
      socket.on("data", (data) => socket.write(`${data}` === "w" ? Buffer.from(identity) : data));
      socket.on("error", () => socket.destroy());
    });
    const identity = [...Array(10).fill(0), 0xff, 0xff, 127, 0, 0, 1];
    const at = await listen(own, "127.0.0.1");
    const intervalUs = PERIOD_MS * 1000;
    const file = writeTask(["127.0.0.1 here"], ["127.0.0.1 0 1"], { intervalUs, roundMs: 2000, at });
    const started = performance.now();
    await once(spawn(PROBE, ["probe", file], { env }), "exit");
    own.close();
    const tenths = Array<number>(10).fill(0);
    for (const time of times) {
      const phase = ((time - started) % PERIOD_MS) / PERIOD_MS;
      tenths[Math.floor(phase * 10)] = (tenths[Math.floor(phase * 10)] ?? 0) + 1;
    }
    // 40 are expected in each: connections at equal distances would all be in one or two.
    expect(times.length).toBeGreaterThan(300);
    expect(Math.min(...tenths)).toBeGreaterThan(10);
  });

  it("does not settle where an endpoint answers that is none of the Service's", () => {
    const log = probe(["127.0.0.1 here", "127.0.0.2 here"], ["127.0.0.1 1 1"], { settleMs: 200 });
    expect(log).toContain('{"kind":"unsettled","answered":0,"outcome":"wrong"');
  });

  it("refuses a Service of a family that no target has, and an invalid address", () => {
    expect(probe(["127.0.0.1 here"], ["::1 0 1"])).toContain("service without targets");
    expect(probe(["127.0.0.1 here"], ["localhost 0 1"])).toContain("localhost: Invalid argument");
  });

  it("ends by SIGTERM by itself: the signal alone does not end the first process of a container", async () => {
    const watcher = spawn(PROBE, ["watch"]);
    const ended = once(watcher, "exit");
    watcher.stdin.write("clock 1\n");
    await once(watcher.stdout, "data");
    watcher.kill("SIGTERM");
    expect(await ended).toEqual([128 + os.constants.signals.SIGTERM, null]);
  });

  it("asks from one port after the other, because a node remembers where a port's datagrams went", async () => {
    const ports: number[] = [];
    const udp = createSocket("udp4");
    udp.on("message", (_, { port: from }) => ports.push(from));
    await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
    const watcher = spawn(PROBE, ["watch"]);
    watcher.stdin.write(`watch 1 1000 1 1\nudp 127.0.0.1 ${udp.address().port} any\n`);
    for await (const line of createInterface({ input: watcher.stdout })) {
      if (line.includes("seen")) watcher.stdin.end();
    }
    udp.close();
    expect(ports.length).toBeGreaterThan(10);
    // A port that something else has is left out.
    const steps = ports.slice(1).map((next, i) => next - (ports[i] ?? 0));
    expect(steps.filter((step) => step < 1 || step > 100)).toEqual([]);
  });

  it("leaves what it watches for the next command: the stream that asked for it broke", async () => {
    const watcher = spawn(PROBE, ["watch"]);
    watcher.stdin.write(`watch 1 1000 100000 1\ntcp 127.0.0.1 ${port} 10.0.0.1\n`);
    const said: string[] = [];
    for await (const line of createInterface({ input: watcher.stdout })) {
      said.push(JSON.parse(line).kind);
      if (said.length === 1) watcher.stdin.write("clock 2\n");
      if (said.at(-1) === "clock") watcher.stdin.end();
    }
    expect([said[0], said.at(-1)]).toEqual(["watching", "clock"]);
  });

  it("watches all frontends of a change at once, by protocol and family, and says who else answers", async () => {
    const watcher = spawn(PROBE, ["watch"]);
    const frontends = ["tcp 127.0.0.1 127.0.0.1", "udp ::1 any", "udp 127.0.0.1 10.0.0.1"];
    const lines = frontends.map((text) => {
      const [protocol, address, wanted] = text.split(" ");
      return `${protocol} ${address} ${port} ${wanted}`;
    });
    watcher.stdin.write([`clock 1`, `watch 2 1000 2 ${lines.length}`, ...lines, ""].join("\n"));
    const said: { kind: string; ns?: number; frontends?: { firstNs: number; lastOtherNs: number }[] }[] = [];
    for await (const line of createInterface({ input: watcher.stdout })) {
      said.push(JSON.parse(line));
      if (said.at(-1)?.kind === "seen") watcher.stdin.end();
    }
    expect(said.map(({ kind }) => kind)).toEqual(["clock", "watching", "seen"]);
    const [wanted, any, other] = said[2]?.frontends ?? [];
    for (const seen of [wanted, any]) {
      expect(seen?.firstNs).toBeGreaterThan(said[0]?.ns ?? Number.POSITIVE_INFINITY);
      expect(seen?.lastOtherNs).toBe(0);
    }
    expect(other?.firstNs).toBe(0);
    expect(other?.lastOtherNs).toBeGreaterThan(any?.firstNs ?? Number.POSITIVE_INFINITY);
  });
});
