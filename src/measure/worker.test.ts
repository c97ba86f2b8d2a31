import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Packages that a file and all it imports load when it starts (imports within functions come later, if at all). */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, types, from] of readFileSync(file, "utf8").matchAll(
    /^(?:import|export) (type )?[^;]*?from "([^"]+)";/gm,
  )) {
    if (types !== undefined) continue;
    if (!from!.startsWith(".")) packages.add(from!);
    else
      for (const found of packagesOf(join(dirname(file), from!.replace(/\.js$/, ".ts")), seen))
        packages.add(found);
  }
  return packages;
}

it("the worker starts light: it loads tinybench, and neither zod, yargs, yaml nor jstat", () => {
  const packages = [...packagesOf(WORKER)].filter((name) => !name.startsWith("node:"));
  expect(packages).toEqual(["tinybench"]);
});
