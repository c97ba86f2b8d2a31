import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const KILLS = 20;
const SCRIPT = fileURLToPath(new URL("../../dist/scripts/kill-loop.js", import.meta.url));

/** Where processes can't be told to die with their parent, an orphan lives until its replicate ends. */
it.runIf(process.platform === "linux")(
  `${KILLS} kills leave valid results and no process (setpriv, so Linux only)`,
  () => {
    const output = execFileSync(process.execPath, [SCRIPT, String(KILLS)], { encoding: "utf8" });
    expect(output).toContain(`${KILLS} runs killed, results.json valid and no process left after each`);
    const { SIGINT, SIGTERM, SIGKILL, completed } = JSON.parse(/\{.*\}/.exec(output)![0]) as {
      [counted: string]: number;
    };
    // In turn, SIGINT first.
    expect([SIGINT, SIGTERM, SIGKILL]).toEqual([0, 1, 2].map((turn) => Math.ceil((KILLS - turn) / 3)));
    // The one that is not killed, and the last.
    expect(completed).toBeGreaterThanOrEqual(2);
  },
);
