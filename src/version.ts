import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Found by the package's own name, from compiled files and from sources alike. */
const PACKAGE_FILE = createRequire(import.meta.url).resolve("lbscale/package.json");

/** The package's version. */
export const VERSION: string = (JSON.parse(readFileSync(PACKAGE_FILE, "utf8")) as { version: string })
  .version;
