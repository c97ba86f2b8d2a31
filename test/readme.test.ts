import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
).scripts;

const COMMANDS = [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => block!.split("\n"))
  .flatMap((line) => line.replace(/\s+#.*$/, "").split(" && "))
  .filter((command) => command !== "");

describe("README", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-readme-"));
    symlinkSync(join(ROOT, "test"), join(folder, "test"));
    symlinkSync(join(ROOT, "results"), join(folder, "published"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("shows pictures and links to files that exist", () => {
    for (const [, target] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect([target, existsSync(join(ROOT, target!))]).toEqual([target, true]);
  });

  // Measuring commands run here with one replicate of what they would measure: the long form runs in the slow tests.
  it.each(COMMANDS.filter((command) => command.startsWith("npx lbscale ")))("%s", (command) => {
    const short = / run /.test(command)
      ? " --replicates 1 --services 2,3 --planes iptables,ebpf --out run"
      : "";
    const words = `${command
      .replace("npx lbscale ", "")
      .replace(/ --services \S+/, short === "" ? "$&" : "")
      .replace(/ --planes \S+/, short === "" ? "$&" : "")}${short}`;
    const args = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const placed = args.map((arg) =>
      arg.startsWith("results/2") ? arg.replace("results/", "published/") : arg,
    );
    rmSync(join(folder, "run"), { recursive: true, force: true });
    const main = join(ROOT, "dist", "src", "cli", "main.js");
    const { status, stderr } = spawnSync(process.execPath, [main, ...placed], {
      cwd: folder,
      encoding: "utf8",
    });
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
  });

  it("names npm scripts that exist", () => {
    for (const command of COMMANDS.filter((text) => text.startsWith("npm "))) {
      const name = /^npm run (\S+)/.exec(command)?.[1] ?? command.replace(/^npm /, "");
      if (name !== "ci") expect(Object.keys(SCRIPTS)).toContain(name);
    }
  });
});
