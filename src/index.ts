/**
 * lbscale as a library: clusters, planes, results and charts, without the command line.
 *
 * @packageDocumentation
 */

export {
  type Advice,
  type AdvisedUpdate,
  adviseCluster,
  type PairAdvice,
  type PlaneAdvice,
  type SizedRatio,
} from "./advise/advise.js";
export { adviceAssumptions, adviceWords } from "./advise/advise-words.js";
export {
  type ExplainOptions,
  explainService,
  type PlaneExplanation,
  type ServiceExplanation,
  type SizedCost,
} from "./advise/explain.js";
export { findServicePort } from "./advise/find-service.js";
export { buildCluster, type EndpointRecord, type PortRecord, type ServiceRecord } from "./cluster/build.js";
export { applyChange, type Change } from "./cluster/change.js";
export type { Cidr, Cluster, ClusterSource, Network } from "./cluster/cluster.js";
export { generateCoverageFlows } from "./cluster/coverage-flows.js";
export { clusterDigest } from "./cluster/digest.js";
export type { EndpointDistribution } from "./cluster/distribution.js";
export { type FlowTrace, generateTrace, type TraceOptions } from "./cluster/flows.js";
export { type GenerateOptions, generateCluster, MIXED } from "./cluster/generate.js";
export { growCluster } from "./cluster/grow.js";
export { type Imported, importCluster } from "./cluster/import/index.js";
export type { NodeList } from "./cluster/import/iptables/index.js";
export { parseCluster, writeCluster } from "./cluster/json.js";
export type { Edit, LiveCluster } from "./cluster/live.js";
export { CheckFailedError, UsageError } from "./errors.js";
export { EXPORTS, type Export } from "./export.js";
export { type QuickOptions, type QuickTiming, timeLookups } from "./measure/models.js";
export { type NodeCost, nodeCosts } from "./planes/iptables/node-costs.js";
export { compileNodeList, type NodeProgram } from "./planes/iptables/node-list.js";
export {
  type ConnectionOptions,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  type ListPosition,
  type Live,
  type MemoryLine,
  type Model,
  PASS,
  PLANE_IDS,
  type Plane,
  type PlaneId,
  type PlaneOptions,
  type Program,
  REJECT,
  type UpdateCost,
  type UpdateMode,
  type Work,
  type Written,
} from "./planes/plane.js";
export { PLANES, planeById } from "./planes/registry.js";
export { type Disagreement, describeDecision, type Equivalence, verifyPlanes } from "./planes/verify.js";
export {
  type PublishedSeries,
  REFERENCE_TABLES,
  REFERENCES,
  type Reference,
  type ReferenceTable,
  referenceById,
} from "./reference/index.js";
export {
  againstReferences,
  type Comparison,
  compareWith,
  type PublishedShape,
  type Shape,
} from "./report/against.js";
export { differenceWords } from "./report/against-words.js";
export type { Chart, Picture, View, Words } from "./report/charts/chart.js";
export { frame } from "./report/charts/frame.js";
export { findFindings } from "./report/findings/index.js";
export { type RenderedChart, type RenderRequest, renderCharts } from "./report/render.js";
export { csvTable, markdownTable } from "./report/table.js";
export {
  FONT_FAMILY,
  type Marker,
  type SeriesStyle,
  seriesStyle,
  THEME_NAMES,
  THEMES,
  type Theme,
  type ThemeName,
} from "./report/theme.js";
export { readResults } from "./results/files.js";
export {
  type NoPrediction,
  type Prediction,
  predictLookup,
  priceRules,
  type RulePrice,
} from "./results/predict.js";
export { compareLookups, type LookupRatio, type Read } from "./results/reading.js";
export { type Cell, type Finding, type Results, resultsSchema } from "./results/schema.js";
