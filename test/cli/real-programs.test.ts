/** What `verify --kube-proxy` and `serve` say of input that they can't use: one line that says what to do, exit code 2. */

import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { withServiceRange } from "../../src/cli/commands/verify-kube-proxy.js";
import { commandLine } from "../support/in-process.js";
import { BOUTIQUE } from "../support/inputs.js";
import { repeatingSlices } from "../support/repeating-slices.js";

const { file, folder, lbscale } = commandLine();

// No kube-proxy is in this cache.
beforeAll(() => void vi.stubEnv("XDG_CACHE_HOME", join(folder, "no-cache")));
afterAll(() => void vi.unstubAllEnvs());

async function refusal(args: readonly string[]) {
  const { status, stdout, stderr } = await lbscale(args);
  expect([status, stdout]).toEqual([2, ""]);
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("lbscale: "))
    .join("\n");
}

describe("verify --kube-proxy refuses in one line", () => {
  it("objects of which every Service is left out, because slices repeat its endpoints in other states", async () => {
    // Each of these Services has slices that disagree.
    const objects = file("repeating.json", repeatingSlices(1, 1));
    expect(await refusal(["verify", objects, "--kube-proxy", "1.37"])).toMatch(
      /^lbscale: nothing to compare: every Service is left out; give objects of another moment$/,
    );
  });

  it.each([
    ["a version that is not modelled", "1.33", /^lbscale: unknown kube-proxy "1\.33": give one of 1\.34, /],
    ["a patch version", "1.37.2", /give one of 1\.34, 1\.35, 1\.36, 1\.37, or the path of a kube-proxy$/],
    ["no version", "", /^lbscale: unknown kube-proxy "": give one of/],
    [
      "a version that is not installed",
      "1.37",
      /^lbscale: kube-proxy 1\.37\.2 is not installed: run .*1\.37$/,
    ],
    ["a path that is not there", "/no/such", /^lbscale: \/no\/such is no program that you may run: give one/],
    ["a folder", "/", /^lbscale: \/ is no program that you may run/],
  ])("%s", async (_, version, message) => {
    expect(await refusal(["verify", BOUTIQUE, "--kube-proxy", version])).toMatch(message);
  });

  it.skipIf(process.getuid?.() === 0)("a missing right", async () => {
    const path = file("fake", '#!/bin/sh\necho "Kubernetes v1.37.2"\n');
    chmodSync(path, 0o755);
    expect(await refusal(["verify", BOUTIQUE, "--kube-proxy", path])).toMatch(
      /^lbscale: kube-proxy needs root: /,
    );
  });
});

describe("objects that a real program is given", () => {
  const service = (name: string, clusterIP: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { clusterIP, ipFamilies: [clusterIP.includes(":") ? "IPv6" : "IPv4"], ports: [{ port: 80 }] },
  });
  const both = [service("a", "10.43.0.7"), service("b", "fd1c:6a20:be6::7")];

  it("have the service ranges that are assumed, of both families, where no ServiceCIDR says them", () => {
    const [range, ...rest] = withServiceRange(both, undefined);
    expect([range!.kind, range!.spec, rest]).toEqual([
      "ServiceCIDR",
      { cidrs: ["10.43.0.0/16", "fd1c:6a20:be6::/108"] },
      both,
    ]);
  });

  it("are given as they are where one does, and where nothing of them can be imported", () => {
    const own = {
      apiVersion: "v1",
      kind: "ServiceCIDR",
      metadata: { name: "kubernetes" },
      spec: { cidrs: ["10.43.0.0/20"] },
    };
    for (const objects of [
      [...both, own],
      [own],
      [{ apiVersion: "v1", kind: "Node", metadata: { name: "a" } }],
    ])
      expect(withServiceRange(objects, undefined)).toBe(objects);
  });
});

describe("serve refuses in one line", () => {
  const serve = ["serve", "--services", "2"];
  it("a port that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { port } = address;
    try {
      expect(await refusal([...serve, "--port", String(port)])).toBe(
        `lbscale: cannot listen on port ${port} of 127.0.0.1: something else listens there; choose another port, or leave it out for a free one`,
      );
    } finally {
      taken.close();
    }
  });

  it.each([
    ["a port out of range", ["--port", "65536"], /--port "65536": give a whole number from 0 to 65535$/],
    [
      "a host of other machines",
      ["--host", "203.0.113.7"],
      /no address of this machine; leave it out for 127/,
    ],
    ["a host that is no name", ["--host", "1 2"], /no address of this machine; leave it out for 127/],
    ["an empty host, which is every address", ["--host", ""], /^lbscale: --host needs an address/],
    ["an empty file name", ["--kubeconfig", ""], /^lbscale: --kubeconfig needs a file$/],
    ["a folder as kubeconfig", ["--kubeconfig", "."], /^lbscale: cannot write \.: it is a folder$/],
    [
      "a kubeconfig in no folder",
      ["--kubeconfig", "no/k"],
      /^lbscale: cannot write no\/k: it does not exist$/,
    ],
    ["no churn", ["--churn", "0"], /^lbscale: --churn "0": give a whole number from 1 to /],
  ])("%s", async (_, more, message) => {
    expect(await refusal([...serve, ...more])).toMatch(message);
  });
});
