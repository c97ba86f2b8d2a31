import { describe, expect, it } from "vitest";
import fc from "../../../../test/support/properties.js";
import { buildCluster } from "../../../cluster/build.js";
import { parseAddress, TCP } from "../../../cluster/cluster.js";
import { DEFAULT_NETWORK } from "../../../cluster/network.js";
import { hash32 } from "../../shared/hash32.js";
import { DEST_ENDPOINT, GENERATION, NULL } from "../layout.js";
import { loadMemory, type Memory } from "../memory.js";
import { listVirtualServices } from "../tables/virtual-services.js";
import { SCHEDULERS, type SchedulerName } from "./index.js";
import { MAGLEV_SLOTS } from "./maglev.js";

const VIP = parseAddress("10.96.0.10")!;
const POD = parseAddress("10.128.0.1")!;

interface Bench {
  /** The endpoint that the next connection gets, or -1. */
  pick(src?: number, sport?: number): number;
  reset(): void;
}

/** One service whose endpoint i has weights[i]. The list of destinations is newest first: the last endpoint leads. */
function bench(name: SchedulerName, weights: readonly number[]): Bench {
  const endpoints = weights.map((_, i) => ({ address: POD + i, port: 8080 }));
  const cluster = buildCluster(
    [{ name: "a/b", clusterIp: VIP, ports: [{ protocol: TCP, port: 80, endpoints }] }],
    DEFAULT_NETWORK,
    { kind: "synthetic", parameters: {} },
  );
  const virtual = listVirtualServices(cluster, Uint32Array.of(0));
  const kind = SCHEDULERS[name];
  const families = [{ cluster, virtualServices: virtual, weights: Uint16Array.from(weights) }];
  const [{ words, services, schedulerData }] = loadMemory(families, kind.dataWords) as [Memory];
  const scheduler = kind.create(words, undefined);
  const service = services[0]!;
  scheduler.attach(service, schedulerData[0]!);
  return {
    pick(src = 1, sport = 0) {
      const dest = scheduler.pick(service, src, sport, VIP);
      if (dest === NULL) return -1;
      scheduler.bind(dest);
      return words[dest + DEST_ENDPOINT]!;
    },
    reset() {
      words[GENERATION]!++;
    },
  };
}

const sequence = (b: Bench, length: number) => Array.from({ length }, () => b.pick());

describe("rr", () => {
  it("goes round the list, newest destination first", () => {
    expect(sequence(bench("rr", [1, 1, 1]), 7)).toEqual([2, 1, 0, 2, 1, 0, 2]);
  });

  it("passes over quiesced destinations and ignores other weights", () => {
    expect(sequence(bench("rr", [5, 0, 1, 0]), 4)).toEqual([2, 0, 2, 0]);
    expect(sequence(bench("rr", [0, 3, 0]), 3)).toEqual([1, 1, 1]);
  });
});

describe("wrr", () => {
  it("serves thresholds from the largest weight down, after a first round that serves everyone", () => {
    // List 2:4, 1:2, 0:1; step 1, highest threshold 4; the threshold starts at 1 (see the source).
    // 1: 2 1 0 | 4: 2 | 3: 2 | 2: 2 1 | 1: 2 1 0 | 4: 2 | ..
    expect(sequence(bench("wrr", [1, 2, 4]), 11)).toEqual([2, 1, 0, 2, 2, 2, 1, 2, 1, 0, 2]);
  });

  it("steps by the greatest common divisor", () => {
    // List 2:2, 1:6, 0:4; step 2, highest threshold 6 - 1 = 5. 1: 2 1 0 | 5: 1 | 3: 1 0 | 1: 2 1 0 | 5: 1 | ..
    expect(sequence(bench("wrr", [4, 6, 2]), 10)).toEqual([2, 1, 0, 1, 1, 0, 2, 1, 0, 1]);
  });

  it("serves in proportion to the weights", () => {
    const b = bench("wrr", [3, 0, 5, 2]);
    sequence(b, 3);
    const cycle = sequence(b, 10);
    expect([0, 1, 2, 3].map((e) => cycle.filter((x) => x === e).length)).toEqual([3, 0, 5, 2]);
  });
});

