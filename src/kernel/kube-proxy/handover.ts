/** The text that kube-proxy hands to iptables-restore and nft at a sync, against the one that lbscale says it hands over. */

import { protocolName } from "../../cluster/cluster.js";
import { addressText, type Family } from "../../cluster/family.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { IptablesProgram } from "../../planes/iptables/program.js";
import { isLargeCluster } from "../../planes/iptables/rules/nat-rules.js";
import { iptablesHandedText, staleIptablesChains } from "../../planes/iptables/ruleset.js";
import { IpvsProgram } from "../../planes/ipvs/program.js";
import { ipvsHandedText } from "../../planes/ipvs/ruleset-delta.js";
import { NftablesProgram } from "../../planes/nftables/program.js";
import { familyWords } from "../../planes/nftables/rules/family-words.js";
import { nftHandedTransaction } from "../../planes/nftables/rules/handed-text.js";
import type { Program } from "../../planes/plane.js";
import { changedServices } from "../../planes/shared/changed-services.js";
import {
  type CountDifference,
  compareCounts,
  compareLines,
  type LineDifference,
} from "../real-program/differences.js";
import type { KubeProxyMode, Write } from "./protocol.js";
import { writesOf } from "./writes.js";

/** A change as it meets the programs of a mode. */
export interface HandedChange {
  readonly before: Program;
  readonly after: Program;
  /** `namespace/name` of the Services that changed, or whose endpoints did. */
  readonly names: ReadonlySet<string>;
}

/** Both texts, line by line. */
export interface HandedText {
  readonly real: readonly string[];
  readonly model: readonly string[];
}

/**
 * Follows the chains that are left without a user from sync to sync. Which sync deletes them is a matter of the clock (a
 * second in nftables mode, a sync period in iptables mode above 1,000 endpoints), so that much is read off what was written.
 */
export class HandedTexts {
  readonly #family: Family;
  #leftover: ReadonlySet<string> = new Set();

  constructor(family: Family) {
    this.#family = family;
  }

