import { readFileSync } from "node:fs";

/** The package's version. package.json is two folders above the compiled file, in a checkout and when installed. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
