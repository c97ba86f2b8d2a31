import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-package-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("works from its own tarball in an empty folder: installed, measured, drawn without any system font", () => {
  const run = (command: string, args: string[], cwd: string, env = process.env) =>
    execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], ROOT);
  const [tarball] = readdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{"name":"consumer","private":true}');
  run("npm", ["install", join(folder, tarball!)], folder);
  const bare = { ...process.env, DISABLE_SYSTEM_FONTS_LOAD: "1" };
  const stdout = run("npx", ["lbscale", "run", "--profile", "quick", "--out", "run"], folder, bare);
  expect(stdout).toMatch(/At 10,000 Services an iptables lookup takes/);
  expect(readResults(join(folder, "run")).run.complete).toBe(true);
  expect(existsSync(join(folder, "run", "charts", "scaling-light.png"))).toBe(true);
  writeFileSync(join(folder, "cluster.json"), run("npx", ["lbscale", "generate", "--services", "5"], folder));
  expect(run("npx", ["lbscale", "explain", "cluster.json", "svc-0"], folder)).toMatch(
    /the published run \d{4}-\d\d-\d\dT\d{6}-default/,
  );
  // The message names the script by a path that works here, with the modules that it builds.
  const fresh = { ...process.env, XDG_CACHE_HOME: folder };
  const doctor = run("npx", ["lbscale", "doctor", "--lane", "model"], folder, fresh);
  const [, script = ""] = /^(\S+install-kube-proxy\.sh) 1\.34 1\.35 1\.36 1\.37 builds/m.exec(doctor) ?? [];
  const { status, stderr } = spawnSync(script, ["1.0"], { cwd: folder, encoding: "utf8" });
  expect([status, stderr]).toEqual([
    2,
    "install-kube-proxy: no kube-proxy 1.0 here: choose from 1.34 1.35 1.36 1.37\n",
  ]);
  writeFileSync(
    join(folder, "library.mjs"),
    'import { generateCluster, PLANES } from "lbscale"; console.log(PLANES.length, generateCluster({ services: 3, seed: 1 }).services);',
  );
  expect(run("node", ["library.mjs"], folder)).toBe("6 3\n");
});
