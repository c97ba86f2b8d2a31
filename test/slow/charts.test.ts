import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);

const publishedAs = (name: string): string => fileURLToPath(new URL(`results/${name}`, ROOT));

it.each([
  ["model", ["default", "scenarios"]],
  ["kernel", ["kernel"]],
])("draws all charts of the %s lane twice the same, within 1 GiB", (_lane, runs) => {
  // A process of its own, for its memory is what is measured.
  const script = `
    const { renderCharts } = await import("${new URL("dist/src/output/image/render.js", ROOT)}");
    const { readResults } = await import("${new URL("dist/src/results/files.js", ROOT)}");
    const { createHash } = await import("node:crypto");
    const [results, ...others] = ${JSON.stringify(runs.map(publishedAs))}.map((name) =>
      readResults(name));
    for (const { cells } of others) results.cells.push(...cells);
    const draw = () => renderCharts(results, { themes: ["light", "dark"], formats: ["png", "svg"], size: "slide" });
    const hash = (pictures) => pictures.map(({ bytes }) => createHash("sha256").update(bytes).digest("hex")).join();
    const pictures = draw();
    const { maxRSS } = process.resourceUsage();
    const same = hash(pictures) === hash(draw());
    console.log(JSON.stringify({ pictures: pictures.length, mebibytes: maxRSS / 1024, same }));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  const { pictures, mebibytes, same } = JSON.parse(output);
  expect(pictures).toBeGreaterThan(50);
  expect(same).toBe(true);
  expect(mebibytes).toBeLessThan(1024);
});

it("draws text on a machine without fonts", () => {
  // A process of its own: fonts are loaded when the canvas is.
  const script = `
    const { renderCharts } = await import("${new URL("dist/src/output/image/render.js", ROOT)}");
    const { readResults } = await import("${new URL("dist/src/results/files.js", ROOT)}");
    const results = readResults(${JSON.stringify(publishedAs("default"))});
    const draw = (text) => renderCharts(results, { charts: ["scaling"], themes: ["light"], formats: ["png"], size: "readme", text })[0].bytes;
    const { PNG } = await import("pngjs");
    const [withText, without] = [draw(true), draw(false)].map((bytes) => PNG.sync.read(Buffer.from(bytes)).data);
    let pixels = 0;
    for (let i = 0; i < withText.length; i += 4) if (withText[i] !== without[i]) pixels++;
    console.log(pixels);`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, DISABLE_SYSTEM_FONTS_LOAD: "1" },
    encoding: "utf8",
  });
  expect(Number(output.trim())).toBeGreaterThan(20_000);
});
