import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { CATALOG } from "../src/catalog.js";
import { readResults } from "../src/results/files.js";
import { InterruptedRunError, NotResumableError } from "../src/run/errors.js";
import { LANES } from "../src/run/lanes/index.js";
import { resumeRun, startRun } from "../src/run/session.js";
import { folder, lbscale } from "./support/cli.js";
import { TOY_LANE } from "./support/toy-lane.js";

const SERVICES = [1, 10, 100, 1000];
const ENGINE = { catalog: CATALOG, lanes: [...LANES, TOY_LANE] };

describe("a toy lane, which only a registry in this test has", () => {
  const out = join(folder, "toy-lane");

  it("is run by the engine, which gives it a folder, checkpoints, estimates and laws", async () => {
    const results = await startRun({ lane: "toy", services: SERVICES }, { ...ENGINE, out });
    expect(readResults(out)).toEqual(results);
    expect(results.run).toMatchObject({ complete: true, command: expect.stringContaining('"lane":"toy"') });
    expect(results.cells.map(({ lane, services, estimate }) => [lane, services, estimate!.median])).toEqual(
      SERVICES.map((n) => ["toy", n, 100 + n]),
    );
    expect(results.fits.filter(({ lane }) => lane === "toy").length).toBeGreaterThan(0);
    expect(Object.keys(results.cluster.digests)).toHaveLength(SERVICES.length);
  });

  it("says which options it uses, and every other is refused", async () => {
    const refusal = (spec: object) =>
      startRun({ lane: "toy", ...spec }, ENGINE).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await refusal({ zipf: 1 })).toBe("zipf: only lane model uses it: leave it out with lane toy");
    expect(await refusal({ connections: 100 })).toContain("only lanes kernel and guest use it");
    expect(await refusal({ endpoints: 1 })).toContain("only lanes model, kernel, guest and cluster use it");
    await expect(startRun({ lane: "toy" }, { catalog: CATALOG })).rejects.toThrow(
      /^lane: .*"model"\|"kernel"\|"guest"\|"cluster"$/,
    );
  });

  it("is interrupted and resumed by the engine, and only by one that has it", async () => {
    const stopped = join(folder, "toy-lane-stopped");
    const stop = new AbortController();
    const stopping = { ...TOY_LANE, load: async () => abortAfter(3, await TOY_LANE.load(), stop) };
    await expect(
      startRun({ lane: "toy" }, { ...ENGINE, lanes: [stopping], out: stopped, signal: stop.signal }),
    ).rejects.toThrow(InterruptedRunError);
    expect(readResults(stopped).cells.flatMap(({ replicates }) => replicates)).toHaveLength(3);
    await expect(resumeRun({ catalog: CATALOG, out: stopped })).rejects.toThrow(
      new NotResumableError('this run is of lane "toy", which this version lacks: start a new run'),
    );
    const whole = await resumeRun({ ...ENGINE, out: stopped });
    expect(whole.cells.map(({ replicates }) => replicates.length)).toEqual([6, 6]);
  });

  it("is in the tables of lbscale report, and compared by lbscale compare", () => {
    const tables = join(folder, "toy-lane-tables");
    const report = lbscale(["report", out, "--formats", "md,csv,html", "--out", tables]);
    expect([report.status, report.stderr]).toEqual([0, ""]);
    expect(readFileSync(join(tables, "table.csv"), "utf8")).toMatch(/^ebpf,toy,lookup,1000,/m);
    const compare = lbscale(["compare", out, out]);
    expect([compare.status, compare.stderr]).toEqual([0, ""]);
    expect(compare.stdout).toMatch(/^eBPF hash +×1\.000 .* no difference$/m);
  });
});

/** The lane, which is asked to stop after so many replicates. */
function abortAfter(count: number, lane: Awaited<ReturnType<typeof TOY_LANE.load>>, stop: AbortController) {
  let measured = 0;
  const measure: typeof lane.measure = (results, context) =>
    lane.measure(results, {
      ...context,
      onReplicate: () => {
        context.onReplicate();
        if (++measured === count) stop.abort();
      },
    });
  return { ...lane, measure };
}

describe("the engine outside src/run/lanes", () => {
  // `cluster` is also the imported cluster that accompanies a specification.
  const ids = LANES.map(({ id }) => id).filter((id) => id !== "cluster");

  it("names no lane but the default one", () => {
    const named = readdirSync("src/run").flatMap((name) => {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) return [];
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        const isValue = ts.isStringLiteralLike(node) && !ts.isLiteralTypeNode(node.parent);
        if (isValue && ids.includes(node.text)) found.push(`${name}: ${node.text}`);
        ts.forEachChild(node, visit);
      };
      const text = readFileSync(join("src/run", name), "utf8");
      visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true));
      return found;
    });
    expect(named).toEqual(["options.ts: model"]);
  });
});
