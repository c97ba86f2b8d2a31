#!/usr/bin/env node
/** The process: errors of its own output, and the exit code. */

import { main } from "./program.js";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) closes the pipe: no error of ours.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`lbscale: can't write to standard output: ${error.code ?? error.message}\n`);
  process.exit(1);
});

// A reader of notes that has gone (`2>&1 | head`) is no reason to stop measuring; where else would an error be said?
process.stderr.on("error", () => undefined);

process.exitCode = await main(process.argv.slice(2));
