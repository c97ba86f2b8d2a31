import { describe, expect, it } from "vitest";
import { buildCluster, type ServiceRecord } from "../../cluster/build.js";
import { type Cluster, TCP } from "../../cluster/cluster.js";
import { DEFAULT_NETWORK } from "../../cluster/network.js";
import { planeById } from "../../planes/registry.js";
import {
  compareBytes,
  type HandedChange,
  HandedTexts,
  handedDifferences,
  takenFromText,
} from "./handover.js";
import { KUBE_PROXY_MODES, type Write } from "./protocol.js";

const NAMES: ReadonlySet<string> = new Set(["a/web"]);
const OTHERS: ReadonlySet<string> = new Set(["a/api"]);

function service(name: string, number: number, endpoints: number, externalIps: number[] = []): ServiceRecord {
  return {
    name,
    clusterIp: 0x0a600000 + number,
    externalIps,
    ports: [
      {
        name: "http",
        protocol: TCP,
        port: 80,
        endpoints: Array.from({ length: endpoints }, (_, e) => ({
          address: 0x0a800000 + number * 256 + e,
          port: 8080,
          local: false,
        })),
      },
    ],
  };
}

const clusterOf = (...services: ServiceRecord[]): Cluster =>
  buildCluster(services, DEFAULT_NETWORK, { kind: "imported", format: "test", parameters: {} });
const iptables = (...services: ServiceRecord[]) => planeById("iptables").compile(clusterOf(...services));
const nftables = (...services: ServiceRecord[]) =>
  planeById("nftables").compile(clusterOf(...services), { kubeProxy: "1.35" });
const nft = (...lines: string[]): Write[] => [
  { tool: "nft", args: ["-f", "-"], input: lines.map((line) => `${line}\n`).join("") },
];

/** What the model hands over, as if kube-proxy had. */
function handedBy(change: HandedChange): string[] {
  return [...new HandedTexts(4).compare(nft("add table ip kube-proxy"), change)!.model];
}

describe("the text of a sync", () => {
  it("that has another line, or one less, is told apart in lines and bytes", () => {
    const change = {
      before: nftables(service("a/web", 1, 2)),
      after: nftables(service("a/web", 1, 3)),
      names: NAMES,
    };
    const lines = handedBy(change);
    const compare = (...written: string[]) => [new HandedTexts(4).compare(nft(...written), change)!];
    expect(handedDifferences(compare(...lines.toReversed()), [])).toEqual([]);
    expect(compareBytes(compare(...lines.toReversed()))).toEqual([]);
    const [missing] = lines;
    const less = compare(...lines.slice(1));
    expect(handedDifferences(less, [])).toMatchObject([{ from: "lbscale", line: `handed over: ${missing}` }]);
    expect(compareBytes(less)).toMatchObject([{ what: "bytes of text", lbscale: expect.any(Number) }]);
    expect(compareBytes(less)[0]!.lbscale - compareBytes(less)[0]!.real).toBe(missing!.length + 1);
    // The same line twice is a difference too.
    expect(handedDifferences(compare(...lines, missing!), [])).toMatchObject([
      { from: "kube-proxy", line: `handed over: ${missing} (2)` },
    ]);
  });

  it("is not compared where kube-proxy wrote nothing", () => {
    const one = iptables(service("a/web", 1, 2));
    expect(new HandedTexts(4).compare([], { before: one, after: one, names: NAMES })).toBeUndefined();
  });

  it("of nftables flushes the chains of earlier changes again until it deletes them", () => {
    const [many, few] = [nftables(service("a/web", 1, 2)), nftables(service("a/web", 1, 1))];
    const texts = new HandedTexts(4);
    const first = texts.compare(nft("x"), { before: many, after: few, names: NAMES })!;
    const flushed = first.model.filter(
      (line) => line.startsWith("flush chain") && line.includes("10.128.1.1/8080"),
    );
    expect(flushed).toHaveLength(1);
    const nothing = { before: few, after: few, names: OTHERS };
    expect(texts.compare(nft("x"), nothing)!.model).toEqual(flushed);
    const deletion = flushed[0]!.replace("flush", "delete");
    expect(texts.compare(nft(deletion), nothing)!.model).toEqual([deletion]);
    expect(texts.compare(nft("x"), nothing)!.model).toEqual([]);
  });

  it("is compared but for when chains are deleted, which verify says of the modes that leave some", () => {
    expect(KUBE_PROXY_MODES.filter((mode) => takenFromText(mode) !== null)).toEqual(["iptables", "nftables"]);
    expect(takenFromText("nftables")).toContain("when chains that lost their user are deleted");
  });

  it("of nftables says nothing of an address at which two Services are", () => {
    const shared = 0xc6336401;
    const change = {
      before: nftables(service("a/web", 1, 1, [shared]), service("a/api", 2, 1)),
      after: nftables(service("a/web", 1, 1, [shared]), service("a/api", 2, 1, [shared])),
      names: OTHERS,
    };
    const isShared = (line: string) => line.includes("service-ips { 198.51.100.1 ");
    const flip = "delete element ip kube-proxy service-ips { 198.51.100.1 . tcp . 80 }";
    const { real, model } = new HandedTexts(4).compare(nft(flip, "x"), change)!;
    expect([real, model.filter(isShared)]).toEqual([["x"], []]);
    const alone = new HandedTexts(4).compare(nft("x"), { ...change, after: change.before })!;
    expect(alone.model.filter(isShared)).toEqual([]);
  });

  it("of iptables deletes stale chains at once, and above 1,000 endpoints all of them in some later sync", () => {
    const deletions = (lines: readonly string[]) => lines.filter((line) => line.startsWith("-X ")).length;
    const sync = (...lines: string[]): Write[] => [
      { tool: "iptables-restore", args: [], input: lines.map((line) => `${line}\n`).join("") },
    ];
    const small = { before: iptables(service("a/web", 1, 3)), after: iptables(service("a/web", 1, 1)) };
    expect(deletions(new HandedTexts(4).compare(sync("x"), { ...small, names: NAMES })!.model)).toBe(2);

    const big = (count: number) => iptables(service("a/web", 1, count), service("a/api", 9, 1001));
    const texts = new HandedTexts(4);
    const change = { before: big(3), after: big(1), names: NAMES };
    expect(deletions(texts.compare(sync("x"), change)!.model)).toBe(0);
    const next = { before: big(1), after: big(2), names: NAMES };
    // Of the two chains one has a user again.
    expect(deletions(texts.compare(sync("-X KUBE-SEP-OTHER"), next)!.model)).toBe(1);
  });
});
