import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, lbscale } from "../support/cli.js";
import { PUBLISHED, publishedRuns } from "../support/inputs.js";

describe("lbscale report --formats html", () => {
  it.each(publishedRuns())(
    "puts %s into one page under 2 MB that may run its own script and reach nothing",
    (name) => {
      const out = join(folder, "page");
      expect(lbscale(["report", join(PUBLISHED, name), "--formats", "html", "--out", out]).status).toBe(0);
      const html = readFileSync(join(out, "report.html"), "utf8");
      expect(Buffer.byteLength(html)).toBeLessThan(2e6);
      const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html)!;
      const [script, style] = ["script", "style"].map((tag) => {
        const [, text] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)!;
        return `'sha256-${createHash("sha256").update(text!).digest("base64")}'`;
      });
      expect(policy).toBe(
        `default-src 'none'; script-src ${script}; style-src ${style}; img-src data: blob:; base-uri 'none'; form-action 'none'`,
      );
      // Chart.js names its licence and its site, in comments and links that nobody follows.
      expect(html).not.toMatch(/<(?:link|img|iframe)\b|<script [^>]*src=|url\((?!#)/);
    },
  );
});
