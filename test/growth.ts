/** Inputs of the importers that double, and how the steps grow: what is read in linear time takes twice the steps. */

import { generateCluster, MIXED } from "../src/cluster/generate.js";
import type { InputError } from "../src/errors.js";
import { EXPORTS } from "../src/formats/export.js";
import { readFixture } from "./fuzz-import.js";
import fc from "./support/properties.js";
import { type Counted, instrument } from "./support/steps.js";

/** How much a doubled input may cost: a sort, and lists whose members share a name, take a little more than twice. */
export const MOST_GROWTH = 2.2;
/** More lines than may stand above what is recognised: below, each costs as much as the text is long. */
const REPEATS = 52;
/** Nine of ten inputs repeat one short line, which takes a third of the time. */
const SHORT_LINE = 100;

/** The importers with counters in them. */
export class CountedImport {
  readonly #code: Counted;
  readonly #import: (texts: readonly string[]) => unknown;
  readonly #InputError: new (
    ...args: never[]
  ) => Error;

  private constructor(
    code: Counted,
    importCluster: (texts: readonly string[]) => unknown,
    refusal: new (...args: never[]) => Error,
  ) {
    this.#code = code;
    this.#import = importCluster;
    this.#InputError = refusal;
  }

  static async make(): Promise<CountedImport> {
    const code = instrument("formats/detect.ts");
    const { importCluster } = (await code.load("formats/detect.ts")) as {
      importCluster: (texts: readonly string[]) => unknown;
    };
    const { InputError: refusal } = (await code.load("errors.ts")) as { InputError: typeof InputError };
    const counted = new CountedImport(code, importCluster, refusal);
    // What is done once, when a format is first read (schemas that zod compiles), belongs to no input.
    for (const { of } of exportedClusters()) counted.steps(of(20));
    return counted;
  }

  /** Steps of an import, which may end in a refusal. */
  steps(texts: readonly string[]): number {
    // A refusal's stack takes as long to write down as a small input to read.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    const steps = this.#code.count(() => {
      try {
        this.#import(texts);
      } catch (error) {
        if (!(error instanceof this.#InputError)) throw error;
      }
    });
    Error.stackTraceLimit = stackTraceLimit;
    return steps;
  }

  remove(): void {
    this.#code.remove();
  }
}

/** An input of as many repetitions of its parts as are asked for. */
export interface Growing {
  readonly of: (repeats: number) => readonly string[];
  readonly words: string;
}

/**
 * Throws, with the shrunk input, where one of `runs` inputs takes more than `MOST_GROWTH` times the steps when it doubles,
 * and again when that doubles: once alone it may cross a bound behind which it is read in another way.
 */
export function fuzzGrowth(counted: CountedImport, runs: number, seed: number): void {
  fc.assert(
    fc.property(repeatedLines(), ({ of }) => {
      let repeats = REPEATS;
      let steps = counted.steps(of(repeats));
      const growth: number[] = [];
      do {
        repeats *= 2;
        const doubled = counted.steps(of(repeats));
        growth.push(doubled / steps);
        steps = doubled;
      } while (growth.length < 2 && growth.at(-1)! > MOST_GROWTH);
      if (growth.at(-1)! > MOST_GROWTH)
        throw new Error(
          `when the input doubles, and again, its steps become ${growth.map((each) => each.toFixed(2)).join(" and ")} times as many`,
        );
    }),
    { numRuns: runs, seed },
  );
}

/** Clusters in every format, in N Services. */
export function exportedClusters(): Growing[] {
  return EXPORTS.map(({ id, write }) => ({
    words: id,
    of: (services) => {
      const cluster = generateCluster({
        services,
        seed: 5,
        ...MIXED,
        endpoints: { kind: "constant", count: 4 },
      });
      const text = (format: string) => [...EXPORTS.find((one) => one.id === format)!.write(cluster)].join("");
      if (id === "ipset" || id === "ipvs-iptables") return ["ipvsadm", "ipset", "ipvs-iptables"].map(text);
      return [[...write(cluster)].join("")];
    },
  }));
}

