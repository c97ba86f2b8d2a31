import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../dist/scripts/kill-loop.js", import.meta.url));

/** Where processes can't be told to die with their parent, an orphan lives until its replicate ends. */
it.runIf(process.platform === "linux")(
  "20 kills leave valid results and no process (setpriv, so Linux only)",
  () => {
    const output = execFileSync(process.execPath, [SCRIPT, "20"], { encoding: "utf8" });
    expect(output).toMatch(/^20 runs killed, results\.json valid and no process left after each/);
    const { SIGINT, SIGTERM, SIGKILL, completed } = JSON.parse(/\{.*\}/.exec(output)![0]) as {
      [counted: string]: number;
    };
    expect([SIGINT, SIGTERM, SIGKILL]).toEqual([17, 17, 16]);
    // The one that is not killed, and the last.
    expect(completed).toBeGreaterThanOrEqual(2);
  },
);
