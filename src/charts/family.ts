/** What IPv6 and dual stack cost: memory, a lookup and a change, as multiples of IPv4. */

import { type FamilyCosts, familyCosts, type Multiples } from "../analysis/family-costs.js";
import { type Described, planeLabel } from "../results/descriptors.js";
import { formatCount } from "../text.js";
import { headline, intervalKind, joinParts, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { columnsConfig } from "./clustered.js";
import type { Mark } from "./kit/column-marks.js";
import { seriesStyle } from "./theme.js";

const PARTS = [
  { key: "memory", label: "memory" },
  { key: "lookup", label: "lookup" },
  { key: "change", label: "change" },
] as const satisfies readonly { key: keyof Multiples; label: string }[];

const FAMILIES = [
  { key: "ipv6", label: "IPv6" },
  { key: "dual", label: "both" },
] as const;

const GROUPS = FAMILIES.flatMap((family) => PARTS.map((part) => ({ family, part })));

const times = (value: number) => `${value.toFixed(2)}×`;

export const family: Chart = {
  id: "family",
  title: "Memory, lookups and changes in IPv6 and with both families, as multiples of IPv4 (model)",
  build(results, view) {
    const costs = familyCosts(results);
    if (!costs.some(({ ipv6, dual }) => ipv6.lookup || dual.lookup)) {
      return { skipped: "no plane was measured in two families" };
    }
    const cells = costs.flatMap((cost) => cost.cells);
    const rows = costs.map((cost) => {
      const style = seriesStyle(results, cost.plane, view.theme);
      return {
        label: style.label,
        colour: style.line,
        marks: GROUPS.map(({ family, part }) => markOf(cost, family.key, part.key)),
      };
    });
    const words = {
      title: headline(results, ["family"]) ?? "What IPv6 and dual stack cost next to IPv4",
      subtitle: `Model: multiples of the same in IPv4, ${intervalKind(cells)} · linear scale · lower is better`,
      caption: joinParts([
        provenance(results, { lane: "model", scenario: "family" }, cells),
        ...lookedAt(costs),
        "memory, and bytes written for one endpoint: exact",
        "lookup: time with the larger tables, without the 16 bytes that the kernel compares of an IPv6 address",
        "both: half of the lookups in each family",
        ...gaps(costs),
      ]),
    };
    return {
      ...words,
      description: [words.title, ...costs.map((cost) => describeSeries(results, cost)), words.caption].join(
        ". ",
      ),
      config: columnsConfig(
        {
          categories: GROUPS.map(({ family, part }) => `${family.label}: ${part.label}`),
          axis: "In IPv6 alone, and with both families · the line is IPv4 alone, 1×",
          baseline: 1,
          rows,
          format: times,
          ticks: () => (value) => `${formatCount(value)}×`,
        },
        words,
        view,
      ),
    };
  },
};

/** A hollow circle where the model lacks the family; nothing where that was not asked for. */
function markOf(cost: FamilyCosts, family: "ipv6" | "dual", part: keyof Multiples): Mark | undefined {
  const found = cost[family][part];
  if (found) return { value: found.value, interval: found.interval };
  return cost.gap[family] === null ? undefined : { value: null, interval: null };
}

function lookedAt(costs: readonly FamilyCosts[]): string[] {
  const sizes = [...new Set(costs.map(({ services }) => services))].sort((a, b) => a - b);
  return [`lookups at ${sizes.map(formatCount).join(" or ")} Services`];
}

/** Why planes have no columns, a reason a plane. */
function gaps(costs: readonly FamilyCosts[]): string[] {
  const reasons = costs.flatMap(({ gap }) => [gap.ipv6, gap.dual].filter((reason) => reason !== null));
  return reasons.length === 0 ? [] : [`hollow circle: ${[...new Set(reasons)].join("; ")}`];
}

function describeSeries(results: Described, { plane, ipv6, dual }: FamilyCosts): string {
  const said = [
    { name: "IPv6", multiples: ipv6 },
    { name: "both", multiples: dual },
  ].flatMap(({ name, multiples }) => {
    const parts = PARTS.flatMap(({ key, label }) =>
      multiples[key] ? [`${label} ${times(multiples[key].value)}`] : [],
    );
    return parts.length === 0 ? [] : [`${name} ${parts.join(", ")}`];
  });
  return `${planeLabel(results, plane)}: ${said.join("; ") || "IPv4 only"}`;
}
