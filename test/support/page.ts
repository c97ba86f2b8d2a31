/** What every report.html must be. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { lbscale } from "./cli.js";
import { PUBLISHED } from "./inputs.js";

/** Draws the page of a published run into a folder: under 3 MB, it may run its own script and reach nothing. */
export function expectPageAlone(run: string, out: string): void {
  expect(lbscale(["report", join(PUBLISHED, run), "--formats", "html", "--out", out]).status).toBe(0);
  const html = readFileSync(join(out, "report.html"), "utf8");
  expect(Buffer.byteLength(html)).toBeLessThan(3e6);
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
}
