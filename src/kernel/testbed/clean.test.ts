import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findLeftovers, PREFIX, writeOwner } from "./clean.js";

const { TMPDIR } = process.env;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-clean-"));
  process.env.TMPDIR = folder;
});
afterEach(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(folder, { recursive: true });
});

/** A run's folder; its owner is this process unless another is written. */
function run(id: string, owner?: string): string {
  const path = join(folder, `${PREFIX}${id}`);
  mkdirSync(path);
  if (owner === undefined) writeOwner(path);
  else writeFileSync(join(path, "owner"), owner);
  return basename(path);
}

const isLeft = (name: string): boolean => findLeftovers().includes(name);

test("leftovers: the folder of a run that is alive is none", () => {
  expect(isLeft(run("alive1"))).toBe(false);
});

test("leftovers: a folder whose process has ended, or that names none, is one", () => {
  // Above what Linux gives to processes.
  expect(isLeft(run("ended1", "5000000 17"))).toBe(true);
  expect(isLeft(run("empty1", ""))).toBe(true);
});

test("leftovers: a folder whose process id another process has got is one", () => {
  expect(isLeft(run("reused", `${process.pid} 1`))).toBe(true);
});

test("leftovers: folders of others are none", () => {
  mkdirSync(join(folder, "lbscale-other"));
  expect(isLeft("lbscale-other")).toBe(false);
});