/** Lines of what nodes print. */
function pools(): readonly (readonly [head: string, foot: string, lines: readonly string[]])[] {
  const linesOf = (name: string) =>
    readFixture(name)
      .split("\n")
      .filter((line) => line.trim() !== "");
  const recording = (file: string) => linesOf(`kube-proxy/1.36.3/kinds/${file}`);
  return [
    ["*nat\n", "COMMIT\n", recording("iptables.save")],
    ["", "", recording("iptables.save")],
    ["table ip kube-proxy {\n", "}\n", recording("nftables.nft")],
    ["", "", linesOf("kube-proxy/1.35.4/kinds/nftables.nft")],
    ["", "", recording("ipvs.ipvsadm")],
    ["-A -t 10.96.0.1:443 -s rr\ncreate KUBE-CLUSTER-IP hash:ip,port\n", "", recording("ipvs.ipset")],
    ["create KUBE-CLUSTER-IP hash:ip,port\n", "", recording("ipvs.ipset")],
    [
      "SERVICE ADDRESS   BACKEND ADDRESS (REVNAT_ID) (SLOT)\n",
      "",
      linesOf("nodes/cilium-bpf-lb-list.txt").slice(1),
    ],
    ["ID   BACKEND ADDRESS (REVNAT_ID) (SLOT)\n", "", ["7    ANY://10.244.0.12:5353", "3    10.96.0.10:53"]],
    ["[\n", "]\n", linesOf("nodes/cilium-service-list.json")],
    ['{"nftables": [\n', "]}\n", linesOf("nodes/kube-proxy-nft.json")],
    ["", "", linesOf("endpointslices.yaml")],
  ];
}

const HOSTILE = [
  "",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  "`",
  "```",
  "#",
  "!",
  ":",
  "-",
  "\t",
  "\r",
  "0",
  "10.0.0.0/0",
];

/** A few lines of a kind, damaged or not, over and over: alike, or with other addresses and names each time. */
function repeatedLines(): fc.Arbitrary<Growing> {
  const all = pools();
  return fc
    .record({
      pool: fc.nat({ max: all.length - 1 }),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      damages: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...HOSTILE)), { maxLength: 3 }),
      separator: fc.constantFrom("\n", "\n", "\n", "\r\n", " ", ""),
      varies: fc.boolean(),
      isLong: fc.integer({ min: 1, max: 10 }).map((n) => n === 10),
    })
    .map(({ pool, picks, damages, separator, varies, isLong }) => {
      const [head, foot, lines] = all[pool]!;
      const words = (isLong ? picks : picks.slice(0, 1))
        .map((pick) => lines[pick % lines.length]!.slice(0, isLong ? undefined : SHORT_LINE))
        .join("\n")
        .split(/([ \n])/);
      for (const [at, word] of damages) words[(at * 2) % words.length] = word;
      const unit = words.join("");
      const units: string[] = [];
      const repeated = (repeats: number) => {
        while (units.length < repeats) units.push(varies ? varied(unit, units.length) : unit);
        return units.slice(0, repeats).join(separator);
      };
      return { words: unit, of: (repeats: number) => [`${head}${repeated(repeats)}${separator}${foot}`] };
    });
}

/** Other addresses and names of chains. */
function varied(unit: string, i: number): string {
  const [high, low] = [(i >> 8) & 255, i & 255];
  return unit
    .replaceAll(/\b(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}\b/g, `$1.$2.${high + 1}.${low}`)
    .replaceAll(
      /\b[A-Z2-7]{8,16}\b/g,
      (hash) => `${"ABCDEFGH"[i & 7]}${"ABCDEFGH"[(i >> 3) & 7]}${hash.slice(2)}`,
    );
}
