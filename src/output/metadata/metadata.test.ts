import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { fakeFinding, fakeResults } from "../../../test/support/results.js";
import { resultsDigest } from "../../results/digest.js";
import { IMAGE_FORMATS } from "../image/canvas.js";
import { renderCharts } from "../image/render.js";
import { writeChartData } from "./data.js";
import { embedMetadata, extractMetadata } from "./index.js";

const results = fakeResults({
  planes: ["iptables", "ebpf", `<script>"µ\\(${String.fromCharCode(0x202e)}`],
  missing: ["ebpf/10"],
  findings: [fakeFinding("iptables-slope", "A “title” with ünïcode & <tags>")],
});
const draw = (format: (typeof IMAGE_FORMATS)[number]) =>
  Buffer.from(
    renderCharts(results, { charts: ["scaling"], themes: ["dark"], formats: [format], size: "readme" })[0]!
      .bytes,
  );

describe.each(IMAGE_FORMATS)("a %s", (format) => {
  const file = draw(format);

  it("carries its run, its seed, its command and the digest of its results", () => {
    const { data, untouched } = extractMetadata(file)!;
    expect(untouched).toBe(true);
    expect(data).toMatchObject({ chart: "scaling", theme: "dark", title: "A “title” with ünïcode & <tags>" });
    expect(data.runs).toEqual([
      {
        id: "fake",
        startedAt: results.run.startedAt,
        seed: 1,
        command: "lbscale run --seed 1",
        results: resultsDigest(results),
      },
    ]);
  });

  it("carries the plotted numbers, and null for what could not be measured", () => {
    const { series } = extractMetadata(file)!.data;
    const ebpf = series.find(({ label }) => label === "eBPF hash")!;
    const cell = results.cells.find(({ plane, services }) => plane === "ebpf" && services === 100)!;
    expect(ebpf.points.find(({ x }) => x === 100)!.y).toBe(cell.estimate!.median);
    expect(ebpf.points.find(({ x }) => x === 10)!.y).toBeNull();
  });

  it("notices one changed byte of the picture", () => {
    const changed = Buffer.from(file);
    const at = format === "png" ? changed.indexOf("IDAT") + 50 : Math.floor(changed.length * 0.9);
    changed[at]! ^= 1;
    expect(extractMetadata(changed)?.untouched).toBe(false);
  });

  it("has no data once they are cut out", () => {
    const mark = { png: "iTXt", svg: "<metadata", pdf: "/Keywords" }[format];
    const at = file.indexOf(mark);
    expect(extractMetadata(Buffer.concat([file.subarray(0, at), file.subarray(at + 4)]))).toBeNull();
  });

  it("is the same file when the data are put in again", () => {
    const { data } = extractMetadata(file)!;
    // A PDF is drawn with room for its data; the others are the picture alone before.
    if (format === "pdf") expect(Buffer.from(embedMetadata(file, format, data)).equals(file)).toBe(true);
    else expect(data.picture).toMatch(/^[0-9a-f]{64}$/);
  });

  it("never breaks its reader, whatever is done to it", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 12 }), (from, length, patch) => {
        const at = from % file.length;
        const rest = file.subarray(at + (length % 40));
        const carried = extractMetadata(Buffer.concat([file.subarray(0, at), patch, rest]));
        if (carried?.untouched) expect(carried.data.chart).toBe("scaling");
      }),
    );
  });
});

it("a PNG with data is still a PNG", () => {
  expect(PNG.sync.read(draw("png")).width).toBe(2400);
});

it("an SVG's data is one element of ASCII, whatever names there are", () => {
  const svg = draw("svg").toString("utf8");
  const metadata = /<metadata id="lbscale">([^<]*)<\/metadata>/.exec(svg)![1]!;
  expect(metadata).toMatch(/^[ -~]+$/);
  expect(svg.match(/<metadata/g)).toHaveLength(1);
});

it("data survive being written, whatever their strings are", () => {
  const { data } = extractMetadata(draw("svg"))!;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (title) => {
      expect(JSON.parse(writeChartData({ ...data, title }))).toEqual({ ...data, title });
    }),
  );
});

it("files of other kinds carry nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(extractMetadata(bytes)).toBeNull();
    }),
  );
  expect(
    extractMetadata(Buffer.from('<svg><metadata id="lbscale">{"lbscale":1}</metadata></svg>')),
  ).toBeNull();
});
