import { describe, expect, it } from "vitest";
import { noWork } from "../plane.js";
import { BACKGROUND_SERVICE, backgroundClient, backgroundPort, Conntrack, NONE } from "./conntrack.js";
import { explainConfirm, explainKnown } from "./explain-conntrack.js";

const CLIENT = 0x0aff0001;
const VIP = 0x0a600001;
const POD = 0x0a800001;
const flow = { src: CLIENT, sport: 40_000, dst: VIP, dport: 80, protocol: 6 };
const DECISION = 14;

const find = (table: Conntrack, src: number, sport: number, dst: number, dport: number) =>
  table.find(table.bucket(src, sport, dst, dport, 6), src, sport, dst, dport, 6);
const confirm = (table: Conntrack, sport = flow.sport, vip = VIP) =>
  table.confirm(table.bucket(CLIENT, sport, vip, 80, 6), CLIENT, sport, vip, 80, 6, POD, 8080, DECISION, 5);
const known = (table: Conntrack, tuple = flow) => {
  const work = noWork();
  return { decision: explainKnown(table, tuple, 0, { work, path: undefined }), work };
};

describe("Conntrack", () => {
  it("finds a connection by its original tuple and by its reply tuple", () => {
    const table = new Conntrack(1024, 16, 0, 1);
    expect(find(table, CLIENT, 40_000, VIP, 80)).toBe(NONE);
    confirm(table);
    expect(table.refresh(find(table, CLIENT, 40_000, VIP, 80), 6)).toBe(DECISION);
    expect(table.refresh(find(table, POD, 8080, CLIENT, 40_000), 6)).toBe(DECISION);
  });

  it("tells tuples apart that differ in one field", () => {
    const table = new Conntrack(1, 16, 0, 1);
    confirm(table);
    const bucket = table.bucket(0, 0, 0, 0, 0);
    expect(table.find(bucket, CLIENT, 40_000, VIP, 80, 6)).not.toBe(NONE);
    expect(table.find(bucket, CLIENT + 1, 40_000, VIP, 80, 6)).toBe(NONE);
    expect(table.find(bucket, CLIENT, 40_001, VIP, 80, 6)).toBe(NONE);
    expect(table.find(bucket, CLIENT, 40_000, VIP + 1, 80, 6)).toBe(NONE);
    expect(table.find(bucket, CLIENT, 40_000, VIP, 81, 6)).toBe(NONE);
    expect(table.find(bucket, CLIENT, 40_000, VIP, 80, 17)).toBe(NONE);
  });

  it("moves to the next client port when the reply tuple is another connection's", () => {
    const table = new Conntrack(1024, 16, 0, 1);
    confirm(table);
    confirm(table, 40_000, VIP + 1);
    expect(find(table, POD, 8080, CLIENT, 40_001)).not.toBe(NONE);
    const counted = new Conntrack(1024, 16, 0, 1);
    const work = noWork();
    for (const dst of [VIP, VIP + 1]) {
      const pod = { address: POD, port: 8080 };
      explainConfirm(counted, { ...flow, dst }, pod, DECISION, 5, { work, path: undefined });
    }
    expect(counted.words).toEqual(table.words);
    expect(work.mapLookups).toBe(3);
  });

  it("forgets what a reset takes back, word for word in every chain, and keeps its fill", () => {
    const table = new Conntrack(4, 200, 100, 1);
    const heads = table.words.slice(12, 12 + 4 * 2);
    for (let port = 0; port < 100; port++) confirm(table, 1024 + port);
    expect(table.full).toBe(true);
    table.reset();
    expect(table.size).toBe(100);
    expect(table.words.slice(12, 12 + 4 * 2)).toEqual(heads);
    for (let i = 0; i < 100; i++)
      expect(find(table, backgroundClient(i), backgroundPort(i), BACKGROUND_SERVICE, 80)).not.toBe(NONE);
    expect(find(table, CLIENT, 1024, VIP, 80)).toBe(NONE);
  });

  it("has chains of 2 × fill / buckets nodes on average: what a miss compares", () => {
    const table = new Conntrack(4096, 8192, 8192, 3);
    let probes = 0;
    for (let port = 0; port < 20_000; port++)
      probes += known(table, { ...flow, sport: port }).work.stateProbes;
    // Poisson of mean 4: the mean of 20,000 chains is within 0.1 with more than five standard errors to spare.
    expect(probes / 20_000).toBeCloseTo(4, 0);
    expect(Math.abs(probes / 20_000 - 4)).toBeLessThan(0.1);
  });

  it("compares one node for a connection that is alone in its chain", () => {
    const table = new Conntrack(1024, 16, 0, 1);
    confirm(table);
    expect(known(table)).toMatchObject({ decision: DECISION, work: { mapLookups: 1, stateProbes: 1 } });
  });

  it("costs what the kernel spends: 8 bytes per bucket and 256 per connection", () => {
    expect(new Conntrack(1024, 16, 10, 1).bytes()).toBe(1024 * 8 + 10 * 256);
  });

  it("refuses a fill beyond its maximum", () => {
    expect(() => new Conntrack(16, 10, 11, 1)).toThrow("nf_conntrack holds 10 connections");
  });
});
