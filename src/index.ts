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
} from "./advice/advise.js";
export { adviceAssumptions, adviceWords } from "./advice/advise-words.js";
export {
  type ExplainOptions,
  explainService,
  type PlaneExplanation,
  type ServiceExplanation,
  type SizedCost,
} from "./advice/explain.js";
export { findServicePort } from "./advice/find-service.js";
export { findFindings } from "./analysis/findings/index.js";
export {
  againstReferences,
  type Comparison,
  compareWith,
  type PublishedShape,
  type Shape,
} from "./analysis/published-comparison.js";
export { differenceWords } from "./analysis/published-comparison-text.js";
export type { Chart, Picture, View, Words } from "./charts/chart.js";
export { frame } from "./charts/kit/frame.js";
export {
  FONT_FAMILY,
  type Marker,
  type SeriesStyle,
  seriesStyle,
  THEME_NAMES,
  THEMES,
  type Theme,
  type ThemeName,
} from "./charts/theme.js";
export { buildCluster, type EndpointRecord, type PortRecord, type ServiceRecord } from "./cluster/build.js";
export { applyChange, type Change } from "./cluster/change.js";
export type { Cidr, Cluster, ClusterSource, Network } from "./cluster/cluster.js";
export { generateCoverageFlows } from "./cluster/coverage-flows.js";
export { clusterDigest } from "./cluster/digest.js";
export type { EndpointDistribution } from "./cluster/distribution.js";
export type { EndpointUpdate, LiveCluster } from "./cluster/endpoint-updates.js";
export { type FlowTrace, generateTrace, type TraceOptions } from "./cluster/flows.js";
export { type GenerateOptions, generateCluster, MIXED } from "./cluster/generate.js";
export { growCluster } from "./cluster/grow.js";
export { parseCluster, writeCluster } from "./cluster/json.js";
export { CheckFailedError, UsageError } from "./errors.js";
export { type Imported, importCluster } from "./formats/detect.js";
export { EXPORTS, type Export } from "./formats/export.js";
export type { NodeList } from "./formats/iptables/index.js";
export { type QuickOptions, type QuickTiming, timeLookups } from "./measure/quick-timing.js";
export { type RenderedChart, type RenderRequest, renderCharts } from "./output/image/render.js";
export { csvTable, markdownTable } from "./output/tables/table.js";
export { type NodeCost, nodeCosts } from "./planes/iptables/node-costs.js";
export { compileNodeList, type NodeProgram } from "./planes/iptables/node-list.js";
export {
  type ConnectionOptions,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  type IncrementalModel,
  type ListPosition,
  type MemoryLine,
  type Model,
  PASS,
  type Plane,
  type PlaneId,
  type PlaneOptions,
  type Program,
  REJECT,
  type UpdateCost,
  type UpdateMode,
  type Work,
  type WriteCounts,
} from "./planes/plane.js";
export { PLANES, planeById } from "./planes/registry.js";
export { PLANE_IDS } from "./planes/registry-loader.js";
export { type Disagreement, describeDecision, type Equivalence, verifyPlanes } from "./planes/verify.js";
export {
  type PublishedSeries,
  REFERENCE_TABLES,
  REFERENCES,
  type Reference,
  type ReferenceTable,
  referenceById,
} from "./reference/index.js";
export { readResults } from "./results/files.js";
export {
  type NoPrediction,
  type Prediction,
  predictLookup,
  priceRules,
  type RulePrice,
} from "./results/predict.js";
export { type CurveReading, compareLookups, type LookupRatio } from "./results/reading.js";
export { type Cell, type Finding, type Results, resultsSchema } from "./results/schema.js";
