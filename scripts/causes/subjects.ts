/** What `npm run evidence:causes` measures. A list of rules that no packet matches is text for the kernel, and the same blob for the model. */

import { z } from "zod";
import { formatAddress } from "../../src/cluster/cluster.js";
import { buildTable, type Table } from "../../src/planes/iptables/blob.js";
import { RuleWriter } from "../../src/planes/iptables/rules/rules.js";

/** What the script asks of the sandbox. */
export interface CausesTask {
  readonly task: "causes";
  readonly rounds: number;
  /** Core of the client and of the model. */
  readonly cpu: number;
  readonly seed: number;
}

/** Nanoseconds of what was measured, or the share of a table that lies in huge pages. */
export const causesReportSchema = z.object({ arm: z.string(), value: z.number() });
export type CausesReport = z.infer<typeof causesReportSchema>;

/** Page sizes by the value of glibc's tunable: 1 makes it ask for huge pages with madvise(2). */
export const PAGES = { "4 KiB": "0", "2 MiB": "1" } as const;
export type Pages = keyof typeof PAGES;

/** Where the endpoints' server runs while a client on one core connects to them. */
export const PLACES = ["the client's core", "another core", "any core"] as const;

/** Lookups in BPF maps: of a hash map's plane and of the trie's. */
export const LOOKUPS = [
  { plane: "ebpf", name: "eBPF hash", services: 1 },
  { plane: "ebpf", name: "eBPF hash", services: 1000 },
  { plane: "ebpf", name: "eBPF hash", services: 10_000 },
  { plane: "calico-ebpf", name: "Calico's trie", services: 10_000 },
] as const;
export type Lookup = (typeof LOOKUPS)[number];

export interface List {
  readonly name: string;
  readonly rules: number;
  /** What fails: the address, as in KUBE-SERVICES, before any match is called; or the port, as in KUBE-NODEPORTS, after. */
  readonly fails: "address" | "port";
  /** `-m comment`: 288 of the 488 bytes of a rule of KUBE-SERVICES, and a call where matches are called. */
  readonly comments: boolean;
  /** Walks per packet in the second measurement; the first has one. */
  readonly walks: number;
}

export const LISTS: readonly List[] = [
  { name: "64 rules, in L1", rules: 64, fails: "address", comments: true, walks: 33 },
  { name: "1,000 rules", rules: 1000, fails: "address", comments: true, walks: 2 },
  { name: "5,000 rules", rules: 5000, fails: "address", comments: true, walks: 2 },
  { name: "10,000 rules", rules: 10_000, fails: "address", comments: true, walks: 2 },
  { name: "1,000 without comments", rules: 1000, fails: "address", comments: false, walks: 2 },
  { name: "1,000 that fail at the port", rules: 1000, fails: "port", comments: true, walks: 2 },
  { name: "the same without comments", rules: 1000, fails: "port", comments: false, walks: 2 },
];

/** Entries that a walk passes: the jump to the list, its rules, and its end. */
export function passed({ rules }: List): number {
  return rules + 2;
}

const TCP = 6;
/** 172.16.0.0/12, where nothing of a testbed is. */
const FIRST = 0xac100000;
/** A port that no endpoint has. */
const PORT = 1;

/** Input of iptables-restore: `sources` maps a number of walks to the source address whose packets make them. */
export function* restoreText(list: List, sources: ReadonlyMap<number, number>): Iterable<string> {
  const { rules, fails, comments } = list;
  yield "*nat\n:PREROUTING ACCEPT [0:0]\n:LIST - [0:0]\n";
  for (const [walks, source] of sources)
    for (let i = 0; i < walks; i++) yield `-A PREROUTING -s ${formatAddress(source)}/32 -j LIST\n`;
  const comment = comments ? `-m comment --comment "ns-1/svc-1:http cluster IP" ` : "";
  for (let i = 0; i < rules; i++) {
    const address = fails === "address" ? `-d ${formatAddress(FIRST + i)}/32 ` : "";
    yield `-A LIST ${address}-p tcp ${comment}-m tcp --dport ${PORT} -j RETURN\n`;
  }
  yield "COMMIT\n";
}

/** For the model's walk: INPUT passes no list, PREROUTING one, OUTPUT the same one twice. */
export function modelTable({ rules, fails, comments }: List): Table {
  return buildTable((sink) => {
    const writer = new RuleWriter(sink);
    for (const [walks, chain] of (["INPUT", "PREROUTING", "OUTPUT"] as const).entries()) {
      writer.chain(chain);
      for (let i = 0; i < walks; i++) {
        writer.begin(false);
        writer.jump("KUBE-SERVICES");
      }
    }
    writer.chain("KUBE-SERVICES");
    for (let i = 0; i < rules; i++) {
      const rule = writer.begin(comments);
      rule.protocol = TCP;
      if (fails === "address") {
        rule.dst = FIRST + i;
        rule.dstPrefixLength = 32;
      }
      rule.dport = PORT;
      writer.emit("return");
    }
  }, 1);
}
