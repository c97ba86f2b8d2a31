/** lbscale as a library: clusters, planes, results and charts, without the command line. */

export { buildCluster, type EndpointRecord, type PortRecord, type ServiceRecord } from "./cluster/build.js";
export { applyChange, type Change } from "./cluster/change.js";
export type { Cidr, Cluster, Network } from "./cluster/cluster.js";
export { generateCoverageFlows } from "./cluster/coverage-flows.js";
export { clusterDigest } from "./cluster/digest.js";
export { type FlowTrace, generateTrace, type TraceOptions } from "./cluster/flows.js";
export { type GenerateOptions, generateCluster, MIXED } from "./cluster/generate.js";
export { growCluster } from "./cluster/grow.js";
export { type Imported, importCluster } from "./cluster/import/index.js";
export type { NodeList } from "./cluster/import/iptables/index.js";
export { parseCluster, writeCluster } from "./cluster/json.js";
export { CheckFailedError, UsageError } from "./errors.js";
export { EXPORTS, type Export } from "./export.js";
export { type NodeCost, nodeCosts } from "./planes/iptables/node-costs.js";
export { compileNodeList, type NodeProgram } from "./planes/iptables/node-list.js";
export {
  type ConnectionOptions,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
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
} from "./planes/plane.js";
export { PLANES, planeById } from "./planes/registry.js";
export { describeDecision, type Equivalence, verifyPlanes } from "./planes/verify.js";
export { findFindings } from "./report/findings/index.js";
export { type RenderedChart, type RenderRequest, renderCharts } from "./report/render.js";
export { csvTable, markdownTable } from "./report/table.js";
export { readResults } from "./results/files.js";
export { type Cell, type Finding, type Results, resultsSchema } from "./results/schema.js";
