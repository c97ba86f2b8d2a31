import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { findSources } from "./native.js";

const root = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("findSources", () => {
  it("finds the C sources from src and from dist, next to the cluster lane's compiled probes", () => {
    mkdirSync(join(root, "native"));
    writeFileSync(join(root, "native/probe.c"), "");
    mkdirSync(join(root, "dist/native"), { recursive: true });
    writeFileSync(join(root, "dist/native/cluster-probe-amd64"), "");
    const from = (path: string) => findSources(pathToFileURL(join(root, path)).href);
    expect([from("src/kernel/native.ts"), from("dist/src/kernel/native.js")]).toEqual([
      join(root, "native/"),
      join(root, "native/"),
    ]);
  });
});
