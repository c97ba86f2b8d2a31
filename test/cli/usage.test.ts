import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "../support/in-process.js";
import { BOUTIQUE, NODE_TABLES, service, TINY } from "../support/inputs.js";

const { file, folder, lbscale } = commandLine();

describe("bad input gets one line on stderr, exit code 2, and nothing on stdout", () => {
  const long = "x".repeat(50);
  it.each([
    ["no command", [], /^lbscale: give a command; see lbscale --help$/m],
    ["an option without its value", ["run", "--profile"], /^lbscale: --profile needs a value/],
    ["a generator without its number", ["generate", "--services"], /^lbscale: --services needs a value/],
    [
      "a report without its run",
      ["report"],
      /^lbscale: <run> is missing: lbscale report <run> \[others\.\.\];/,
    ],
    ["an option before an unknown command", ["--debug", "rnu"], /unknown command "rnu"/],
    ["an unknown command", ["rnu"], /^lbscale: unknown command "rnu": did you mean run\?/],
    ["an unknown option", ["run", "--servces", "5"], /Unknown argument: servces/],
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
    ["an unknown export format", ["export", BOUTIQUE, "--format", "ipfw"], /kubernetes/],
    ["no export format", ["export", BOUTIQUE], /Missing required argument: format/],
    ["nothing to export", ["export", "--format", "nft"], /either a cluster file or --services N/],
    [
      "two clusters to export",
      ["export", BOUTIQUE, "--services", "5", "--format", "nft"],
      /either a cluster/,
    ],
    ["no service to export", ["export", "--services", "0", "--format", "nft"], /whole number from 1/],
    [
      "a flow that is none",
      ["lookup", BOUTIQUE, "--plane", "ebpf", "--flow", "10.0.0.1"],
      /is invalid: expected "tcp /,
    ],
    ["an unknown format", ["report", ".", "--formats", "gif"], /choose from png/],
    ["a folder without results", ["report", "."], /does not exist/],
    ["more replicates at least than at most", ["run", "--replicates", "7-3"], /least and most such as 7-30/],
    ["no warm-up", ["run", "--warmup-ms", "0"], /whole number from 1 to 60000/],
    ["a run to compare that is none", ["compare", ".", "."], /does not exist/],
    ["a comparison drawn as a GIF", ["compare", ".", ".", "--chart", "x.gif"], /ends in \.png, \.svg, \.pdf/],
    ["a picture that is not there", ["verify-chart", "missing.png"], /does not exist/],
    ["a folder as a picture", ["verify-chart", "."], /it is a folder/],
    ["half a comparison", ["compare", "."], /<head> is missing/],
    ["nothing to resume", ["run", "--resume"], /--resume needs --out/],
    ["nothing to verify", ["verify"], /--services N/],
  ])("%s", async (_what, args, message) => {
    const { status, stdout, stderr } = await lbscale(args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
    expect(stdout).toBe("");
  });

  it.each([
    [
      "positions where there are none",
      ["import", BOUTIQUE, "--positions"],
      /needs the output of iptables-save/,
    ],
    ["a cost that is none", ["import", NODE_TABLES, "--positions", "--ns-per-entry", "0"], /above 0/],
    [
      "kinds of addresses of a given cluster",
      ["run", "--scenarios", "addresses", "--cluster", BOUTIQUE],
      /scenario addresses generates its clusters: leave out the cluster/,
    ],
    ["two costs", ["import", NODE_TABLES, "--positions", "--ns-per-entry", "5", "--run", "."], /not both/],
  ])("%s, after what the import left out and assumed", async (_what, args, message) => {
    const { status, stdout, stderr } = await lbscale(args);
    const lines = stderr.trimEnd().split("\n");
    expect(lines.filter((line) => line.startsWith("lbscale: "))).toEqual([lines.at(-1)]);
    expect(lines.at(-1)).toMatch(message);
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
    [
      "two services at one address",
      `${service("{clusterIP: 10.96.0.9, ports: [{port: 80}]}", "a")}---\n${service("{clusterIP: 10.96.0.9, ports: [{port: 81}]}", "b")}`,
      /Service shop\/b: clusterIP 10\.96\.0\.9 belongs to Service shop\/a/,
    ],
  ])("a cluster file that is %s", async (_what, text, message) => {
    const { status, stdout, stderr } = await lbscale([
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

  it("a corrupt results.json", async () => {
    const path = file("results.json", '{"schemaVersion":1,');
    expect(await lbscale(["report", path])).toMatchObject({ status: 2, stdout: "" });
    expect((await lbscale(["report", file("results.json", '{"schemaVersion":7}')])).stderr).toMatch(
      /schemaVersion/,
    );
    rmSync(path);
  });

  it("an output folder that is a file", async () => {
    const { status, stderr } = await lbscale([...TINY, "--out", file("taken", "")]);
    expect(stderr).toMatch(/a file of that name exists/);
    expect(status).toBe(2);
  });

  it.runIf(process.platform === "linux")(
    "an output folder where nobody may write, root included (/proc, so Linux only)",
    async () => {
      const { status, stderr } = await lbscale([...TINY, "--out", "/proc/lbscale"]);
      expect(stderr).toMatch(/can't write to \/proc\/lbscale: .*choose another folder\n$/);
      expect(status).toBe(2);
    },
  );
});

describe("lbscale --help", () => {
  it("lists every command in one of four groups, and the exit codes", async () => {
    const { status, stdout } = await lbscale(["--help"]);
    expect(status).toBe(0);
    const [, ...groups] = stdout.split(/^(?=Measure$|Inspect$|Convert$|Report$)/m);
    expect(
      groups.map((group) => [...group.matchAll(/^ {2}lbscale (\S+)/gm)].map(([, name]) => name)),
    ).toEqual([
      ["run", "compare", "verify", "doctor", "clean"],
      ["lookup", "explain", "advise", "list"],
      ["generate", "import", "export", "serve"],
      ["report", "reference", "verify-chart", "schema"],
    ]);
    expect(stdout).toMatch(/Exit codes: 0 .*1 .*2 .*70 .*130 /);
  });

  it("is the same for -h, and with other options", async () => {
    const { stdout } = await lbscale(["--help"]);
    expect((await lbscale(["-h"])).stdout).toBe(stdout);
    expect((await lbscale(["--debug", "--help"])).stdout).toBe(stdout);
  });

  it("of a command lists its options and says what they may be", async () => {
    const { status, stdout } = await lbscale(["run", "--help"]);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^lbscale run\n[\s\S]*--replicates [\s\S]*--resume/),
    ]);
  });
});

describe("lbscale completion", () => {
  it("prints a script that asks lbscale for words", async () => {
    expect((await lbscale(["completion"])).stdout).toMatch(/lbscale --get-yargs-completions/);
  });

  it("completes commands, and the options of a command", async () => {
    const complete = async (...words: string[]) =>
      (await lbscale(["--get-yargs-completions", "lbscale", ...words])).stdout.split("\n");
    expect(await complete("exp")).toEqual(expect.arrayContaining([expect.stringMatching(/^export\b/)]));
    expect(await complete("compare", "--any")).toEqual(
      expect.arrayContaining([expect.stringMatching(/^--anyway\b/)]),
    );
  });
});