describe("lc", () => {
  it("takes the fewest connections, the first of the list in a tie, whatever the weights", () => {
    expect(sequence(bench("lc", [1, 9, 1]), 6)).toEqual([2, 1, 0, 2, 1, 0]);
    expect(sequence(bench("lc", [1, 0, 1]), 4)).toEqual([2, 0, 2, 0]);
  });
});

describe("wlc", () => {
  it("takes the fewest connections by weight", () => {
    // List 2:1, 1:2, 0:4. Connections / weight before each pick, in list order:
    // 0 0 0 -> 2 | 1 0 0 -> 1 | 1 1/2 0 -> 0 | 1 1/2 1/4 -> 0 | 1 1/2 2/4 -> 1 (tie, first) | 1 1 2/4 -> 0 |
    // 1 1 3/4 -> 0 | 1 1 1 -> 2, and all over again.
    expect(sequence(bench("wlc", [4, 2, 1]), 8)).toEqual([2, 1, 0, 0, 1, 0, 0, 2]);
  });
});

describe("sed", () => {
  it("takes the shortest (connections + 1) / weight", () => {
    // List 2:1, 1:2, 0:4. 1 1/2 1/4 -> 0 | 1 1/2 2/4 -> 1 | 1 2/2 2/4 -> 0 | 1 1 3/4 -> 0 | 1 1 4/4 -> 2 |
    // 2 2/2 4/4 -> 1 | 2 3/2 4/4 -> 0, and all over again.
    expect(sequence(bench("sed", [4, 2, 1]), 8)).toEqual([0, 1, 0, 0, 2, 1, 0, 0]);
  });
});

describe("nq", () => {
  it("fills idle destinations first, then goes by the shortest delay", () => {
    // Idle: 2, 1, 0. Then (connections + 1) / weight: 2 2/2 2/4 -> 0 | 2 1 3/4 -> 0 | 2 1 4/4 -> 1 (tie, first) |
    // 2 3/2 4/4 -> 0 | 2 3/2 5/4 -> 0 | 2 3/2 6/4 -> 1 (tie, first).
    expect(sequence(bench("nq", [4, 2, 1]), 9)).toEqual([2, 1, 0, 0, 0, 1, 0, 0, 1]);
  });
});

describe("sh", () => {
  it("fills as many slots in a row as the weight says and picks by the client's address", () => {
    // List 2:1, 1:2, 0:4: slots 2 1 1 0 0 0 0, 2 1 1 .. Slot of client c = (c * 0x61c88647) >>> 24:
    // 1 -> 97 = 13 * 7 + 6, 3 -> 37 (2), 5 -> 232 (1), 6 -> 74 (4), 8 -> 14 (0).
    const b = bench("sh", [4, 2, 1]);
    expect([1, 3, 5, 6, 8].map((src) => b.pick(src))).toEqual([0, 1, 1, 0, 2]);
    expect(b.pick(8, 12345)).toBe(2);
  });

  it("refuses clients whose slot is a quiesced destination's", () => {
    // List 1:0, 0:1: slots alternate, for weight 0 still fills one. Clients 1 and 3 have odd slots, 6 and 8 even ones.
    const b = bench("sh", [1, 0]);
    expect([1, 3, 6, 8].map((src) => b.pick(src))).toEqual([0, 0, -1, -1]);
  });
});

describe("dh", () => {
  it("sends every client of one address to one destination, ignoring weights", () => {
    // Slots 2 1 0 2 1 0 ..
    const b = bench("dh", [4, 2, 1]);
    const expected = 2 - (hash32(VIP, 8) % 3);
    for (let src = 1; src < 20; src++) expect(b.pick(src)).toBe(expected);
  });
});

