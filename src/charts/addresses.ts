/** Does a trie's depth depend on the addresses? What a lookup visits, by the kind of address, next to a hash table. */

import { cellsOf, type Series, seriesOf } from "../analysis/series.js";
import { claimant, planeLabel } from "../results/descriptors.js";
import { maxOf } from "../stats/extent.js";
import { formatCount } from "../text.js";
import { headline, joinParts, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { linearRange, servicesRange } from "./kit/axes.js";
import { linesConfig, SERVICES_AXIS } from "./loglog.js";
import { describeVisited, visitedPoints } from "./visit-counts.js";

/** The variants of bench/addresses.ts, as its lines are named. */
const KINDS = [
  { variant: "random addresses", label: "trie, random" },
  { variant: "sequential addresses", label: "trie, sequential" },
  { variant: "NodePorts", label: "trie, NodePorts" },
] as const;

export const addresses: Chart = {
  id: "addresses",
  title: "Nodes visited in a trie for random and sequential addresses and NodePorts (model)",
  build(results, view) {
    const measure = {
      lane: "model",
      scenario: "addresses",
      variants: KINDS.map(({ variant }) => variant),
    } as const;
    const [trie, hash] = [claimant(results, "trie"), claimant(results, "hash")];
    const cells = cellsOf(results, measure).filter(
      ({ plane, variant, work }) =>
        work !== null && (plane === trie || (plane === hash && variant === KINDS[0].variant)),
    );
    const series = seriesOf(results, cells);
    const kinds = KINDS.flatMap((kind) => {
      const line = series.find(({ plane, variant }) => plane === trie && variant === kind.variant);
      return line ? [{ ...kind, line }] : [];
    });
    if (kinds.length < 2) return { skipped: "no trie was measured with two kinds of addresses" };
    const visited = series.flatMap(({ points }) => points.map((point) => point.visited!));
    const words = {
      title: headline(results, ["trie-addresses"]) ?? "What a lookup visits, by the kind of address",
      subtitle: "Model: nodes and entries visited by one lookup, exact mean · x logarithmic, y linear",
      caption: joinParts([
        provenance(results, measure, []),
        `trie: ${planeLabel(results, trie)}`,
        kinds.some(({ variant }) => variant === "NodePorts") &&
          "NodePorts: at one address, low byte of the port first; each Service has a cluster IP too",
      ]),
    };
    const hashes = series.filter(({ plane }) => plane === hash);
    return {
      ...words,
      description: [words.title, ...describeVisited(results, series), words.caption].join(". "),
      config: linesConfig(
        results,
        [
          ...kinds.map(({ line, label, variant }) => lineOf(line, label, variant !== KINDS[0].variant)),
          ...hashes.map((line) => lineOf(line, planeLabel(results, hash), false)),
        ],
        words,
        view,
        {
          x: {
            range: servicesRange(series.flatMap(({ points }) => points.map(({ n }) => n))),
            label: formatCount,
            name: SERVICES_AXIS,
          },
          y: { range: linearRange(1.1 * maxOf(visited)), label: formatCount },
        },
        [],
      ),
    };
  },
};

function lineOf(line: Series, label: string, dashed: boolean) {
  return { plane: line.plane, label, dashed, points: visitedPoints(line) };
}
