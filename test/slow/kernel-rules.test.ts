/** Rules in the real kernel: their size is the model's to the byte, and no name becomes a rule. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.js";
import { familyOf } from "../../src/cluster/family.js";
import { generateCluster, MIXED } from "../../src/cluster/generate.js";
import { NotRepresentableError } from "../../src/errors.js";
import { EXPORTS } from "../../src/formats/export.js";
import { compileProgram } from "../../src/kernel/native.js";
import { measureTable } from "../../src/planes/iptables/blob.js";
import { sizesOf } from "../../src/planes/iptables/layout.js";
import { IptablesProgram } from "../../src/planes/iptables/program.js";
import { iptablesRestore } from "../../src/planes/iptables/ruleset.js";
import { NftablesProgram } from "../../src/planes/nftables/program.js";
import { nftTransactions } from "../../src/planes/nftables/ruleset.js";
import { inNamespace, withTools } from "./tools.js";

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-rules-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a legacy table", () => {
  const everything = { ...MIXED, sourceRangeShare: 1, affinityShare: 0.3, internalLocalShare: 0.2 };
  const clusters = {
    "clean, with comments": generateCluster({ services: 100, seed: 2 }),
    "clean, above 1,000 endpoints": generateCluster({ services: 400, seed: 2 }),
    "of every kind, with comments": generateCluster({
      ...everything,
      services: 200,
      seed: 2,
      endpoints: { kind: "constant", count: 2 },
    }),
    "of every kind, above 1,000 endpoints": generateCluster({ ...everything, services: 600, seed: 2 }),
    "of every kind, of IPv6": generateCluster({
      ...everything,
      services: 200,
      seed: 2,
      endpoints: { kind: "constant", count: 2 },
      family: 6,
    }),
  };
  for (const [name, cluster] of Object.entries(clusters)) {
    withTools(
      `takes the bytes and entries that its model does: ${name}`,
      ["iptables-legacy-restore", "ip6tables-legacy-restore", "cc"],
      async () => {
        const [restore, flag] =
          familyOf(cluster.network) === 4
            ? ["iptables-legacy-restore", ""]
            : ["ip6tables-legacy-restore", "-6"];
        const tablesize = await compileProgram("tablesize", folder);
        const program = new IptablesProgram(cluster, { nfacct: false });
        writeFileSync(join(folder, "rules"), [...iptablesRestore(program)].join(""));
        const { output } = inNamespace(folder, `${restore} < rules && ${tablesize} ${flag} nat filter`);
        const indices = Math.max(cluster.servicePorts, cluster.endpoints);
        const [nat, filter] = [
          program.size(),
          measureTable((sink) => program.filterRules(sink), indices, sizesOf(cluster.network)),
        ];
        expect(output).toBe(`nat ${nat.bytes} ${nat.entries}\nfilter ${filter.bytes} ${filter.entries}\n`);
      },
    );
  }
});

const MORE_MATCHES = 'a" -m mark --mark 0x1 -m comment --comment "b';
const HOSTILE = [
  MORE_MATCHES,
  "a\n-A INPUT -j ACCEPT",
  "a\n-A KUBE-SERVICES -j ACCEPT\nCOMMIT\n*filter\n-P FORWARD DROP\n#",
  'a" -j ACCEPT #',
  'a" -j KUBE-MARK-MASQ -m comment --comment "b',
  "a\\",
  'a\\" -j ACCEPT',
  "a -j ACCEPT",
  "a' -j ACCEPT",
  "$(reboot)",
  "`reboot`",
  "a;flush ruleset;",
  "a { accept; }",
  "a } chain b { type filter hook input priority 0; policy drop;",
  "a\r\nflush ruleset",
  "a\0b",
  "x".repeat(300),
];

const benign = generateCluster({ services: 1, seed: 1 });

/** A cluster that shows its guard a harmless name once, and after that the hostile one: the door stands open. */
function withOpenDoor(part: "serviceName" | "portName", name: string): Cluster {
  let asked = 0;
  const text = part === "serviceName" ? `default/${name}` : name;
  return { ...benign, [part]: () => (asked++ === 0 ? benign[part](0) : text) };
}

