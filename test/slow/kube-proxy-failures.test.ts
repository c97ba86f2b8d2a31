/** What `verify --kube-proxy` says where it can't go on, and that it leaves nothing behind. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  CLI,
  fakeKubeProxy,
  folder,
  kubeProxy,
  lacking,
  leftovers,
  OBJECTS,
  run,
  startVerify,
} from "./kube-proxy-tools.js";

test.runIf(process.env.CI === "true")("kube-proxy is built where CI is set", () => {
  expect(lacking).toBeNull();
});

/** No program, and nothing that could be run. */
const EMPTY = join(folder, "empty");
writeFileSync(EMPTY, "");

describe.skipIf(lacking !== null)("verify --kube-proxy", () => {
  test("a kube-proxy that ends is one line, and nothing is left behind", () => {
    const before = leftovers();
    const path = fakeKubeProxy(
      "ends",
      "1.36",
      "echo 'E1128 12:00:00 1 server.go:1] no such flag' >&2; exit 3",
    );
    const { status, stderr } = run(CLI, "verify", OBJECTS, "--kube-proxy", path);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^lbscale: kube-proxy: it ended with code 3: .*no such flag\n$/);
    expect(leftovers()).toEqual(before);
  });

  test("a kube-proxy that never syncs is one line, and nothing is left behind", () => {
    const before = leftovers();
    const path = fakeKubeProxy("hangs", "1.36", "exec sleep 1000");
    const { status, stderr } = run(CLI, "verify", OBJECTS, "--kube-proxy", path, "--timeout", "2");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^lbscale: kube-proxy did not sync within 2 s; give it more time: .* \(--timeout\)\n$/,
    );
    expect(leftovers()).toEqual(before);
    expect(processesNaming("sleep 1000")).toEqual([]);
  });

  test("a missing right is one line, and bad usage", () => {
    const before = leftovers();
    // The folder is open to all, and this program to be run by all.
    const path = fakeKubeProxy("anybody", "1.36", "exec sleep 1003");
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath];
    const { status, stderr } = spawnSync(
      "setpriv",
      [...nobody, CLI, "verify", OBJECTS, "--kube-proxy", path],
      { encoding: "utf8" },
    );
    expect([status, stderr]).toEqual([
      2,
      "lbscale: kube-proxy needs root: run this with sudo --preserve-env=HOME,XDG_CACHE_HOME, so that it is found there too\n",
    ]);
    expect(leftovers()).toEqual(before);
  });

  test.each([
    ["nftables", "nft"],
    ["iptables", "xtables-nft-multi"],
  ])("in %s mode a missing %s is one line, and bad usage", (mode, tool) => {
    const before = leftovers();
    const path = fakeKubeProxy(`without-${tool}`, "1.36", "exec sleep 1004");
    // An empty file over the tool, in a mount namespace of its own.
    const hide = `for each in /usr/sbin/${tool} /usr/sbin/xtables-legacy-multi; do mount --bind ${EMPTY} $each; done`;
    const { status, stderr } = spawnSync(
      "unshare",
      [
        "-m",
        "sh",
        "-c",
        `${hide}; exec "$@"`,
        "sh",
        process.execPath,
        CLI,
        "verify",
        OBJECTS,
        "--mode",
        mode,
        "--kube-proxy",
        path,
      ],
      { encoding: "utf8" },
    );
    expect([status, stderr]).toEqual([
      2,
      `lbscale: ${tool} is not installed: run scripts/install-kernel-tools.sh\n`,
    ]);
    expect(leftovers()).toEqual(before);
    expect(processesNaming("sleep 1004")).toEqual([]);
  });

  test("a program that is no kube-proxy is one line", () => {
    const { status, stderr } = run(CLI, "verify", OBJECTS, "--kube-proxy", "/bin/true");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^lbscale: \/bin\/true says .*: only the rules of kube-proxy 1\.34, .* are modelled\n$/,
    );
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s while it waits ends it with 130, and leaves nothing",
    async (signal) => {
      const before = leftovers();
      const path = fakeKubeProxy(`waits-${signal}`, "1.36", "exec sleep 1001");
      const { child, printed, ended } = startVerify(OBJECTS, "--kube-proxy", path);
      await until(() => processesNaming("sleep 1001").length > 0);
      child.kill(signal);
      expect(await ended).toBe(130);
      expect(printed.stderr).toBe("lbscale: interrupted: kube-proxy was ended\n");
      expect(leftovers()).toEqual(before);
      expect(processesNaming("sleep 1001")).toEqual([]);
    },
  );

  test("Ctrl-C in the middle of changes keeps what was printed, and leaves nothing", async () => {
    const before = leftovers();
    const path = kubeProxy("1.37");
    const { child, printed, ended } = startVerify(
      ...[OBJECTS, "--kube-proxy", path, "--mode", "nftables", "--changes", "1000"],
    );
    await until(() => printed.stdout.includes("\n2. "));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(printed.stderr).toContain("lbscale: interrupted: kube-proxy was ended\n");
    expect(leftovers()).toEqual(before);
    expect(processesNaming(`${path}\0--config\0${folder}`)).toEqual([]);
  });

  test("kill -9 ends every process; doctor names the folder, and doctor --clean removes it", async () => {
    const path = fakeKubeProxy("killed", "1.36", "exec sleep 1002");
    const { child, ended } = startVerify(OBJECTS, "--kube-proxy", path);
    await until(() => processesNaming("sleep 1002").length > 0);
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    await until(() => processesNaming("sleep 1002").length === 0);
    const [name] = leftovers();
    expect(run(CLI, "doctor", "--lane", "model").stdout).toMatch(
      new RegExp(`^left by killed runs .*doctor --clean removes it.*\n- folder .*${name}`, "m"),
    );
    expect(run(CLI, "doctor", "--clean").stdout).toContain(`removed ${name}\n`);
    expect(leftovers()).toEqual([]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s in the middle of changes ends the guest of IPVS mode with 130, and leaves nothing",
    async (signal) => {
      const { child, printed, ended } = startVerify(...IPVS);
      await until(() => printed.stdout.includes("\n1. "));
      expect(processesNaming(`uml_dir=${folder}`)).not.toEqual([]);
      child.kill(signal);
      expect(await ended).toBe(130);
      expect(printed.stderr).toContain("lbscale: interrupted: kube-proxy was ended\n");
      expect(leftovers()).toEqual([]);
      await until(() => processesNaming(`uml_dir=${folder}`).length === 0);
    },
  );

  test("kill -9 in the middle of changes ends the guest of IPVS mode; doctor --clean removes its folder", async () => {
    const { child, printed, ended } = startVerify(...IPVS);
    await until(() => printed.stdout.includes("\n1. "));
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    await until(() => processesNaming(`uml_dir=${folder}`).length === 0);
    const names = leftovers();
    expect(names).toHaveLength(1);
    expect(run(CLI, "doctor", "--lane", "model").stdout).toContain(`\n- folder ${join(folder, names[0]!)}\n`);
    expect(run(CLI, "doctor", "--clean").stdout).toContain(`removed ${names[0]}\n`);
    expect(leftovers()).toEqual([]);
    expect(run(CLI, "doctor", "--lane", "model").stdout).not.toContain("left by killed runs");
  });
});

/** Boots the guest, and goes on for longer than any test waits. */
const IPVS = [OBJECTS, "--kube-proxy", "1.36", "--mode", "ipvs", "--changes", "1000"];

/** Ids of processes whose arguments hold a text; those of a program are separated by zeros. */
function processesNaming(text: string): string[] {
  const words = text.replaceAll(" ", "\0");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(words);
      } catch {
        return false;
      }
    });
}

/** Waits for something that comes sooner or later; the test's own time is its limit. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await setTimeout(50);
}
