import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readResults } from "../src/results/files.js";
import type { Results } from "../src/results/schema.js";

const MAIN = fileURLToPath(new URL("../dist/src/cli/main.js", import.meta.url));
const PUBLISHED = fileURLToPath(new URL("../results", import.meta.url));
const BOUTIQUE = fileURLToPath(new URL("data/online-boutique.yaml", import.meta.url));
const NODE = fileURLToPath(new URL("data/nodes/kube-proxy-1.31.iptables-save", import.meta.url));
/** The smallest run that goes through everything. */
const TINY = [
  "run",
  "--profile",
  "quick",
  "--services",
  "1,2",
  "--planes",
  "iptables,ebpf",
  "--replicates",
  "1",
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lbscale(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return { status, stdout, stderr };
}

/** The published default run that the README shows. */
function publishedRun(): string {
  return /\d{4}-\d\d-\d\d-default/.exec(readFileSync(join(PUBLISHED, "..", "README.md"), "utf8"))![0];
}

const file = (name: string, text: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const service = (spec: string, name = "web") =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;

describe("lbscale --help", () => {
  it("lists the commands and exits 0", () => {
    const { status, stdout } = lbscale(["--help"]);
    expect(status).toBe(0);
    for (const command of [
      "run",
      "report",
      "compare",
      "generate",
      "import",
      "export",
      "lookup",
      "explain",
      "advise",
      "verify",
      "verify-chart",
      "reference",
      "list",
      "schema",
      "doctor",
    ]) {
      expect(stdout).toMatch(new RegExp(`lbscale ${command}\\b`));
    }
  });
});

describe("bad input gets one line on stderr, exit code 2, and nothing on stdout", () => {
  const long = "x".repeat(50);
  it.each([
    ["no command", [], /give a command/],
    ["an unknown command", ["rnu"], /Did you mean run|Unknown/],
    ["an unknown option", ["run", "--servces", "5"], /[Uu]nknown argument/],
    ["no services", ["run", "--services", "0"], /whole number from 1 to 1000000/],
    ["a negative number", ["run", "--services", "-5"], /whole number|Not enough arguments/],
    ["1e12 services", ["run", "--services", "1e12"], /whole number from 1 to 1000000/],
    ["services that are no number", ["run", "--services", "abc"], /whole number/],
    ["an empty list", ["run", "--services", ","], /empty/],
    ["an unknown plane", ["run", "--planes", "xdp"], /choose from iptables, ipvs/],
    ["an unknown profile", ["run", "--profile", "huge"], /choose from quick, default/],
    ["an unknown scenario", ["run", "--scenarios", "x"], /choose from lookup/],
    ["popular services without a skew", ["run", "--popular", "last"], /give --zipf too/],
    ["too many NodePorts", ["run", "--profile", "article", "--services", "2769"], /2768/],
    ["more services than addresses", ["generate", "--services", "100000", "--endpoints", "100"], /room for/],
    ["a share above one", ["generate", "--services", "5", "--affinity", "2"], /from 0 to 1/],
    ["a missing cluster file", ["import", `missing-${long}`], /does not exist/],
    ["a folder as a cluster file", ["import", "."], /it is a folder/],
    [
      "positions where there are none",
      ["import", BOUTIQUE, "--positions"],
      /needs the output of iptables-save/,
    ],
    ["a cost that is none", ["import", NODE, "--positions", "--ns-per-entry", "0"], /above 0/],
    ["two costs", ["import", NODE, "--positions", "--ns-per-entry", "5", "--run", "."], /not both/],
    ["an unknown export format", ["export", BOUTIQUE, "--format", "ipfw"], /kubernetes/],
    ["no export format", ["export", BOUTIQUE], /Missing required argument: format/],
    ["nothing to export", ["export", "--format", "nft"], /either a cluster file or --services N/],
    [
      "two clusters to export",
      ["export", BOUTIQUE, "--services", "5", "--format", "nft"],
      /either a cluster/,
    ],
    ["no service to export", ["export", "--services", "0", "--format", "nft"], /whole number from 1/],
    ["a flow that is none", ["lookup", BOUTIQUE, "--plane", "ebpf", "--flow", "10.0.0.1"], /write it like/],
    ["an unknown chart", ["report", ".", "--chart", "pie"], /choose from columns/],
    ["an unknown format", ["report", ".", "--formats", "gif"], /choose from png/],
    ["a folder without results", ["report", "."], /does not exist/],
    ["more replicates at least than at most", ["run", "--replicates", "7-3"], /least and most such as 7-30/],
    ["no warm-up", ["run", "--warmup-ms", "0"], /whole number from 1 to 60000/],
    ["a run to compare that is none", ["compare", ".", "."], /does not exist/],
    ["a comparison drawn as a GIF", ["compare", ".", ".", "--chart", "x.gif"], /ends in \.png, \.svg, \.pdf/],
    ["a picture that is not there", ["verify-chart", "missing.png"], /does not exist/],
    ["a folder as a picture", ["verify-chart", "."], /it is a folder/],
    ["half a comparison", ["compare", "."], /Not enough/],
    ["nothing to resume", ["run", "--resume"], /--resume needs --out/],
    ["nothing to verify", ["verify"], /--services N/],
  ])("%s", (_what, args, message) => {
    const { status, stdout, stderr } = lbscale(args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
    expect(stdout).toBe("");
  });

  it.each([
    ["an empty file", "", /empty/],
    ["a truncated JSON file", '{"kind":"List","items":[{"kind":"Service"', /cut off/],
    ["a binary file", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0]), /binary/],
    ["text that is no Kubernetes", "hello", /no Kubernetes object/],
    ["a service without ports", service("{selector: {app: web}}"), /Service shop\/web: spec\.ports/],
    ["a port out of range", service("{ports: [{port: 70000}]}"), /Service shop\/web: spec\.ports\[0\]\.port/],
    ["IPv6 only", service("{clusterIP: 'fd00::1', ports: [{port: 80}]}"), /IPv4 cluster IP/],
    [
      "two services at one address",
      `${service("{clusterIP: 10.96.0.9, ports: [{port: 80}]}", "a")}---\n${service("{clusterIP: 10.96.0.9, ports: [{port: 81}]}", "b")}`,
      /Service shop\/b: clusterIP 10\.96\.0\.9 belongs to Service shop\/a/,
    ],
  ])("a cluster file that is %s", (_what, text, message) => {
    const { status, stdout, stderr } = lbscale([
      "run",
      "--cluster",
      file("bad", text),
      "--out",
      join(folder, "never"),
    ]);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect([status, stdout]).toEqual([2, ""]);
    expect(existsSync(join(folder, "never"))).toBe(false);
  });

  it("a corrupt results.json", () => {
    const path = file("results.json", '{"schemaVersion":1,');
    expect(lbscale(["report", path])).toMatchObject({ status: 2, stdout: "" });
    expect(lbscale(["report", file("results.json", '{"schemaVersion":7}')]).stderr).toMatch(/schemaVersion/);
    rmSync(path);
  });

  it("an output folder that is a file", () => {
    const { status, stderr } = lbscale([...TINY, "--out", file("taken", "")]);
    expect(stderr).toMatch(/a file is in the way/);
    expect(status).toBe(2);
  });

  it.runIf(process.platform === "linux")(
    "an output folder where nobody may write, root included (/proc, so Linux only)",
    () => {
      const { status, stderr } = lbscale([...TINY, "--out", "/proc/lbscale"]);
      expect(stderr).toMatch(/can't write to \/proc\/lbscale: .*choose another folder with --out/);
      expect(status).toBe(2);
    },
  );
});

describe("lbscale generate, import, lookup and verify", () => {
  it("generates a cluster that import takes again, unchanged", () => {
    const { stdout } = lbscale(["generate", "--services", "20", "--shape", "mixed", "--seed", "4"]);
    expect(lbscale(["import", "-"], stdout).stdout).toBe(stdout);
  });

  it("counts what it leaves out", () => {
    const text = [
      service("{ports: [{port: 80}]}"),
      service("{clusterIP: 'fd00::1', ports: [{port: 80}]}", "six"),
      service("{clusterIP: None, ports: [{port: 80}]}", "headless"),
      service("{type: ExternalName, externalName: example.org}", "elsewhere"),
    ].join("---\n");
    const { status, stderr } = lbscale(["import", "-"], text);
    expect(status).toBe(0);
    for (const left of [/headless[^,]*1/, /ExternalName[^,]*1/, /IPv6-only[^,]*1/])
      expect(stderr).toMatch(left);
  });

  it.each(["kubernetes", "iptables", "nft", "cilium", "ipvsadm"])(
    "exports %s that import and verify take, and says what the format does not hold",
    (format) => {
      const { status, stdout, stderr } = lbscale(["export", BOUTIQUE, "--format", format]);
      expect([status, stderr]).toEqual([
        0,
        expect.stringMatching(new RegExp(`^${format} does not hold: [^\\n]*\\n$`)),
      ]);
      const imported = lbscale(["import", "-"], stdout);
      expect([imported.status, JSON.parse(imported.stdout).services.length]).toEqual([
        0,
        format === "ipvsadm" ? 14 : 12,
      ]);
      expect(lbscale(["verify", "-", "--flows", "2000"], stdout).status).toBe(0);
    },
  );

  it("exports 5,000 generated services as iptables rules, the same for a seed, which are read back", () => {
    const { status, stdout } = lbscale(["export", "--services", "5000", "--format", "iptables"]);
    expect(status).toBe(0);
    expect(lbscale(["export", "--services", "5000", "--seed", "1", "--format", "iptables"]).stdout).toBe(
      stdout,
    );
    expect(lbscale(["export", "--services", "5000", "--seed", "2", "--format", "iptables"]).stdout).not.toBe(
      stdout,
    );
    const generated = lbscale(["generate", "--services", "5000", "--shape", "mixed"]).stdout;
    expect(lbscale(["export", "-", "--format", "iptables"], generated).stdout).toBe(stdout);
    expect(lbscale(["import", "-"], stdout).stderr).toMatch(/^5000 services with /);
  });

  it("says where each service stands in a node's own list, and what that is predicted to cost", () => {
    const { stdout, stderr } = lbscale(["import", NODE, "--positions", "--ns-per-entry", "10"]);
    expect(stdout.split("\n")[1]).toBe(
      "kube-system/kube-dns:dns  10.96.0.10:53/udp          2         1      7.5      75 ns",
    );
    expect(stderr).toMatch(/10 ns an entry \(as given\)/);
    expect(stderr).toMatch(/taken as not matching: -m nfacct: 2, -m multiport: 1/);
    const json = JSON.parse(lbscale(["import", NODE, "--positions", "--json"]).stdout);
    expect(json.services[0]).toEqual({
      service: "kube-system/kube-dns:dns",
      address: "10.96.0.10:53/udp",
      endpoints: 2,
      position: 1,
      entries: 7.5,
      filterEntries: 0,
      predictedNs: 7.5 * 22,
    });
    const ofRun = lbscale(["import", NODE, "--positions", "--run", join(PUBLISHED, publishedRun())]);
    expect(ofRun.stdout.split("\n")[0]).toMatch(/predicted +95 % interval$/);
    expect(ofRun.stdout.split("\n")[1]).toMatch(/ ns +\[[\d.]+ ns, [\d.]+ ns\]$/);
    expect(ofRun.stderr).toMatch(/lookups of iptables in the model at 6 services, with 95 % intervals/);
  });

  it("walks a node's own list, rules of others included", () => {
    const flow = "tcp 10.244.9.9:40000 > 10.96.9.9:443";
    const { stdout } = lbscale(["lookup", NODE, "--plane", "iptables", "--flow", flow]);
    expect(stdout).toMatch(/DNAT to 10\.244\.2\.8:8443\n.*\nwork: 10 rules/);
  });

  it("imports the Online Boutique as 12 services, its load balancer among them", () => {
    const { stdout, stderr } = lbscale(["import", BOUTIQUE]);
    const { services } = JSON.parse(stdout) as { services: { name: string; type: string }[] };
    expect(services).toHaveLength(12);
    expect(services.filter(({ type }) => type === "LoadBalancer").map(({ name }) => name)).toEqual([
      "default/frontend-external",
    ]);
    expect(stderr).toMatch(/12 services with 12 ports and 12 endpoints/);
  });

  it("shows one decision with its exact work", () => {
    const flow = "tcp 10.255.0.5:40000 > 10.96.0.1:80";
    const { stdout } = lbscale(["lookup", BOUTIQUE, "--plane", "nftables", "--flow", flow, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      decision: "DNAT 10.128.0.1:8080",
      work: { rulesVisited: 6, mapLookups: 2 },
    });
    expect(lbscale(["lookup", BOUTIQUE, "--plane", "iptables", "--flow", flow]).stdout).toMatch(
      /jump to KUBE-SERVICES[\s\S]*KUBE-SVC of default\/frontend:http[\s\S]*iptables: DNAT 10\.128\.0\.1:8080/,
    );
  });

  it("explains a service on every plane, and predicts from the published run by name and machine", () => {
    const { stdout, status } = lbscale(["explain", BOUTIQUE, "frontend"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /iptables: DNAT[\s\S]*KUBE-SVC of default\/frontend:http[\s\S]*120 \(×10\) +\d+ +6 +70\.5 +135/,
    );
    expect(stdout).toMatch(/the published run \d{4}-\d\d-\d\d-default[^(]*\([^)]+\).*not of a kernel/);
    const json = JSON.parse(lbscale(["explain", BOUTIQUE, "frontend", "--planes", "ebpf", "--json"]).stdout);
    expect(json.planes[0].sizes[2]).toMatchObject({ services: 120, work: { mapLookups: 3 } });
    expect(json.predictedFrom.cpu).not.toBe("");
  });

  it("proposes close matches for a service that does not exist", () => {
    const { stdout, stderr, status } = lbscale(["explain", BOUTIQUE, "default/fronted"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(
      'lbscale: no service "default/fronted" in this cluster: did you mean default/frontend?\n',
    );
  });

  it("advises on a cluster from a run, in words and for programs", () => {
    const run = join(PUBLISHED, "2026-11-27-default");
    const { stdout, status } = lbscale(["advise", BOUTIQUE, "--run", run]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/iptables +[\d.]+ [nµ]s .*29 rules, 12 chains[\s\S]*This assumes:/);
    const json = JSON.parse(lbscale(["advise", BOUTIQUE, "--run", run, "--json"]).stdout);
    expect(json.planes).toHaveLength(5);
    expect(json.findings.length).toBeGreaterThan(5);
  });

  it("measures the cluster on the spot where no run is given", () => {
    const out = join(folder, "advised");
    const args = ["advise", BOUTIQUE, "--planes", "ebpf,iptables", "--replicates", "2", "--out", out];
    const { stdout, status } = lbscale(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/lookups measured on this cluster[\s\S]*range/);
    const { cells, cluster } = readResults(out);
    expect(cluster.source).toBe("imported");
    expect([...new Set(cells.map(({ services }) => services))]).toEqual([1, 12, 120]);
  });

  it("verifies that all planes decide alike", () => {
    const { status, stdout } = lbscale(["verify", "--services", "60", "--flows", "3000", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ flows: 3000, disagreements: 0 });
  });

  it("stops quietly when its reader has seen enough", () => {
    const command = `"${process.execPath}" "${MAIN}" generate --services 50000 | head -n 1`;
    expect(execFileSync("bash", ["-o", "pipefail", "-c", command], { encoding: "utf8" })).toMatch(
      /^\{"lbscale"/,
    );
  });

  it("lists every scenario, the one that is worked out too", () => {
    const listed = JSON.parse(lbscale(["list", "scenarios", "--json"]).stdout) as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(["churn", "skew", "update", "load"]));
  });

  it.each(["planes", "scenarios", "profiles", "charts"])("lists %s", (what) => {
    expect(JSON.parse(lbscale(["list", what, "--json"]).stdout).length).toBeGreaterThan(0);
  });

  it("tells what the machine is, and shows the timed loop", () => {
    expect(lbscale(["doctor"]).stdout).toMatch(/model lane: ready[\s\S]*model\.lookup/);
    expect(JSON.parse(lbscale(["doctor", "--json"]).stdout).environment.node).toBe(process.versions.node);
  });
});

describe("lbscale run", () => {
  it("measures, saves, draws, and prints a table; report draws the same bytes again", () => {
    const out = join(folder, "tiny");
    const { status, stdout } = lbscale([...TINY, "--out", out]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/ns ┤[\s\S]*services\s+plane\s+median/);
    expect(existsSync(join(out, "report.html"))).toBe(true);
    const results = readResults(out);
    expect(results.run.complete).toBe(true);
    expect(results.equivalence.disagreements).toBe(0);
    for (const cell of results.cells) {
      expect(cell.replicates).toHaveLength(1);
      expect(cell.replicates[0]!.checkedBatches).toBeGreaterThan(0);
      expect(cell.estimate?.kind).toBe("range");
    }
    const again = join(folder, "again");
    lbscale(["report", out, "--out", again, "--theme", "light", "--formats", "png,md,csv"]);
    for (const name of readdirSync(again)) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(out, "charts", name)))).toBe(true);
    }
    expect(lbscale([...TINY, "--out", out]).stderr).toMatch(/holds a run already/);
  });

  it("keeps no path, host or user name in what it stores", () => {
    for (const name of ["results.json", "report.html"]) {
      const text = readFileSync(join(folder, "tiny", name), "utf8");
      for (const secret of [folder, process.cwd(), os.hostname(), os.homedir()]) {
        if (secret.length > 3) expect(text).not.toContain(secret);
      }
    }
  });

  it("measures an imported cluster, grown to the asked sizes", () => {
    const out = join(folder, "grown");
    const args = ["run", "--profile", "quick", "--planes", "ebpf", "--replicates", "1", "--out", out];
    const { status, stderr } = lbscale([...args, "--cluster", BOUTIQUE, "--services", "12,40"]);
    expect(stderr).not.toMatch(/internal error/);
    expect(status).toBe(0);
    const results = readResults(out);
    expect(results.cluster.source).toBe("imported");
    expect(results.cells.map((cell) => [cell.services, cell.endpoints])).toEqual([
      [12, 1],
      [40, 1],
    ]);
  });

  it("leaves a hole with its reason where a plane can't hold the cluster, and fails when nothing is left", () => {
    const args = [
      "run",
      "--profile",
      "quick",
      "--replicates",
      "1",
      "--ebpf-map-max",
      "100",
      "--planes",
      "ebpf",
    ];
    const some = join(folder, "some");
    expect(lbscale([...args, "--services", "5,500", "--out", some]).status).toBe(0);
    const [small, large] = readResults(some).cells;
    expect(small!.estimate).not.toBeNull();
    expect(large!.estimate).toBeNull();
    expect(large!.warnings[0]).toMatch(/holds 100 entries and this cluster needs 3000.*bpf-lb-map-max/);
    const none = lbscale([...args, "--services", "500", "--out", join(folder, "none")]);
    expect(none.stderr).toMatch(/nothing could be measured: .*bpf-lb-map-max/);
    expect(none.status).toBe(1);
  });

  it("writes what CI services read", () => {
    const out = join(folder, "exports");
    lbscale(["report", join(folder, "tiny"), "--formats", "github,bencher", "--out", out]);
    const results = readResults(join(folder, "tiny"));
    const github = JSON.parse(readFileSync(join(out, "github-benchmark.json"), "utf8"));
    expect(github).toHaveLength(results.cells.length);
    expect(github[0]).toMatchObject({
      name: "iptables/lookup/1 (model)",
      unit: "ns",
      value: results.cells[0]!.estimate!.median,
      range: expect.stringMatching(/^± /),
    });
    const bencher = JSON.parse(readFileSync(join(out, "bencher.json"), "utf8"));
    const { value, lower_value, upper_value } = bencher["iptables/lookup/1 (model)"].latency;
    expect(lower_value).toBeLessThanOrEqual(value);
    expect(upper_value).toBeGreaterThanOrEqual(value);
  });

  it("does not resume what is complete, or what began on another machine", () => {
    const out = join(folder, "moved");
    mkdirSync(out);
    const results = readResults(join(folder, "tiny"));
    expect(lbscale(["run", "--resume", "--out", join(folder, "tiny")]).stderr).toMatch(
      /is complete: nothing to resume/,
    );
    results.run.complete = false;
    results.environment.cpu = "Z80";
    writeFileSync(join(out, "results.json"), JSON.stringify(results));
    const { status, stderr } = lbscale(["run", "--resume", "--out", out]);
    expect(stderr).toMatch(/was started in a different environment: cpu was Z80 and is .*; start a new run/);
    expect(status).toBe(2);
  });

  it("does not resume with another cluster", () => {
    const out = join(folder, "swapped");
    mkdirSync(out);
    const results = readResults(join(folder, "grown"));
    results.run.complete = false;
    writeFileSync(join(out, "results.json"), JSON.stringify(results));
    const other = file("other.yaml", service("{clusterIP: 10.96.7.7, ports: [{port: 80}]}"));
    const swapped = lbscale(["run", "--resume", "--out", out, "--cluster", other]);
    expect(swapped.stderr).toMatch(/began with another cluster/);
    expect(swapped.status).toBe(2);
  });

  it("saves what it has on Ctrl-C, exits 130, and finishes with --resume", async () => {
    const out = join(folder, "interrupted");
    const child = spawn(process.execPath, [MAIN, ...TINY, "--replicates", "4", "--out", out], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const closed = new Promise((resolve) => child.on("close", resolve));
    const saved = () =>
      existsSync(join(out, "results.json")) &&
      readResults(out).cells.some(({ replicates }) => replicates.length > 0);
    await vi.waitUntil(saved, { interval: 20, timeout: 60_000 });
    child.kill("SIGINT");
    const status = await closed;
    expect(status).toBe(130);
    expect(stderr).toMatch(/finish it with: lbscale run --resume/);
    const partial = readResults(out);
    expect(partial.run.complete).toBe(false);
    const measured = partial.cells.flatMap((cell) => cell.replicates).length;
    expect(measured).toBeGreaterThan(0);
    expect(measured).toBeLessThan(16);
    const kept = partial.cells.map((cell) => cell.replicates);
    expect(lbscale(["run", "--resume", "--out", out]).status).toBe(0);
    const whole = readResults(out);
    expect(whole.run.complete).toBe(true);
    expect(whole.cells.flatMap((cell) => cell.replicates)).toHaveLength(16);
    for (const [i, replicates] of kept.entries()) {
      expect(whole.cells[i]!.replicates.slice(0, replicates.length)).toEqual(replicates);
    }
  });
});

describe("lbscale report", () => {
  const publishedRuns = readdirSync(PUBLISHED).filter((name) => /^\d{4}-/.test(name));

  it.each(publishedRuns)(
    "puts %s into one page under 1.5 MB that may run its own script and reach nothing",
    (name) => {
      const out = join(folder, "page");
      expect(lbscale(["report", join(PUBLISHED, name), "--formats", "html", "--out", out]).status).toBe(0);
      const html = readFileSync(join(out, "report.html"), "utf8");
      expect(Buffer.byteLength(html)).toBeLessThan(1.5e6);
      const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html)!;
      const [script, style] = ["script", "style"].map((tag) => {
        const [, text] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)!;
        return `'sha256-${createHash("sha256").update(text!).digest("base64")}'`;
      });
      expect(policy).toBe(
        `default-src 'none'; script-src ${script}; style-src ${style}; img-src data: blob:; base-uri 'none'; form-action 'none'`,
      );
      // Chart.js names its licence and its site, in comments and links that nobody follows.
      expect(html).not.toMatch(/<(?:link|img|iframe)\b|<script [^>]*src=|url\((?!#)/);
    },
  );

  it("lets no name out of the page's data or into its markup", () => {
    const run = join(folder, "hostile");
    const hostile = "</script><script>alert(1)</script><!--";
    const results = JSON.parse(readFileSync(join(folder, "tiny", "results.json"), "utf8")) as Results;
    results.environment.cpu = hostile;
    results.cells[0]!.warnings = [hostile];
    mkdirSync(run);
    writeFileSync(join(run, "results.json"), JSON.stringify(results));
    expect(lbscale(["report", run, "--formats", "html"]).status).toBe(0);
    const html = readFileSync(join(run, "report.html"), "utf8");
    expect(html).not.toContain("<script>alert");
    expect(html.match(/<script/g)!.length).toBe(html.match(/<\/script>/g)!.length);
  });

  it("prints charts and the table as text, in ASCII where the terminal has no UTF-8", () => {
    const run = join(PUBLISHED, publishedRuns.find((name) => name.endsWith("-default"))!);
    const text = (locale: string) =>
      spawnSync(process.execPath, [MAIN, "report", run, "--formats", "text"], {
        encoding: "utf8",
        env: { ...process.env, LC_ALL: locale },
      }).stdout;
    expect(text("C.UTF-8")).toMatch(/100 µs ┤.*\n[\s\S]*i iptables[\s\S]*services\s+plane\s+median/);
    expect(text("C")).toMatch(/^[\n -~]+$/);
    expect(text("C")).toContain("100 us +");
  });

  it("writes slides beside results.json, and charts into charts/", () => {
    const run = join(folder, "tiny");
    expect(lbscale(["report", run, "--formats", "pptx,slides-pdf,csv"]).stdout.split("\n").sort()).toEqual(
      ["", join("charts", "table.csv"), "slides.pdf", "slides.pptx"].map((name) =>
        name === "" ? "" : join(run, name),
      ),
    );
  });

  it("refuses text together with --json", () => {
    const { status, stderr } = lbscale(["report", join(folder, "tiny"), "--formats", "text", "--json"]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/choose one/)]);
  });
});

describe("lbscale compare", () => {
  /** The published run, and the same with one plane slower. */
  const published = join(PUBLISHED, "2026-11-27-default");
  const slowed = (factor: number, edit: (results: Results) => void = () => {}): string => {
    const results = readResults(published);
    for (const cell of results.cells) {
      if (cell.plane !== "nftables") continue;
      for (const replicate of cell.replicates) replicate.median *= factor;
    }
    edit(results);
    return file(`head-${factor}.json`, JSON.stringify(results));
  };

  it("finds no difference between a run and itself, and exits 0", () => {
    const { status, stdout } = lbscale(["compare", published, published]);
    expect(stdout).toMatch(/found from[\s\S]*no plane is slower in HEAD/);
    expect(status).toBe(0);
  });

  it("names the plane that became slower, and exits 1", () => {
    const { status, stdout, stderr } = lbscale(["compare", published, slowed(1.5)]);
    expect(stderr).toBe("lbscale: HEAD is slower than BASE: nftables\n");
    expect(stdout).toMatch(/nftables .*slower/);
    expect(status).toBe(1);
    const json = JSON.parse(lbscale(["compare", published, slowed(1.5), "--json"]).stdout);
    expect(json).toMatchObject({ regression: true, minEffect: 0.05, reasons: [] });
  });

  it("refuses runs that can't be compared, unless told to do it anyway", () => {
    const other = slowed(1, ({ run }) => {
      run.seed = 99;
    });
    const refused = lbscale(["compare", published, other]);
    expect(refused.stderr).toMatch(/seed: 1 and 99; --anyway compares them/);
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
    const anyway = lbscale(["compare", published, other, "--anyway"]);
    expect(anyway.stderr).toMatch(/compared anyway, although: seed/);
    expect(anyway.status).toBe(0);
  });
});

describe("lbscale verify-chart", () => {
  const published = join(PUBLISHED, "2026-11-27-article");
  const drawn = (format: string): string => {
    lbscale([
      "report",
      published,
      "--out",
      "drawn",
      "--chart",
      "columns",
      "--theme",
      "light",
      "--formats",
      format,
    ]);
    return join(folder, "drawn", `columns-light.${format}`);
  };

  it.each(["png", "svg", "pdf"])(
    "finds that a %s and its run belong together, and prints the numbers",
    (format) => {
      const { status, stdout } = lbscale(["verify-chart", drawn(format), published]);
      expect(stdout).toMatch(/seed 1: lbscale run --profile article/);
      expect(stdout).toMatch(/kube-proxy \(iptables\) +2,768 +\d+/);
      expect(stdout).toMatch(/picture and run belong together\n$/);
      expect(status).toBe(0);
    },
  );

  it("refuses another run, and a result that was changed since, and exits 1", () => {
    const picture = drawn("png");
    const other = lbscale(["verify-chart", picture, join(PUBLISHED, "2026-11-27-default")]);
    expect(other.stderr).toMatch(/drawn from results \w{12}, and these are \w{12}: another run/);
    expect(other.status).toBe(1);
    const results = readResults(published);
    results.cells[0]!.estimate!.median += 1;
    const changed = file("changed.json", JSON.stringify(results));
    const { status, stdout, stderr } = lbscale(["verify-chart", picture, changed, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, data: { chart: "columns" } });
    expect(stderr).toMatch(/the same run, changed since/);
    expect(status).toBe(1);
  });

  it("notices a picture that was changed, numbers that were, and a picture without data", () => {
    const svg = readFileSync(drawn("svg"), "utf8");
    const repainted = lbscale([
      "verify-chart",
      file("red.svg", svg.replace(/fill="#4285F4"/i, 'fill="#00FF00"')),
      published,
    ]);
    const number = /"y":(\d+)/.exec(svg)![1]!;
    const embellished = lbscale([
      "verify-chart",
      file("low.svg", svg.replace(`"y":${number}`, '"y":1')),
      published,
    ]);
    expect(embellished.stderr).toMatch(/its numbers are not those/);
    const bare = lbscale([
      "verify-chart",
      file("bare.svg", svg.replace(/<metadata[\s\S]*<\/metadata>/, "")),
      published,
    ]);
    expect(bare.stderr).toMatch(/carries no data of lbscale/);
    expect([repainted.status, embellished.status, bare.status]).toEqual([1, 1, 1]);
    expect(repainted.stderr).toMatch(/the picture was changed after it was drawn/);
  });

  it("knows both runs of a comparison", () => {
    expect(lbscale(["compare", published, published, "--chart", "compared.pdf"]).status).toBe(0);
    expect(lbscale(["verify-chart", "compared.pdf", published]).stdout).toMatch(
      /No plane is slower[\s\S]*belong together/,
    );
    expect(lbscale(["verify-chart", "compared.pdf", join(PUBLISHED, "2026-11-27-default")]).status).toBe(1);
  });
});

describe("lbscale reference", () => {
  it("lists published measurements with their sources", () => {
    const { stdout, status } = lbscale(["reference"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /cilium-1\.6: [\s\S]*https:\/\/cilium\.io[\s\S]*2,768 +301 +576[\s\S]*egress-filtering/,
    );
    const { references, tables } = JSON.parse(lbscale(["reference", "--json"]).stdout);
    expect(references.length + tables.length).toBeGreaterThan(15);
    expect(lbscale(["reference", "nobody"])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/choose from cilium-1\.6, /),
    });
  });

  it("sets a run beside them, shape by shape, with intervals and reasons", () => {
    const run = join(PUBLISHED, "2026-11-27-article");
    const { stdout, status } = lbscale(["reference", "cilium-1.6", "--against", run]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /slope per rule .*1 to 2,768 +26 ns \[25 ns, 26 ns\] +[\d.]+ ns \[.*\] +run lower/,
    );
    expect(stdout).toMatch(
      /- timed: one HTTP GET .*; the run times the choice of an endpoint alone, at a NodePort/,
    );
    const json = JSON.parse(lbscale(["reference", "--against", run, "--json"]).stdout);
    expect(json.comparisons[0].shapes.length).toBeGreaterThan(3);
    expect(json.comparisons[0].differences.length).toBeGreaterThan(3);
  });
});

describe("lbscale schema", () => {
  it("describes results.json, naming every top-level field and forbidding none", () => {
    const { stdout } = lbscale(["schema"]);
    const schema = JSON.parse(stdout);
    expect(schema.required.sort()).toEqual(Object.keys(readResults(join(folder, "tiny"))).sort());
    expect(stdout).not.toMatch(/"additionalProperties": false/);
  });
});
