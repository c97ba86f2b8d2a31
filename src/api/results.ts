/**
 * `lbscale/results`: results.json of a run, and what follows from it: predictions, findings, advice for a cluster, and
 * the comparison with published measurements.
 *
 * @packageDocumentation
 */

export {
  type Advice,
  type AdvisedUpdate,
  adviseCluster,
  type PairAdvice,
  type PlaneAdvice,
  type PublishedRequests,
  type SizedRatio,
} from "../advice/advise.js";
export { adviceAssumptions, formatAdvice } from "../advice/advise-text.js";
export type { ChangedAnswer } from "../advice/changed-answers.js";
export type { PredictedSeconds, ProgrammingPrediction } from "../advice/programming.js";
export { findFindings } from "../analysis/findings/index.js";
export {
  againstReferences,
  compareWith,
  type PublishedComparison,
} from "../analysis/published-comparison.js";
export { formatSourceDifferences } from "../analysis/published-comparison-text.js";
export type { PublishedShape, Shape } from "../analysis/published-shape.js";
export { csvTable, markdownTable } from "../output/tables/table.js";
export type { Capacity } from "../planes/descriptor.js";
export {
  type PublishedSeries,
  REFERENCE_TABLES,
  REFERENCES,
  type Reference,
  type ReferenceTable,
  referenceById,
} from "../reference/index.js";
export type { Seconds } from "../reference/programming.js";
export type { Described } from "../results/descriptors.js";
export { readResults } from "../results/files.js";
export {
  type NoPrediction,
  type Prediction,
  predictLookup,
  priceRules,
  type RulePrice,
} from "../results/predict.js";
export { type CurveReading, compareLookups, type LookupRatio } from "../results/reading.js";
export {
  compareRuns,
  incomparable,
  type PlaneComparison,
  type RunComparison,
} from "../results/runs/compare.js";
export { type Cell, type Finding, type Results, resultsSchema } from "../results/schema.js";
export { summarize } from "../results/summarize.js";
