import { join } from "node:path";
import { describe, it } from "vitest";
import { folder } from "../support/cli.js";
import { publishedRuns } from "../support/inputs.js";
import { expectPageAlone } from "../support/page.js";

describe("lbscale report --formats html", () => {
  it.each(publishedRuns())(
    "puts %s into one page under 3 MB that may run its own script and reach nothing",
    (name) => expectPageAlone(name, join(folder, "page")),
  );
});
