/** The commands of the README and of docs/cli.md, and running one of them. */

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const CLI_PAGE = readFileSync(join(ROOT, "docs", "cli.md"), "utf8");

/** Every command in their blocks of shell, once. */
export const COMMANDS = [...new Set([README, CLI_PAGE].flatMap(commandsOf))];

function commandsOf(page: string): string[] {
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => block!.split("\n"))
    .flatMap((line) => line.replace(/\s+#.*$/, "").split(" && "))
    .filter((command) => command !== "");
}

const ALL = COMMANDS.filter((command) => command.startsWith("npx lbscale "));

/** Whether `npm test` has no time for it: it measures, draws slides, or tries the kernel lane. `npm run test:slow` runs it. */
const isLong = (command: string) => / run | doctor$|pptx| --size /.test(command) && !FIRSTS.includes(command);
/** One run and one report of the README stay in `npm test`. */
const FIRSTS = [/ run /, /pptx/].map((kind) => ALL.find((command) => kind.test(command)));

export const QUICK_COMMANDS = ALL.filter((command) => !isLong(command));
export const LONG_COMMANDS = ALL.filter(isLong);

/** Runs a command of these pages in a folder with `test` and the published runs; what it measures, with one replicate. */
export function expectToWork(command: string, folder: string): void {
  const short = / run /.test(command)
    ? " --replicates 1 --services 2,3 --planes iptables,ebpf --out run"
    : "";
  const words = `${command
    .replace("npx lbscale ", "")
    .replace(/ --services \S+/, short === "" ? "$&" : "")
    .replace(/ --planes \S+/, short === "" ? "$&" : "")}${short}`;
  const args = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const placed = args.map((arg) =>
    /^results\/(?!runs)/.test(arg) ? arg.replace("results/", "published/") : arg,
  );
  rmSync(join(folder, "run"), { recursive: true, force: true });
  const main = join(ROOT, "dist", "src", "cli", "main.js");
  const { status, stderr } = spawnSync(process.execPath, [main, ...placed], {
    cwd: folder,
    encoding: "utf8",
  });
  expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
}