  /** Undefined where kube-proxy wrote nothing, or the mode's text is not modelled. */
  compare(writes: readonly Write[], { before, after, names }: HandedChange): HandedText | undefined {
    const own = writesOf(this.#family, writes);
    const services = changedServices(before.cluster, after.cluster, names);
    if (before instanceof IptablesProgram && after instanceof IptablesProgram) {
      const real = own.flatMap(({ input }) => linesOf(input));
      const model = this.#iptables({ before, after, services }, real);
      return real.length === 0 ? undefined : { real, model };
    }
    if (before instanceof NftablesProgram && after instanceof NftablesProgram) {
      const isFlippedIn = contested(before, after);
      const real = own.flatMap(({ input }) => linesOf(input)).filter((line) => !isFlippedIn(line));
      const model = this.#nft({ before, after, services }, real).filter((line) => !isFlippedIn(line));
      return real.length === 0 ? undefined : { real, model };
    }
    if (after instanceof IpvsProgram) {
      const real = own.flatMap(({ input }) => linesOf(input));
      return real.length === 0 ? undefined : { real, model: linesOf(ipvsHandedText(after)) };
    }
    return undefined;
  }

  #iptables(change: Parameters<typeof staleIptablesChains>[0], real: readonly string[]): string[] {
    const deletes = !isLargeCluster(change.after.cluster) || real.some((line) => line.startsWith("-X "));
    const lines = linesOf([...iptablesHandedText(change, "partial", [])].join(""));
    // What earlier changes left may have a user again.
    const left = new Set([...this.#leftover, ...staleIptablesChains(change)]);
    for (const line of lines) if (line.startsWith(":")) left.delete(line.slice(1).split(" ", 1)[0]!);
    this.#leftover = deletes ? new Set() : left;
    return deletes ? [...lines, ...[...left].flatMap((name) => [`:${name} - [0:0]`, `-X ${name}`])] : lines;
  }

  #nft(change: Parameters<typeof nftHandedTransaction>[0], real: readonly string[]): string[] {
    const { table } = familyWords(change.after.cluster.network);
    const { lines, stale, written: active } = nftHandedTransaction(change);
    const model = [...lines];
    const written = new Set(real);
    const left = new Set(stale);
    for (const name of [...this.#leftover, ...stale]) {
      const [flushing, deletion] = ["flush", "delete"].map((verb) => `${verb} chain ${table} ${name}`);
      const isDeleted = written.has(deletion!);
      if (isDeleted) model.push(deletion!);
      if (isDeleted || active.has(name)) left.delete(name);
      else left.add(name);
      // Where kube-proxy synced twice it did both.
      if (this.#leftover.has(name) && !active.has(name) && (!isDeleted || written.has(flushing!)))
        model.push(flushing!);
    }
    this.#leftover = left;
    return model;
  }
}

/** What `verify` takes from kube-proxy's text instead of comparing it, in words; null: nothing. */
export function takenFromText(mode: KubeProxyMode): string | null {
  // IPVS mode's text is the same whatever changed.
  if (mode === "ipvs") return null;
  return "not compared: when chains that lost their user are deleted, which the clock decides; it is taken from kube-proxy's text";
}

/** Bytes of the texts, where they are not the same. */
export function compareBytes(texts: readonly HandedText[]): CountDifference[] {
  const bytesOf = (which: keyof HandedText) =>
    texts.reduce(
      (sum, text) => sum + text[which].reduce((all, line) => all + Buffer.byteLength(line) + 1, 0),
      0,
    );
  return compareCounts({ [BYTES]: bytesOf("real") }, { [BYTES]: bytesOf("model") });
}

/** Of text, to tell them from those that the kernel gets. */
const BYTES = "bytes of text";

/** Lines that one of the two has more often. */
export function handedDifferences(
  texts: readonly HandedText[],
  objects: Iterable<ApiObject>,
): readonly LineDifference[] {
  const both = texts.map(({ real, model }) => ({ real: numbered(real), model: numbered(model) }));
  return compareLines(both, "kube-proxy", objects).differences.map((each) => ({
    ...each,
    line: `handed over: ${each.line}`,
  }));
}

/** Lines as a set: what is there twice is two. */
function numbered(lines: readonly string[]): Set<string> {
  const seen = new Map<string, number>();
  return new Set(
    lines.map((line) => {
      const count = (seen.get(line) ?? 0) + 1;
      seen.set(line, count);
      return count === 1 ? line : `${line} (${count})`;
    }),
  );
}

/** Lines that are words of the tools: knftables ends its transactions with an empty one. */
function linesOf(input: string): string[] {
  return input.split("\n").filter((line) => line !== "");
}

/**
 * Whether a line is of an element that two Services want to lead to different chains (an external IP that both have): the sync
 * turns it to the one, then to the other, or not, in the order in which Go happens to walk its map of Services.
 */
function contested(...programs: readonly NftablesProgram[]): (line: string) => boolean {
  const keys = new Set<string>();
  for (const { maps, cluster } of programs) {
    for (const [name, contents, width] of [
      ["service-ips", maps.serviceIps, 5],
      ["firewall-ips", maps.firewallIps, 4],
      ["no-endpoint-services", maps.noEndpointServices, 5],
    ] as const) {
      const words = contents.view();
      const seen = new Set<string>();
      for (let at = 0; at < words.length; at += width) {
        const address = addressText(cluster.network, words[at]! >>> 0);
        const key = `${name} { ${address} . ${protocolName(words[at + 1]!)} . ${words[at + 2]} `;
        if (seen.has(key)) keys.add(key);
        seen.add(key);
      }
    }
  }
  return (line) =>
    keys.size > 0 && keys.has(/^\S+ element \S+ \S+ (\S+ \{ \S+ \. \S+ \. \S+ )/.exec(line)?.[1] ?? "");
}
