/** What depends on files next to the built program, or on the process itself. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, lbscale, MAIN } from "../support/cli.js";
import { BOUTIQUE } from "../support/inputs.js";
import { expectPageAlone } from "../support/page.js";
import { fakeResults } from "../support/results.js";

it("lbscale --version prints the version of the package, as a process", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(lbscale(["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});

it("the process exits with the code of main, and writes the error to standard error alone", () => {
  expect(lbscale(["run", "--profile"])).toEqual({
    status: 2,
    stdout: "",
    stderr: "lbscale: --profile needs a value; see lbscale run --help\n",
  });
});

describe("lbscale explain", () => {
  it("explains a service on every plane, and predicts from the published run by name and machine", () => {
    const { stdout, status } = lbscale(["explain", BOUTIQUE, "frontend"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /iptables, kube-proxy 1\.37\.2: DNAT[\s\S]*KUBE-SVC of default\/frontend:http[\s\S]*120 \(×10\) +\d+ +6 +70\.5 +135/,
    );
    expect(stdout).toMatch(/the published run \d{4}-\d\d-\d\dT\d{6}-default[^(]*\([^)]+\).*not of a kernel/);
    const json = JSON.parse(lbscale(["explain", BOUTIQUE, "frontend", "--planes", "ebpf", "--json"]).stdout);
    expect(json.planes[0].sizes[2]).toMatchObject({ services: 120, work: { mapLookups: 3 } });
    expect(json.predictedFrom.cpu).not.toBe("");
  });
});

describe("the page of lbscale report", () => {
  it("of a published run is under 3 MB, may run its own script and reaches nothing", () => {
    expectPageAlone("default", join(folder, "page"));
  });

  it("lets no name out of the page's data or into its markup", () => {
    const run = join(folder, "hostile");
    const hostile = "</script><script>alert(1)</script><!--";
    const results = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 2] });
    results.environment.cpu = hostile;
    results.cells[0]!.warnings = [hostile];
    mkdirSync(run);
    writeFileSync(join(run, "results.json"), JSON.stringify(results));
    expect(lbscale(["report", run, "--formats", "html"]).status).toBe(0);
    const html = readFileSync(join(run, "report.html"), "utf8");
    expect(html).not.toContain("<script>alert");
    expect(html.match(/<script/g)!.length).toBe(html.match(/<\/script>/g)!.length);
  });
});

describe("a pipe", () => {
  it("carries a generated cluster to import, which prints it unchanged", () => {
    const { stdout } = lbscale(["generate", "--services", "20", "--shape", "mixed", "--seed", "4"]);
    expect(lbscale(["import", "-"], stdout).stdout).toBe(stdout);
  });

  it("stops quietly when its reader has seen enough", () => {
    const command = `"${process.execPath}" "${MAIN}" generate --services 50000 | head -n 1`;
    expect(execFileSync("bash", ["-o", "pipefail", "-c", command], { encoding: "utf8" })).toMatch(
      /^\{"lbscale"/,
    );
  });

  it("of notes that nobody reads any more ends no command", async () => {
    const child = spawn(process.execPath, [MAIN, "import", BOUTIQUE], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.destroy();
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
  });
});

it.runIf(process.platform === "linux")("a full disk behind standard output is said, with exit code 1", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "list", "planes"], {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  expect([status, stderr]).toEqual([1, "lbscale: can't write to standard output: ENOSPC\n"]);
});
