import { describe, expect, it } from "vitest";
import { commandLine } from "../support/in-process.js";

const { lbscale } = commandLine();

const { stdout: help } = await lbscale(["--help"]);
const COMMANDS = [...help.matchAll(/^ {2}lbscale (\S+)/gm)].map(([, command]) => command!);

describe("an option without its value", () => {
  it.each(COMMANDS)("is bad usage in lbscale %s, whichever option it is", async (command) => {
    const [usage = "", ...lines] = (await lbscale([command, "--help"])).stdout.split("\n");
    const positionals = (usage.match(/<[^>]+>/g) ?? []).map(() => "x");
    const options = lines
      .join("\n")
      .split(/^ +(?=(?:-\w, )?--\w)/m)
      .filter((part) => /\[(?:string|number|choices)/.test(part))
      .flatMap((part) => /^(?:-\w, )?--([\w-]+)/.exec(part)?.[1] ?? [])
      // Without a path it means the installed program.
      .filter((option) => option !== "cilium");
    for (const option of options) {
      const { status, stdout, stderr } = await lbscale([command, ...positionals, `--${option}`]);
      expect([status, stdout]).toEqual([2, ""]);
      const words = [
        `--${option} needs a value`,
        "Missing required argument: (?:services|format|plane|flow)",
      ];
      expect(stderr).toMatch(
        new RegExp(`^lbscale: (?:${words.join("|")}); see lbscale ${command} --help\n$`),
      );
    }
    if (["run", "verify", "generate"].includes(command)) expect(options.length).toBeGreaterThan(9);
  });
});
