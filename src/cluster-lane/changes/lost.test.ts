/** Changes that go wrong, with an API server and a `kubectl` of our own: pods answer at once. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Handler, type Reply, serve, status } from "../../../test/support/api-server.js";
import { settingOf } from "../plan.js";
import { OwnServices } from "../services.js";
import { Changes } from "./changes.js";
import { watchGrowth } from "./series.js";
import { Watcher } from "./watcher.js";

const SETTING = settingOf(
  {
    ...{ options: {}, runId: "r", services: [3], endpoints: 1, rounds: 6, seed: 1, family: null },
    scenarios: ["programming"],
  },
  { image: "registry.k8s.io/pause:3.10", families: [4] },
);
const TARGETS = Array.from({ length: SETTING.targets }, (_, i) => ({
  addresses: [`10.0.0.${1 + i}`],
  node: "n",
}));
const MADE: Reply = { status: 201, body: { metadata: { name: "s" }, spec: { clusterIP: "10.96.0.9" } } };
const TAKEN = status(
  422,
  'Service "s" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.9"]: failed to allocate IP 10.96.0.9: provided IP is already allocated',
);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-changes-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Has pods see every change, but for one watch, counted from 1, whose stream breaks. */
function usePods({ broken = 0 }: { readonly broken?: number }): void {
  const answers = `clock) echo "{\\"kind\\":\\"clock\\",\\"id\\":$id,\\"ns\\":1}";;
watch) echo >>${folder}/watches
[ "$(wc -l <${folder}/watches)" -eq ${broken} ] && exit
echo "{\\"kind\\":\\"watching\\",\\"id\\":$id}"
echo "{\\"kind\\":\\"seen\\",\\"id\\":$id,\\"frontends\\":[{\\"firstNs\\":9,\\"lastOtherNs\\":8}]}";;`;
  const kubectl = join(folder, "kubectl");
  writeFileSync(kubectl, `#!/bin/sh\nwhile read -r word id rest; do case $word in\n${answers}\nesac; done\n`);
  chmodSync(kubectl, 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
}

const asksFor = (body: unknown, kind: string, name: string): boolean =>
  JSON.stringify(body).includes(`"kind":"${kind}","metadata":{"name":"${name}"`);

/** An API server that answers the first request to make an object in another way. */
function serverThatOnce(kind: string, name: string, reply: Reply, then = MADE): Handler {
  let asked = 0;
  return (method, _path, body) => {
    if (method !== "POST" || !asksFor(body, kind, name)) return MADE;
    return asked++ === 0 ? reply : then;
  };
}

async function changesWith(handler: Handler) {
  const { api, seen } = await serve(handler);
  const watcher = new Watcher({}, "namespace", { name: "pod", node: "n" });
  return { api, seen, watcher, changes: new Changes(api, SETTING, TARGETS, [watcher]) };
}

/** How many changes were lost of two of each kind, and which of those that were not. */
async function lostWith(handler: Handler) {
  const { changes, watcher, seen } = await changesWith(handler);
  const work = changes.around(async () => {
    await changes.makeOne(0);
    await changes.makeOne(1);
  });
  const { lost, times } = await work.finally(() => watcher.close());
  return { lost, seen, kept: times.map(({ kind, block }) => `${kind} ${block}`) };
}

describe.skipIf(process.platform === "win32")("a change of a cluster", () => {
  const OTHERS = ["joins 0", "leaves 0", "new 1", "joins 1", "leaves 1"];

  it("is lost where the API server did not answer, and may have made it long before it was asked again", async () => {
    usePods({});
    const { lost, kept, seen } = await lostWith(serverThatOnce("Service", "new-0", status(500, "EOF")));
    expect([lost, kept]).toEqual([1, OTHERS]);
    expect(seen).toContainEqual(expect.stringMatching(/^DELETE .*\/services\/new-0$/));
  });

  it("is made once more, and not lost, where the API server was too busy to make it", async () => {
    usePods({});
    const { lost, kept } = await lostWith(
      serverThatOnce("Service", "new-0", status(429, "too many requests")),
    );
    expect([lost, kept]).toEqual([0, ["new 0", ...OTHERS]]);
  });

  it("is lost where another Service has the address by then that is watched", async () => {
    usePods({});
    const { lost, kept, seen } = await lostWith(serverThatOnce("Service", "new-0", TAKEN));
    expect([lost, kept]).toEqual([1, OTHERS]);
    expect(seen).toContainEqual(expect.stringMatching(/^DELETE .*\/endpointslices\/new-0$/));
  });

  it("is lost where its stream breaks, and nothing that is there is made again", async () => {
    // The first is of a new Service, the second waits for the Service whose endpoint is replaced.
    usePods({ broken: 2 });
    const { lost, kept } = await lostWith(
      serverThatOnce("EndpointSlice", "replaced", MADE, status(409, "exists")),
    );
    expect([lost, kept]).toEqual([1, ["new 0", "new 1", "joins 1", "leaves 1"]]);
  });

  it("that fails otherwise ends the run", async () => {
    usePods({});
    await expect(lostWith(serverThatOnce("Service", "new-0", status(404, "no namespace")))).rejects.toThrow(
      "no namespace",
    );
  });
});

describe.skipIf(process.platform === "win32")("a sync of N Services", () => {
  it("is lost where the last of them is, which is made again for the next", async () => {
    usePods({});
    let isThere = false;
    let tried = 0;
    const { api, changes, watcher, seen } = await changesWith((method, path, body) => {
      if (method === "DELETE" && path.endsWith("/services/s-2")) isThere = false;
      if (method !== "POST" || !asksFor(body, "Service", "s-2")) return MADE;
      if (isThere) return status(409, "exists");
      isThere = true;
      return tried++ === 0 ? TAKEN : MADE;
    });
    const { signal } = new AbortController();
    const hooks = { signal, onProgress: () => {}, isLate: () => false };
    const own = new OwnServices(api, SETTING, TARGETS, hooks);
    const changed = await watchGrowth(changes, own, 3, hooks);
    watcher.close();
    expect(changed.made).toEqual({ programming: 0, sync: 3 });
    expect(changed.lost).toEqual({ programming: 0, sync: 1 });
    expect(changed.times.map(({ kind, block }) => `${kind} ${block}`)).toEqual(["sync 1", "sync 2"]);
    expect(changed.creation?.ns).toHaveLength(2);
    expect(own.addresses).toHaveLength(3);
    expect(seen.filter((line) => line.endsWith("/services/s-2"))).toHaveLength(2);
  });
});
