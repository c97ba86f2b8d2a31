import { expect, it } from "vitest";
import { generateCluster } from "../../../cluster/generate.js";
import { parseNftVersion, sendsMapSizes } from "../../nft-versions.js";
import { NftablesProgram } from "../program.js";
import { AnonymousMaps, mapWords } from "./anonymous-maps.js";
import { Slabs } from "./slabs.js";

function mapOf(isSized: boolean, size: number) {
  const need = mapWords(size, isSized);
  const cursors = {
    chain: 0,
    blob: 0,
    endpointBlob: 0,
    set: need.set,
    element: size * 16,
    table: need.table,
  };
  const first = { ...cursors, set: 16, element: 16 + need.set, table: 16 + need.set + size * 16 };
  const end = first.table + need.table;
  const words = new Int32Array(end);
  const slabs = new Slabs(words, first, cursors, end);
  const maps = new AnonymousMaps(words, isSized, 7);
  const set = maps.create(slabs, size);
  for (let key = 0; key < size; key++)
    maps.insertAddress(slabs, set, key, { address: 1000 + key, port: 80 + key, index: key });
  return { maps, set, slabs };
}

it.each([
  ["of fixed size", true],
  ["that is resizable", false],
])("an anonymous map %s finds each key, and fills what it asks memory for", (_, isSized) => {
  for (const size of [1, 2, 3, 4, 12, 13, 100, 1000]) {
    const { maps, set, slabs } = mapOf(isSized, size);
    for (let key = 0; key < size; key++) {
      const element = maps.find(set, key);
      expect([maps.address(element), maps.port(element), maps.index(element)]).toEqual([
        1000 + key,
        80 + key,
        key,
      ]);
      expect(maps.probes(set, key)).toBeGreaterThanOrEqual(1);
    }
    // Freed, all of it is given out again: there is no room for anything else.
    maps.free(slabs, set, size);
    const again = maps.create(slabs, size);
    for (let key = 0; key < size; key++) maps.insertChain(slabs, again, key, key + 1);
    expect(maps.chain(maps.find(again, size - 1))).toBe(size);
  }
});

it("an anonymous map takes 512 bytes up to nft 1.1.1, and a table of 96 bytes more from 1.1.2 on", () => {
  expect(mapWords(2, true)).toEqual({ set: 512 / 4, table: 0 });
  expect(mapWords(2, false)).toEqual({ set: 512 / 4, table: 96 / 4 });
  expect(mapWords(100, false)).toEqual({ set: 512 / 4, table: 4096 / 4 });
});

it.each([
  ["1.0.1", true],
  ["1.0.6", true],
  ["1.0.6.1", true],
  ["1.1.2.1", false],
  ["1.0.6.1.1", undefined],
  ["1.1.1", true],
  ["1.1", true],
  ["v1.1.2", false],
  ["1.1.3", false],
  ["1.2", false],
  ["2.0.0", false],
  ["1.0.0", undefined],
  ["0.9.8", undefined],
  ["", undefined],
  ["1", undefined],
  ["1.1.3-1", undefined],
])("nft %s sends the sizes of anonymous maps: %s", (text, sends) => {
  const version = parseNftVersion(text);
  expect(version === undefined ? undefined : sendsMapSizes(version)).toBe(sends);
});

it.each(["1.34", "1.36", "1.37"] as const)(
  "nftables of kube-proxy %s decides alike with any nft, and holds more memory from 1.1.2 on",
  (kubeProxy) => {
    const cluster = generateCluster({
      services: 60,
      seed: 5,
      endpoints: { kind: "constant", count: 7 },
      affinityShare: 0.3,
    });
    const [old, now] = ["1.0.6", "1.1.3"].map(
      (nftVersion) => new NftablesProgram(cluster, { kubeProxy, nftVersion }),
    );
    const [one, other] = [old!.model(3), now!.model(3)];
    for (let i = 0; i < 600; i++) {
      const p = i % cluster.servicePorts;
      const to = [
        cluster.clusterIp[cluster.service[p]!]! | 0,
        cluster.port[p]!,
        cluster.protocol[p]!,
      ] as const;
      const decide = (model: typeof one) => model.lookup(i, 1000, to[0], to[1], to[2], 0);
      expect(decide(other)).toBe(decide(one));
    }
    expect(now!.bytes()).toBeGreaterThan(old!.bytes());
    expect(now!.memory().map(({ what }) => what)).toContain("resizable tables of anonymous maps");
  },
);
