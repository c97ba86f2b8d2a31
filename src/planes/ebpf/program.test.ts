import { describe, expect, it } from "vitest";
import { generateCluster } from "../../cluster/generate.js";
import { ebpf, ebpfMaglev } from "./index.js";
import { ENTRY_WORDS } from "./maps/entries.js";
import { EbpfProgram } from "./program.js";

const constant = (services: number, count: number, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

describe("eBPF maps", () => {
  it("hold a master with its count, then a slot for each endpoint, then a wildcard for the address", () => {
    const cluster = constant(1, 3);
    const { entries } = new EbpfProgram(cluster, {}, "random");
    const words = entries.services.view();
    const at = (entry: number) => words.subarray(entry * ENTRY_WORDS, (entry + 1) * ENTRY_WORDS);
    expect(words.length / ENTRY_WORDS).toBe(1 + 3 + 1);
    expect([...at(0)].slice(0, 2)).toEqual([cluster.clusterIp[0], cluster.port[0]]);
    expect(at(0)[4]! & 0xffff).toBe(3);
    expect([1, 2, 3].map((slot) => at(slot)[1]! >>> 16)).toEqual([1, 2, 3]);
    expect([1, 2, 3].map((slot) => at(slot)[3])).toEqual([1, 2, 3]);
    expect([...at(4)]).toEqual([cluster.clusterIp[0], 0, 0, 0, 0, 0]);
  });

  // Memlock of the maps that Cilium 1.20.2's control plane made on Linux 6.18.
  it.each([
    ["lb4_services_v2", 0, 1_049_472],
    ["lb4_services_v2", 10_000, 6_329_472],
    ["lb4_backends_v3", 0, 1_049_472],
    ["lb4_backends_v3", 10_000, 1_049_472 + 80 * 40_000],
    ["lb4_reverse_nat", 10_000, 1_049_472 + 72 * 10_000],
  ])("take as much of the kernel's own account: %s of %i services is %i bytes", (map, services, bytes) => {
    const lines = ebpf.compile(constant(services, 4)).memory();
    const accounted = lines.filter(({ what, known }) => what.startsWith(map) && known === "exact");
    expect(accounted.reduce((sum, line) => sum + line.bytes, 0)).toBe(bytes);
  });

  it("take a slab object of 96 bytes for each element", () => {
    const elements = ebpf
      .compile(constant(50, 4))
      .memory()
      .filter(({ what }) => !what.includes("buckets"));
    expect(elements.reduce((sum, line) => sum + line.bytes, 0)).toBe(96 * 50 * (6 + 4 + 1));
  });

  it("are as large with the first service as with the last where they are preallocated", () => {
    const bytes = (services: number) => ebpf.compile(constant(services, 1), { ebpfPrealloc: true }).bytes();
    expect(bytes(1)).toBe(bytes(1000));
    // The kernel shows 6,292,528: an element and a pointer more on each of two CPUs.
    expect(bytes(1)).toBe(65_536 * (80 + 72 + 64 + 64) + 4 * 1_049_472);
  });

  it("grow beyond 65,536 entries only where the cluster needs it, and say so", () => {
    expect(ebpf.compile(constant(10_000, 4)).facts().mapEntries).toBe(65_536);
    expect(ebpf.compile(constant(10_000, 10)).facts().mapEntries).toBe(131_072);
  });

  it("refuse a cluster that a full map would refuse, naming the setting and the need", () => {
    // 10,000 services of 10 endpoints need 120,000 entries: Cilium's default does not hold them.
    expect(() => ebpf.compile(constant(10_000, 10), { ebpfMapEntries: 65_536 })).toThrow(
      /holds 65536 entries and this cluster needs 120000.*raise bpf-lb-map-max/,
    );
  });

  it("note where Cilium's 16-bit rev_nat_index runs out, and refuse Maglev there", () => {
    const cluster = constant(65_536, 0);
    expect(ebpf.compile(cluster).facts().revNat).toMatch(/65535/);
    expect(() => ebpfMaglev.compile(cluster)).toThrow(/at most 65535/);
  });
});

describe("Maglev", () => {
  it("refuses a table size that Cilium does not know", () => {
    expect(() => ebpfMaglev.compile(constant(1, 1), { maglevTableSize: 1000 })).toThrow(
      /Cilium knows 251, 509/,
    );
  });
});
