/** Which tables of the input are the node's that kube-proxy serves: there may be both families, both backends, or twice the same. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { InvalidInputError } from "../../errors.js";
import type { SavedTables } from "../../planes/iptables/rules/saved-rules.js";
import type { RecognisedText } from "../recognise.js";
import { saveOfListing } from "./listing.js";
import { parseSave, type Save, type Section } from "./save.js";

/** The tables, and what else the input holds. */
export interface NodeTables {
  readonly tables: SavedTables;
  readonly hasFilter: boolean;
  /** Rules of IPv6. */
  readonly ipv6Rules: number;
  /** Tables that are given more than once, alike each time. */
  readonly duplicates: number;
  readonly otherLines: number;
}

/**
 * Parses texts of one node, and takes the tables of one family: of IPv6, with the numbers that stand for its addresses. Throws
 * InvalidInputError that names the line, or says what is missing or does not belong together.
 */
export function parseTables(texts: readonly RecognisedText[], plan?: AddressPlan): NodeTables {
  const parsed = texts.map(({ kind, text }) =>
    parseSave(kind === "iptables -S" ? saveOfListing(text) : text, plan),
  );
  const saves = parsed.flatMap((one) => one.saves);
  const isIpv6 = (save: Save) => [...save.values()].some((section) => section.isIpv6);
  const ip = saves.filter((save) => isIpv6(save) === (plan !== undefined));
  const duplicates = new Set<Section>();
  const nat = choose(ip, "nat", duplicates);
  const ipv6Rules = plan ? 0 : rulesOf(saves.filter(isIpv6).flatMap((save) => [...save.values()]));
  if (!nat) {
    if (texts.some(({ kind }) => kind === "iptables -S")) {
      throw new InvalidInputError(
        "this is iptables -S without the nat table: give the output of iptables-save, or of iptables -t nat -S with that of iptables -S",
      );
    }
    throw new InvalidInputError(
      ipv6Rules > 0
        ? "these are rules of IPv6 (ip6tables-save), and none is of a Service: give the output of iptables-save"
        : "iptables-save holds no table nat: run it as root, without -t filter",
    );
  }
  const own = ip.find((save) => save.get("nat") === nat);
  const filter = own?.get("filter") ?? choose(ip, "filter", duplicates);
  const others = ip.flatMap((save) => [...save.values()]).filter((section) => !duplicates.has(section));
  return {
    tables: {
      nat: nat.chains,
      filter: filter?.chains ?? new Map(),
      otherRules: rulesOf(others) - nat.rules - (filter?.rules ?? 0),
    },
    hasFilter: filter !== undefined,
    ipv6Rules,
    duplicates: duplicates.size,
    otherLines: parsed.reduce((sum, { otherLines }) => sum + otherLines, 0),
  };
}

/** The table of a name that kube-proxy writes. Throws InvalidInputError when two are, and differ. */
function choose(saves: readonly Save[], name: string, duplicates: Set<Section>): Section | undefined {
  const sections = saves.flatMap((save) => save.get(name) ?? []);
  const [first, ...rest] = sections.filter(
    ({ chains }) => (chains.get("KUBE-SERVICES")?.rules.length ?? 0) > 0,
  );
  for (const other of rest) {
    if (other.digest !== first!.digest) {
      throw new InvalidInputError(
        `table ${name} is given twice, and kube-proxy's rules in it differ: give one node's iptables-save, saved once`,
      );
    }
    duplicates.add(other);
  }
  return first ?? sections[0];
}

function rulesOf(sections: readonly Section[]): number {
  return sections.reduce((sum, { rules }) => sum + rules, 0);
}
