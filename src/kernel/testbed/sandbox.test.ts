import { expect, it } from "vitest";
import { z } from "zod";
import { runInSandbox } from "./sandbox.js";

it.runIf(process.platform === "linux")(
  "a sandbox is not even prepared once its signal has aborted",
  async () => {
    let prepared = 0;
    await runInSandbox(
      "guest",
      { task: "check" },
      {
        signal: AbortSignal.abort(),
        report: z.unknown(),
        onReport: () => {
          throw new RangeError("nothing was to be reported");
        },
      },
      () => {
        prepared++;
        throw new RangeError("nothing was to be started");
      },
    );
    expect(prepared).toBe(0);
  },
);
