import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Tail } from "./guest.js";

const folder = mkdtempSync(join(tmpdir(), "lbscale-tail-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("Tail", () => {
  it("gives lines once they are whole", () => {
    const path = join(folder, "grows");
    const tail = new Tail(path);
    appendFileSync(path, "one\ntw");
    expect([...tail.lines()]).toEqual(["one"]);
    appendFileSync(path, "o\n");
    expect([...tail.lines()]).toEqual(["two"]);
    tail.close();
  });

  it("has no more lines once it is closed, and may be closed twice", () => {
    const path = join(folder, "closed");
    const tail = new Tail(path);
    appendFileSync(path, "late\n");
    tail.close();
    expect([...tail.lines()]).toEqual([]);
    expect(() => tail.close()).not.toThrow();
  });
});
