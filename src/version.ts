import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The package finds itself by its name, from the sources, from dist/ and when installed. */
const PACKAGE = createRequire(import.meta.url).resolve("lbscale/package.json");

/** The package's version. */
export const VERSION: string = (JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string }).version;