/** Rules as they are without comments and without names; chains lie in the order of their names. */
function shapeOf(saved: string): string[] {
  return saved
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) =>
      line
        .replace(/ (-m comment --comment|comment) ("([^"\\]|\\.)*"|\S+)/g, "")
        .replace(/(KUBE-[A-Z]{3})-[A-Z2-7]{16}/g, "$1")
        .replace(/(service|endpoint)-[A-Z2-7]{8}-\S+/g, "$1"),
    )
    .sort();
}

describe("names that would be rules", () => {
  const parts = ["serviceName", "portName"] as const;

  it("are refused by every export before a word of it is written", () => {
    for (const part of parts) {
      for (const name of HOSTILE) {
        const cluster = { ...benign, [part]: () => (part === "serviceName" ? `default/${name}` : name) };
        for (const { id, write } of EXPORTS) {
          const written: string[] = [];
          const all = () => {
            for (const chunk of write(cluster)) written.push(chunk);
          };
          // What holds no name has none to refuse.
          if (["ipvsadm", "ipset", "ipvs-iptables", "cilium"].includes(id)) {
            all();
            expect(written.join("")).not.toContain(name);
          } else {
            expect(all, `${id}: ${name}`).toThrow(NotRepresentableError);
            expect(written).toEqual([]);
          }
        }
      }
    }
  });

  for (const flavour of ["legacy", "nft"]) {
    withTools(
      `are comments and nothing else to iptables-${flavour}-restore, were the guard asleep`,
      [`iptables-${flavour}-restore`],
      () => {
        const load = `iptables-${flavour}-restore --test < rules && iptables-${flavour}-restore < rules && iptables-${flavour}-save`;
        writeFileSync(
          join(folder, "rules"),
          [...iptablesRestore(new IptablesProgram(benign, { nfacct: false }))].join(""),
        );
        const expected = shapeOf(inNamespace(folder, load).output);
        expect(expected.length).toBeGreaterThan(20);
        for (const part of parts) {
          for (const name of HOSTILE) {
            const write = () =>
              [...iptablesRestore(new IptablesProgram(withOpenDoor(part, name), { nfacct: false }))].join("");
            // The writer itself refuses what no comment can hold.
            if (/\p{Cc}/u.test(name)) {
              expect(write, name).toThrow("can't be a rule's comment");
              continue;
            }
            const text = write();
            expect(text).not.toBe("");
            writeFileSync(join(folder, "rules"), text);
            const { status, output } = inNamespace(folder, load);
            expect({ name, status }).toEqual({ name, status: 0 });
            expect(shapeOf(output)).toEqual(expected);
          }
        }
      },
    );
  }

  withTools(
    "never get as far as nft, were the guard asleep, but for those that only are long",
    ["nft"],
    () => {
      for (const part of parts) {
        for (const name of HOSTILE) {
          const write = () => [...nftTransactions(new NftablesProgram(withOpenDoor(part, name)))].join("");
          if (!/^x+$/.test(name)) {
            expect(write, name).toThrow("can't be the name of a chain");
            continue;
          }
          writeFileSync(join(folder, "rules"), write());
          const { status, output } = inNamespace(
            folder,
            "nft -c -f rules && nft -f rules && nft list ruleset",
          );
          expect(status).toBe(0);
          writeFileSync(join(folder, "rules"), [...nftTransactions(new NftablesProgram(benign))].join(""));
          const plain = inNamespace(folder, "nft -f rules && nft list ruleset").output;
          expect(shapeOf(output)).toEqual(shapeOf(plain));
        }
      }
    },
  );

  withTools(
    "would be rules to iptables-restore, if nothing stood between",
    ["iptables-legacy-restore"],
    () => {
      const text = [...iptablesRestore(new IptablesProgram(benign, { nfacct: false }))].join("");
      const load = "iptables-legacy-restore < rules && iptables-legacy-save";
      writeFileSync(join(folder, "rules"), text);
      const expected = shapeOf(inNamespace(folder, load).output);
      writeFileSync(join(folder, "rules"), text.replaceAll(benign.serviceName(0), MORE_MATCHES));
      const { status, output } = inNamespace(folder, load);
      expect(status).toBe(0);
      expect(shapeOf(output)).not.toEqual(expected);
    },
  );
});
