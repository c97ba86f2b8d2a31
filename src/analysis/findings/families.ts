/** What IPv6 costs next to IPv4, and what both cost: in the rule list, whose law is the same with more for each rule. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel } from "../../results/descriptors.js";
import type { Finding, Fit, Results } from "../../results/schema.js";
import { formatCount } from "../../text.js";
import { type FamilyCosts, familyCosts, type Multiple } from "../family-costs.js";
import { formatFactor, headlineFactor, percent, twoDigits } from "./common.js";
import { isCertain } from "./growth.js";

/** Of the rule list: the time of a lookup at the largest N, which its rules make, and their bytes. */
export function familyCost(results: Results): Finding | null {
  const list = claimant(results, "list");
  const costs = familyCosts(results).find(({ plane }) => plane === list);
  const lookup = costs?.ipv6.lookup;
  if (!costs || !lookup?.interval) return null;
  const name = planeLabel(results, list);
  const law = sameLaw(results, list);
  const [low, high] = lookup.interval;
  const isCertainlyMore = low > 1;
  return {
    id: "family",
    headline:
      (isCertainlyMore && timeHeadline(costs, name, law)) ||
      `${name} takes ${twoDigits(costs.ipv6.memory?.value ?? 1)} times the memory in IPv6`,
    sentence: [
      `At ${formatCount(costs.services)} Services ${article(name)} lookup in IPv6 takes ${formatFactor(lookup.value, lookup.interval)} its time in IPv4`,
      law === null &&
        costs.smaller?.ipv6.interval &&
        `, at ${formatCount(costs.smaller.services)} ${formatFactor(costs.smaller.ipv6.value, costs.smaller.ipv6.interval)}`,
      costs.ipv6.memory && `, over rules of ${costs.ipv6.memory.value.toFixed(2)} times the bytes`,
      law !== null && `; both are O(${law}): the law is the same, ${perRule(low, high)}`,
      `.${dualStack(costs, name)}`,
    ]
      .filter((part) => typeof part === "string")
      .join(""),
    cells: costs.cells.map(cellId),
    value: lookup.value,
    interval: [low, high],
  };
}

/** A factor where no law makes it that of each N names two N: a single one is a step of one machine's caches. */
function timeHeadline(
  { services, ipv6, smaller }: FamilyCosts,
  name: string,
  law: string | null,
): string | null {
  const factor = ({ value, interval }: Multiple) => headlineFactor(value, interval!);
  if (law !== null) return `IPv6 costs ${name} ${factor(ipv6.lookup!)} per rule, by the same law`;
  if (!smaller?.ipv6.interval) return null;
  return `IPv6 in ${name}: ${factor(smaller.ipv6)} at ${formatCount(smaller.services)}, ${factor(ipv6.lookup!)} at ${formatCount(services)} Services`;
}

/** How much longer a rule takes, as far as the interval tells. */
function perRule(low: number, high: number): string {
  if (low > 1) return `${percent(low - 1)} to ${percent(high - 1)} more per rule`;
  return `and a difference per rule is not certain: at most ${percent(Math.max(0, high - 1))} more`;
}

/** The law that describes the lookups of both families, or null where they differ or one is uncertain. */
function sameLaw({ fits }: Results, plane: string): string | null {
  const lawOf = (variant: string): Fit | undefined =>
    fits.find(
      (fit) =>
        fit.plane === plane &&
        fit.scenario === "family" &&
        fit.variant === variant &&
        fit.quantity === "time" &&
        isCertain(fit),
    );
  const [ipv4, ipv6] = [lawOf("IPv4"), lawOf("IPv6")];
  return ipv4 && ipv4.law === ipv6?.law ? ipv4.law : null;
}

function dualStack({ dual }: FamilyCosts, name: string): string {
  if (!dual.memory || !dual.lookup?.interval) return "";
  const written = dual.change
    ? ` and writes ${dual.change.value.toFixed(1)} times the bytes for each change`
    : "";
  return ` With both families a node holds ${dual.memory.value.toFixed(1)} times the bytes${written}; ${name} lookups, half of them in each family, take ${formatFactor(dual.lookup.value, dual.lookup.interval)} as long as in IPv4.`;
}

/** `an iptables`, `a list`. */
function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}
