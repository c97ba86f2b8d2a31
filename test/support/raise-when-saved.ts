/** Interrupts a run at a moment of its own, not of the clock: however fast the machine is, the same is saved by then. */

/**
 * Words before the script of a process of Node: it sends itself a signal as soon as its results.json holds a replicate of a
 * scenario and variant. Its own child processes don't.
 */
export function raiseWhenSaved(signal: NodeJS.Signals, scenario: string, variant = ""): string[] {
  const code = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { renameSync } = fs;
    fs.renameSync = (from, to) => {
      renameSync(from, to);
      if (!to.endsWith("results.json")) return;
      const isSaved = JSON.parse(fs.readFileSync(to, "utf8")).cells.some((cell) =>
        cell.scenario === ${JSON.stringify(scenario)} &&
        cell.variant === ${JSON.stringify(variant)} &&
        cell.replicates.length > 0);
      if (!isSaved) return;
      fs.renameSync = renameSync;
      syncBuiltinESMExports();
      process.kill(process.pid, ${JSON.stringify(signal)});
    };
    syncBuiltinESMExports();`;
  return ["--import", `data:text/javascript,${encodeURIComponent(code)}`];
}
