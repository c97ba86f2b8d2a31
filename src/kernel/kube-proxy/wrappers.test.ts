import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replaceTool } from "../testbed/tools.js";
import { Wrappers } from "./wrappers.js";

/** Names of folders in which a shell would see more than a name. */
const FOLDERS = ["plain", "two words", "it's", 'a"b', "$(touch injected)", "; touch injected #", "a\\b`id`"];

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "lbscale-wrappers-"));
  // Tools that print what they are handed.
  for (const name of ["xtables-nft-multi", "nft", "ipset"]) {
    const path = join(root, name);
    writeFileSync(path, '#!/bin/sh\necho "$*"\ncat\n', { mode: 0o755 });
    replaceTool(name, path);
  }
});
afterAll(() => rmSync(root, { recursive: true }));

describe.runIf(process.platform === "linux").each(FOLDERS)(
  "tools in front of the system's, in %s",
  (name) => {
    let wrappers: Wrappers;
    let folder: string;
    beforeAll(() => {
      folder = join(root, "folders", name);
      mkdirSync(folder, { recursive: true });
      wrappers = new Wrappers(folder, "nft", true);
    });

    const run = (tool: string, args: readonly string[], input = "") =>
      execFileSync(join(wrappers.bin, tool), args, { input, encoding: "utf8", cwd: folder });

    it("pass on what they are handed, and keep a copy of what is written", () => {
      expect(run("iptables-restore", ["-w", "5", "--noflush"], "*nat\n")).toBe("-w 5 --noflush\n*nat\n");
      expect(run("nft", ["-f", "-"], "add table t\n")).toBe("-f -\nadd table t\n");
      expect(run("nft", ["list", "ruleset"])).toBe("list ruleset\n");
      expect(wrappers.take()).toEqual([
        { tool: "iptables-restore", args: ["-w", "5", "--noflush"], input: "*nat\n" },
        { tool: "nft", args: ["-f", "-"], input: "add table t\n" },
      ]);
      expect(wrappers.take()).toEqual([]);
    });

    it("keep the calls of ipset that change a set", () => {
      expect(run("ipset", ["add", "KUBE-CLUSTER-IP", "10.0.0.1,tcp:80"])).toBe(
        "add KUBE-CLUSTER-IP 10.0.0.1,tcp:80\n",
      );
      expect(run("ipset", ["list"])).toBe("list\n");
      expect(wrappers.takeSetCalls()).toEqual(["add KUBE-CLUSTER-IP 10.0.0.1,tcp:80"]);
    });

    it("run nothing that the folder's name says", () => {
      expect(readdirSync(folder).sort()).toEqual(["bin", "ipset-calls", "tools", "writes"]);
    });
  },
);
