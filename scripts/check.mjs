/**
 * `npm run check`: every tool that reads the code without running it, as many at a time as there are cores. What a tool prints
 * is shown when it ends, and only if it fails. Plain JavaScript, because it comes before the build.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";

const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
/** Scripts of package.json, the longest first, so that none of them is alone at the end. */
const waiting = ["arrows", "types", "words", "unused", "format", "start"].map((name) => `check:${name}`);

const results = await Promise.all(
  Array.from({ length: Math.max(2, os.availableParallelism()) }, async () => {
    let ok = true;
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
      ok = (await run(check)) && ok;
    return ok;
  }),
);
process.exitCode = results.every(Boolean) ? 0 : 1;

/** Runs a script as npm does; whether it succeeded. */
function run(check) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(scripts[check], { shell: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    child.on("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${code === 0 ? "ok    " : "FAILED"} ${seconds.padStart(5)} s  npm run ${check}`);
      if (code !== 0) console.log(output);
      resolve(code === 0);
    });
  });
}
