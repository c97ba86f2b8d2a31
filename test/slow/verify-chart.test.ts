import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import { file, folder, lbscale } from "../support/cli.js";
import { PUBLISHED } from "../support/inputs.js";

describe("lbscale verify-chart", () => {
  const published = join(PUBLISHED, "article");
  const drawn = (format: string): string => {
    const path = join(folder, "drawn", `columns-light.${format}`);
    if (existsSync(path)) return path;
    lbscale([
      "report",
      published,
      "--out",
      "drawn",
      "--chart",
      "columns",
      "--theme",
      "light",
      "--formats",
      format,
    ]);
    return path;
  };

  it.each(["png", "svg", "pdf"])(
    "verifies that a %s was drawn from its run, and prints the numbers",
    (format) => {
      const { status, stdout } = lbscale(["verify-chart", drawn(format), published]);
      expect(stdout).toMatch(/seed 1: lbscale run --profile article/);
      expect(stdout).toMatch(/kube-proxy \(iptables\) +2,768 +\d+/);
      expect(stdout).toMatch(/the picture was drawn from this run\n$/);
      expect(status).toBe(0);
    },
  );

  it("refuses another run, and a result that was changed since, and exits 1", () => {
    const picture = drawn("png");
    const other = lbscale(["verify-chart", picture, join(PUBLISHED, "default")]);
    expect(other.stderr).toMatch(/drawn from results \w{12}, and these are \w{12}: another run/);
    expect(other.status).toBe(1);
    const results = readResults(published);
    results.cells[0]!.estimate!.median += 1;
    const changed = file("changed.json", JSON.stringify(results));
    const { status, stdout, stderr } = lbscale(["verify-chart", picture, changed, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, data: { chart: "columns" } });
    expect(stderr).toMatch(/the same run, changed since/);
    expect(status).toBe(1);
  });

  it("notices a picture that was changed, numbers that were, and a picture without data", () => {
    const svg = readFileSync(drawn("svg"), "utf8");
    const repainted = lbscale([
      "verify-chart",
      file("red.svg", svg.replace(/fill="#4285F4"/i, 'fill="#00FF00"')),
      published,
    ]);
    const number = /"y":(\d+)/.exec(svg)![1]!;
    const embellished = lbscale([
      "verify-chart",
      file("low.svg", svg.replace(`"y":${number}`, '"y":1')),
      published,
    ]);
    expect(embellished.stderr).toMatch(/its numbers are not those/);
    const bare = lbscale([
      "verify-chart",
      file("bare.svg", svg.replace(/<metadata[\s\S]*<\/metadata>/, "")),
      published,
    ]);
    expect(bare.stderr).toMatch(/carries no data of lbscale/);
    expect([repainted.status, embellished.status, bare.status]).toEqual([1, 1, 1]);
    expect(repainted.stderr).toMatch(/the picture was changed after it was drawn/);
  });

  it("knows both runs of a comparison", () => {
    expect(lbscale(["compare", published, published, "--chart", "compared.pdf"]).status).toBe(0);
    expect(lbscale(["verify-chart", "compared.pdf", published]).stdout).toMatch(
      /No plane is slower[\s\S]*drawn from this run/,
    );
    expect(lbscale(["verify-chart", "compared.pdf", join(PUBLISHED, "default")]).status).toBe(1);
  });
});
