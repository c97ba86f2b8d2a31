import { describe, expect, it } from "vitest";
import type { Argv } from "yargs";
import { runCommand, WITH_RESUME } from "../../src/cli/commands/run.js";
import { RUN_OPTIONS } from "../../src/cli/options/run.js";

/** Names of all options that `lbscale run` declares, and of those that are flags. */
function declaredOptions(): { names: string[]; flags: Set<string> } {
  const names: string[] = [];
  const flags = new Set<string>();
  const recorder = {
    option(name: string, { type }: { type?: string }) {
      names.push(name);
      if (type === "boolean") flags.add(name);
      return recorder;
    },
  };
  const { builder } = runCommand();
  if (typeof builder !== "function") throw new Error("run declares its options in a function");
  builder(recorder as unknown as Argv);
  return { names, flags };
}

const { names, flags } = declaredOptions();
const PLAN = RUN_OPTIONS.filter(({ resumable }) => !resumable).map(({ name }) => name);
const decided = [...RUN_OPTIONS.map(({ name }) => name), ...Object.keys(WITH_RESUME)];

/** The handler as `lbscale run --resume --out FOLDER` with more arguments calls it. */
async function resumeWith(given: Record<string, unknown>): Promise<void> {
  const rest = { json: false, yes: false, "dry-run": false, verbose: false, formats: undefined };
  await runCommand().handler({ _: [], $0: "", ...rest, out: "no/such/run", resume: true, ...given } as never);
}

describe("lbscale run --resume", () => {
  it("has a decision for every option that run declares", () => {
    expect(names.length).toBeGreaterThan(30);
    expect(names.toSorted()).toEqual(decided.toSorted());
  });

  const refused = [
    ...PLAN,
    ...Object.entries(WITH_RESUME).flatMap(([name, what]) => (what === "used" ? [] : [name])),
  ];
  it.each(refused)("refuses --%s by name", async (name) => {
    await expect(resumeWith({ [name]: flags.has(name) ? true : "1" })).rejects.toThrow(`--${name} `);
  });

  const used = Object.entries(WITH_RESUME).flatMap(([name, what]) => (what === "used" ? [name] : []));
  it.each(used)("takes --%s, and goes on to read the run", async (name) => {
    const values: Record<string, unknown> = { out: "no/such/run", formats: "none" };
    await expect(resumeWith({ [name]: values[name] ?? true })).rejects.toThrow(/no\/such\/run/);
  });
});