describe("mh", () => {
  it("gives slots in proportion to the weights", () => {
    // Weights 2 and 6 become 1 and 3 turns of a round of 4; 4093 = 1023 * 4 + 1, and the last slot is endpoint 1's.
    const b = bench("mh", [2, 6]);
    const counts = [0, 0];
    for (let src = 0; src < 40_000; src++) counts[b.pick(src)]!++;
    expect(Math.abs(counts[0]! / 40_000 - 1023 / 4093)).toBeLessThan(0.01);
  });

  it("chooses what a plain reading of ip_vs_mh.c chooses, over the sum of client address and port", () => {
    const weights = [3, 1, 0, 2];
    const table = plainMaglev(weights);
    const b = bench("mh", weights);
    for (let i = 0; i < 300; i++) {
      const src = (POD + 0x100 + i * 7919) | 0;
      const slot = Number(plainHsiphash(src + 40_000 + i, 2654435761n) % BigInt(MAGLEV_SLOTS));
      expect(b.pick(src, 40_000 + i)).toBe(table[slot]);
    }
  });
});

describe("every scheduler", () => {
  const names = Object.keys(SCHEDULERS) as SchedulerName[];

  it.each(names)("%s finds nothing among no destinations or only quiesced ones", (name) => {
    expect(bench(name, []).pick()).toBe(-1);
    expect(bench(name, [0, 0]).pick()).toBe(-1);
  });

  it.each(names)("%s starts over after a reset", (name) => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }), fc.nat(9), (weights, before) => {
        const fresh = sequence(bench(name, weights), 12);
        const used = bench(name, weights);
        sequence(used, before);
        used.reset();
        expect(sequence(used, 12)).toEqual(fresh);
      }),
      { numRuns: name === "mh" ? 5 : 30 },
    );
  });
});

/** SipHash-1-3 of one 32-bit value in 64-bit words, to 32 bits; both key words equal. */
function plainHsiphash(value: number, key: bigint): bigint {
  const mask = (1n << 64n) - 1n;
  const rol = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & mask;
  let [v0, v1, v2, v3] = [
    0x736f6d6570736575n ^ key,
    0x646f72616e646f6dn ^ key,
    0x6c7967656e657261n ^ key,
    0x7465646279746573n ^ key,
  ];
  const round = () => {
    v0 = (v0 + v1) & mask;
    v1 = rol(v1, 13n) ^ v0;
    v0 = rol(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rol(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rol(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rol(v1, 17n) ^ v2;
    v2 = rol(v2, 32n);
  };
  const block = (4n << 56n) | BigInt(value >>> 0);
  v3 ^= block;
  round();
  v0 ^= block;
  v2 ^= 0xffn;
  round();
  round();
  round();
  return (v0 ^ v1 ^ v2 ^ v3) & 0xffffffffn;
}

/** Slot → endpoint. Weights here have no common divisor and are small, so that turns are weights. */
function plainMaglev(weights: readonly number[]): number[] {
  const m = BigInt(MAGLEV_SLOTS);
  const list = weights.map((_, endpoint) => endpoint).reverse();
  const rows = list.map((endpoint) => {
    const sum = POD + endpoint + 8080;
    const offset = plainHsiphash(sum, 2654435761n) % m;
    const skip = (plainHsiphash(sum, 2654446892n) % (m - 1n)) + 1n;
    const permutation = Array.from({ length: MAGLEV_SLOTS }, (_, j) =>
      Number((offset + BigInt(j) * skip) % m),
    );
    return { endpoint, permutation, next: 0 };
  });
  const table: number[] = new Array(MAGLEV_SLOTS).fill(-1);
  let free = MAGLEV_SLOTS;
  while (free > 0) {
    for (const row of rows) {
      for (let turn = 0; turn < weights[row.endpoint]! && free > 0; turn++) {
        while (table[row.permutation[row.next]!] !== -1) row.next++;
        table[row.permutation[row.next]!] = row.endpoint;
        free--;
      }
    }
  }
  return table;
}
