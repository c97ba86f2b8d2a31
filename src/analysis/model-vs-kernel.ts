/** The models' times over the kernel's own, where one run has both: what makes the model lane worth trusting, or not. */

import { claimant, measuredPlanes, planeLabel } from "../results/descriptors.js";
import type { Results } from "../results/schema.js";
import { atServices, type MeasuredCell, measuredCurve } from "../results/select.js";
import { escapeMarkdown, formatCount, formatNs } from "../text.js";
import { ratioInterval } from "./findings/common.js";

/** A time with its interval, nanoseconds, or a ratio of two. */
export interface Value {
  readonly value: number;
  readonly interval: readonly [number, number];
}

/** One thing that both were timed at. */
export interface AgainstKernel {
  readonly plane: string;
  /** `rule`: each rule visited, from how connecting grows; `lookup`: one lookup; `rise`: a lookup over one at 100 Services. */
  readonly what: "rule" | "lookup" | "rise";
  /** For `rule` and `rise`: from, to. */
  readonly services: readonly [number] | readonly [number, number];
  readonly model: Value;
  readonly kernel: Value;
  readonly ratio: Value;
  /** The cells that it rests on. */
  readonly cells: readonly MeasuredCell[];
}

/** Tables of 100 Services fit the innermost caches: rises are counted from there. */
const RISE_FROM = 100;

/** All that a run can compare; empty without both lanes. */
export function againstKernel(results: Results): AgainstKernel[] {
  const planes = measuredPlanes(results);
  return [rules(results), ...planes.flatMap((plane) => lookups(results, plane))].filter(
    (row) => row !== null,
  );
}

/** Nanoseconds for each rule visited: the model's over what connections through the kernel's list grow by. */
function rules(results: Results): AgainstKernel | null {
  const plane = claimant(results, "list");
  const kernel = ends(measuredCurve(results, { lane: "kernel", scenario: "connect", plane }));
  const model = ends(measuredCurve(results, { lane: "model", scenario: "lookup", plane }));
  const [inKernel, inModel] = [kernel && slope(kernel), model && slope(model)];
  if (!kernel || !model || !inKernel || !inModel || inKernel.interval[0] <= 0 || inModel.interval[0] <= 0)
    return null;
  return {
    plane,
    what: "rule",
    services: [kernel[0].services, kernel[1].services],
    model: inModel,
    kernel: inKernel,
    ratio: divide(inModel, inKernel),
    cells: [...kernel, ...model],
  };
}

/** The model's lookup over the kernel's own run of the same lookup, at each N, and the rise of both over 100 Services. */
function lookups(results: Results, plane: string): AgainstKernel[] {
  const models = measuredCurve(results, { lane: "model", scenario: "lookup", plane });
  const pairs = measuredCurve(results, { lane: "kernel", scenario: "lookup", plane }).flatMap((kernel) => {
    const model = atServices(models, kernel.services);
    return model && kernel.estimate.interval[0] > 0 ? [{ kernel, model }] : [];
  });
  const rows = pairs.map(
    ({ kernel, model }): AgainstKernel => ({
      plane,
      what: "lookup",
      services: [kernel.services],
      model: timeOf(model),
      kernel: timeOf(kernel),
      ratio: {
        value: model.estimate.median / kernel.estimate.median,
        interval: ratioInterval(model, kernel),
      },
      cells: [kernel, model],
    }),
  );
  const first = pairs.find(({ kernel }) => kernel.services >= RISE_FROM);
  const last = pairs.at(-1);
  if (!first || !last || first === last) return rows;
  const rise = (of: "model" | "kernel"): Value => ({
    value: last[of].estimate.median / first[of].estimate.median,
    interval: ratioInterval(last[of], first[of]),
  });
  const [model, kernel] = [rise("model"), rise("kernel")];
  return [
    ...rows,
    {
      plane,
      what: "rise",
      services: [first.kernel.services, last.kernel.services],
      model,
      kernel,
      ratio: divide(model, kernel),
      cells: [first.kernel, first.model, last.kernel, last.model],
    },
  ];
}

function timeOf({ estimate }: MeasuredCell): Value {
  return { value: estimate.median, interval: estimate.interval };
}

/** Conservative: the far ends of both intervals. */
function divide(a: Value, b: Value): Value {
  return {
    value: a.value / b.value,
    interval: [a.interval[0] / b.interval[1], a.interval[1] / b.interval[0]],
  };
}

function ends(cells: readonly MeasuredCell[]): [MeasuredCell, MeasuredCell] | null {
  const few = cells.find(({ services }) => services >= RISE_FROM);
  const many = cells.at(-1);
  return few && many && few !== many ? [few, many] : null;
}

function slope([few, many]: readonly [MeasuredCell, MeasuredCell]): Value | null {
  const visited = (many.work?.rulesVisited ?? 0) - (few.work?.rulesVisited ?? 0);
  if (!(visited > 0)) return null;
  return {
    value: (many.estimate.median - few.estimate.median) / visited,
    interval: [
      (many.estimate.interval[0] - few.estimate.interval[1]) / visited,
      (many.estimate.interval[1] - few.estimate.interval[0]) / visited,
    ],
  };
}

/** The comparison as a table in Markdown; null where there is nothing to compare. */
export function againstKernelTable(results: Results): string | null {
  const rows = againstKernel(results);
  if (rows.length === 0) return null;
  return [
    "Plane | What | Services | Model | Kernel | Model over kernel",
    ":--- | :--- | ---: | ---: | ---: | ---:",
    ...rows.map(({ plane, what, services, model, kernel, ratio }) =>
      [
        escapeMarkdown(planeLabel(results, plane)),
        WHAT[what],
        services.map(formatCount).join(" to "),
        ...[model, kernel].map((value) => (what === "rise" ? formatRatio(value) : formatTime(value))),
        formatRatio(ratio),
      ].join(" | "),
    ),
    "",
    "Lookups in the kernel: BPF_PROG_TEST_RUN, minus an empty program. Rules: what connect() grows by for each rule that",
    "more Services put before a flow's own. Both lanes were timed in the same blocks, because memory's speed drifts.",
    "What may make them differ was measured on one machine (`sudo npm run evidence:causes`, docs/measurement.md).",
    "",
  ].join("\n");
}

const WHAT = { rule: "each rule visited", lookup: "one lookup", rise: "rise of a lookup" } as const;

function formatTime({ value, interval }: Value): string {
  // Rules take a few nanoseconds: whole ones would be too coarse.
  const format = (ns: number) => (ns < 10 ? `${ns.toFixed(2)} ns` : formatNs(ns));
  return `${format(value)} [${interval.map(format).join(", ")}]`;
}

function formatRatio({ value, interval }: Value): string {
  return `×${value.toFixed(2)} [${interval.map((end) => end.toFixed(2)).join(", ")}]`;
}
