import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { KERNEL_PLANE_IDS } from "../src/kernel/plane.js";
import { PLANE_IDS } from "../src/planes/registry-loader.js";
import { FALLBACK_PLANES } from "../src/results/fallback-descriptors.js";

const IDS = new Set<string>([...PLANE_IDS, ...KERNEL_PLANE_IDS, ...Object.keys(FALLBACK_PLANES)]);

/** Where a plane's id may be written: planes themselves, what a profile chooses, published data, older runs. */
const ALLOWED = [
  "src/planes/",
  "src/kernel/planes/",
  "src/reference/",
  "src/results/fallback-descriptors.ts",
  "bench/profiles.ts",
];
/** Names of formats that are imported and exported: not planes, though they are spelled alike. */
const FORMATS = ["src/formats/"];

const FOLDERS = ["src", "bench"];

function sources(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts")),
  ).filter((path) => ![...ALLOWED, ...FORMATS].some((allowed) => path.startsWith(allowed)));
}

/** Plane ids that stand in a source as a string, a template without parts or a property's name. */
function idsIn(path: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteralLike(node);
    const isName = ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node;
    if ((isText || isName) && IDS.has(node.text)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

describe("plane ids", () => {
  it("are found as strings, keys and templates, and not in sentences", () => {
    const text =
      'const a = plane === "ipvs"; const b = { ebpf: 1, "ebpf-maglev": 2 }; f(`nftables`); say("iptables is slow");';
    expect(idsIn("a.ts", text)).toEqual(["ipvs", "ebpf", "ebpf-maglev", "nftables"]);
  });

  it("stand in no code outside planes, profiles, published data and the table for older runs", () => {
    // There the same words are modes of a program, what `--proxy-mode` takes.
    const isOfKubeProxy = (path: string) =>
      path.startsWith("src/kernel/kube-proxy/") || path === "src/cluster-lane/inspect/detect.ts";
    const written = sources().filter((path) => !isOfKubeProxy(path));
    const named = written.flatMap((path) =>
      idsIn(path, readFileSync(path, "utf8")).map((id) => `${path}: ${id}`),
    );
    expect(named).toEqual([]);
  });
});
