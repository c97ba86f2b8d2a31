import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { guestSilent, kernelWord, Tail } from "./guest.js";
import { KernelError } from "./tools.js";

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

describe("a path on the command line of a guest", () => {
  it("is one word, whatever spaces it has", () => {
    expect(kernelWord("/tmp/two words/it's")).toBe(`"/tmp/two words/it's"`);
  });

  it("is refused where a kernel has no way to write it", () => {
    expect(() => kernelWord('/tmp/a"b')).toThrow(KernelError);
  });
});

describe("what is said of a guest that hangs", () => {
  it.each([
    ["", "nothing was printed"],
    ["<5>Linux version 6\nSELinux: off\nmmapper_init - none\n", "SELinux: off"],
    ["mount: permission denied\nSELinux: off\n", "mount: permission denied"],
  ])("is one line, after %j", (console, said) => {
    expect(guestSilent(300_000, console).message).toBe(
      `the user-mode Linux guest: it said nothing for 300 s: ${said}`,
    );
  });
});
