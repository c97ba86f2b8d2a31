import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { NEEDED, viewer } from "./viewers.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "dist", "src", "cli", "main.js");
const CHARTS = 5;
/** A title, what else was found, what to read with care, and the method. */
const TEXTS = 4;

/** Of iptables, eBPF and Calico, of which the titles of the default run's charts speak. */
const COLOURS = ["#D55E00", "#0072B2", "#A6761D"];

const office = viewer("soffice");
const rasterizer = viewer("pdftoppm");

describe.skipIf(!office || !rasterizer)(`slides in LibreOffice (${NEEDED})`, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-slides-"));
    const run = join(ROOT, "results", "default");
    execFileSync(process.execPath, [MAIN, "report", run, "--formats", "pptx,slides-pdf", "--out", folder]);
    mkdirSync(join(folder, "office"));
    execFileSync(
      office!,
      [
        `-env:UserInstallation=file://${folder}/profile`,
        ...[
          "--headless",
          "--convert-to",
          "pdf",
          "--outdir",
          join(folder, "office"),
          join(folder, "slides.pptx"),
        ],
      ],
      { stdio: "ignore" },
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The pages of a PDF, small. */
  const pages = (pdf: string): PNG[] => {
    const prefix = `${pdf}-page`;
    execFileSync(rasterizer!, ["-r", "48", "-png", pdf, prefix]);
    return readdirSync(join(pdf, ".."))
      .filter((name) => join(pdf, "..", name).startsWith(prefix))
      .sort()
      .map((name) => PNG.sync.read(readFileSync(join(pdf, "..", name))));
  };
  /** How many pixels have this colour, nearly: edges are softened. */
  const pixelsOf = ({ data }: PNG, colour: string): number => {
    const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (wanted.every((value, channel) => Math.abs(data[i + channel]! - value) < 12)) count++;
    }
    return count;
  };

  it.each(["office/slides.pdf", "slides.pdf"])(
    "%s has a title, a slide per chart, and the rest in words",
    (pdf) => {
      const slides = pages(join(folder, pdf));
      expect(slides).toHaveLength(CHARTS + TEXTS);
      for (const { width, height } of slides) expect(width / height).toBeCloseTo(16 / 9, 1);
      // Text on the first and last, and on each between the line of a plane that its title speaks of: others are grey.
      for (const slide of [slides[0]!, slides.at(-1)!])
        expect(pixelsOf(slide, "#1A1A1A")).toBeGreaterThan(300);
      for (const slide of slides.slice(2, 1 + CHARTS))
        expect(Math.max(...COLOURS.map((colour) => pixelsOf(slide, colour)))).toBeGreaterThan(300);
    },
  );

  it("LibreOffice draws the line of the title in its colour, the others in grey, and both axes logarithmic", () => {
    const text = execFileSync(
      "pdftotext",
      ["-layout", "-f", "3", "-l", "3", join(folder, "office", "slides.pdf"), "-"],
      {
        encoding: "utf8",
      },
    );
    for (const tick of ["100 µs", "10 µs", "1 µs", "100 ns", "10 ns", "1 ns"]) expect(text).toContain(tick);
    expect(text).toMatch(/1 +10 +100 +1,000 +10,000 +100,000/);
    const [, , slide] = pages(join(folder, "office", "slides.pdf"));
    for (const colour of ["#D55E00", "#B4B4B4"]) expect(pixelsOf(slide!, colour)).toBeGreaterThan(60);
  });
});
