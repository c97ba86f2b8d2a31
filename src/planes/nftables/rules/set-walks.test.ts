import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../cluster/cluster.js";
import { generateCluster } from "../../../cluster/generate.js";
import {
  KUBE_PROXY_RELEASES,
  KUBE_PROXY_VERSIONS,
  type KubeProxyVersion,
} from "../../kube-proxy-versions.js";
import { NftablesProgram } from "../program.js";
import { transactionWalks } from "./full-sync.js";
import { SetList, setWalks, walkService } from "./set-walks.js";

function program(kubeProxy: KubeProxyVersion, services: number, endpoints: number): NftablesProgram {
  const count = { kind: "constant", count: endpoints } as const;
  return new NftablesProgram(generateCluster({ services, seed: 7, localShare: 0, endpoints: count }), {
    kubeProxy,
  });
}

/** Sets passed in each transaction of so many services. */
const setsPassed = (loaded: NftablesProgram, size: number) =>
  transactionWalks(setWalks(loaded), size).map(({ sets }) => sets);
const entriesPassed = (loaded: NftablesProgram, size: number) =>
  transactionWalks(setWalks(loaded), size).map(({ entries }) => entries);

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** Of m anonymous maps after s other sets: three walks of what is there before each, two with it. */
const byHand = (s: number, m: number) => 5 * (s * m + (m * (m - 1)) / 2) + 2 * m;

describe("the kernel's list of sets", () => {
  it("is walked three times before an anonymous map is in it, and twice with it", () => {
    const list = new SetList(7);
    expect(list.addAnonymous()).toBe(7 + 7 + 7 + 8 + 8);
    expect(list.addAnonymous()).toBe(8 + 8 + 8 + 9 + 9);
  });

  it("is walked once more for each page of 32,768 numbers that are taken", () => {
    const list = new SetList(0);
    for (let i = 0; i < 32_768; i++) list.addAnonymous();
    expect(list.addAnonymous()).toBe((1 + 2 + 1) * 32_768 + 2 * 32_769);
  });

  it("is walked to a named set's place where a rule uses it", () => {
    const list = new SetList(3);
    expect(list.addNamed("affinity-a")).toBe(3 + 3);
    expect(list.addAnonymous()).toBe(4 + 4 + 4 + 5 + 5);
    expect([list.refer("affinity-a"), list.refer("cluster-ips")]).toEqual([4, 0]);
  });
});

describe("a full sync of nftables", () => {
  it.each([
    ["1.34", 7],
    ["1.35", 7],
    ["1.36", 8],
    ["1.37", 8],
  ] as const)("of kube-proxy %s walks as many sets as counted by hand", (version, named) => {
    expect(setsPassed(program(version, 3, 4), Number.POSITIVE_INFINITY)).toEqual([byHand(named, 3)]);
    expect(setsPassed(program(version, 1000, 4), Number.POSITIVE_INFINITY)).toEqual([byHand(named, 1000)]);
  });

  it("passes the set of several service ranges too", () => {
    const { cluster } = program("1.37", 3, 4);
    const network = { ...cluster.network, moreServiceCidrs: [parseCidr("10.200.0.0/24")!] };
    const several = new NftablesProgram({ ...cluster, network }, { kubeProxy: "1.37" });
    expect(setsPassed(several, Number.POSITIVE_INFINITY)).toEqual([byHand(9, 3)]);
  });

  it("needs no map for a single endpoint since 1.37, and passes no set", () => {
    expect(sum(setsPassed(program("1.36", 100, 1), 250))).toBe(byHand(8, 100));
    expect(setsPassed(program("1.37", 100, 1), 250)).toEqual([0]);
  });

  it("walks as many sets in stages as at once, most of them in the last", () => {
    const loaded = program("1.37", 1000, 2);
    const stages = setsPassed(loaded, 250);
    expect(stages).toHaveLength(4);
    expect(sum(stages)).toBe(byHand(8, 1000));
    expect(stages).toEqual([0, 1, 2, 3].map((i) => byHand(8 + 250 * i, 250)));
  });

  it.each([
    // A chain, two elements, the map and its elements: 5 when the rule is bound. Then the rule.
    ["1.37", 5, 6],
    ["1.36", 5, 6],
    // Five chains, two elements, the masquerade test, the map and its elements: 10. Then its rule, and two of each endpoint.
    ["1.35", 10, 19],
  ] as const)("of kube-proxy %s walks its transaction as far as counted by hand", (version, own, each) => {
    const byHandEntries = (m: number) => (each * m * (m - 1)) / 2 + own * m;
    const loaded = program(version, 1000, 4);
    expect(entriesPassed(loaded, Number.POSITIVE_INFINITY)).toEqual([byHandEntries(1000)]);
    // Stages forget it: a quarter of the work in all.
    expect(entriesPassed(loaded, 250)).toEqual(Array(4).fill(byHandEntries(250)));
  });

  it("walks for affinity sets, for each rule that uses one to its place", () => {
    const cluster = generateCluster({
      services: 1,
      seed: 7,
      localShare: 0,
      affinityShare: 1,
      endpoints: { kind: "constant", count: 2 },
    });
    // Two sets made after 8; the vmap's map is the eleventh; each set is used by the service's chain and by its endpoint's.
    const made = 2 * 8 + 2 * 9;
    const map = 3 * 10 + 2 * 11;
    const used = 2 * 9 + 2 * 10;
    expect(setsPassed(new NftablesProgram(cluster, { kubeProxy: "1.37" }), 250)).toEqual([made + map + used]);
  });
});

const RECORDED = KUBE_PROXY_VERSIONS.flatMap((version) =>
  (
    [
      [10, 1],
      [10, 4],
      [40, 3],
    ] as const
  ).map(([n, e]) => ({ version, n, e })),
);

describe("kube-proxy's own first transaction", () => {
  it.each(RECORDED)("of $version, $n Services x $e, walks as the model counts", ({ version, n, e }) => {
    const path = `test/data/kube-proxy/${KUBE_PROXY_RELEASES[version]}/${n}x${e}/nftables.steps.json.gz`;
    const [start] = JSON.parse(gunzipSync(readFileSync(path)).toString()) as {
      writes: { tool: string; input: string }[];
    }[];
    const { input } = start!.writes.find(({ tool, input }) => tool === "nft" && !input.includes(" ip6 "))!;
    const isOwn = (line: string) => /^add (set|map) /.test(line) && !line.includes("affinity-");
    const commands = input.split("\n").filter((line) => !isOwn(line));
    const named = input.split("\n").filter(isOwn);
    const modelled = program(version, n, e);
    const maps = version === "1.37" && e === 1 ? 0 : n;
    // 1.37 declares a map for localhost NodePorts and deletes it: the list holds it until the commit.
    const extra = version === "1.37" ? 1 : 0;
    expect(named).toHaveLength((version < "1.36" ? 7 : 8) + extra);
    expect(walkService(commands, new SetList(named.length)).sets).toBe(
      sum(setsPassed(modelled, Number.POSITIVE_INFINITY)) + 5 * extra * maps,
    );
  });
});
