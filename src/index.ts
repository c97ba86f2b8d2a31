/**
 * Clusters, planes, and the check that planes decide alike. Runs are in `lbscale/run`, what follows from their results in
 * `lbscale/results`, pictures in `lbscale/charts`.
 *
 * @packageDocumentation
 */

export {
  type ExplainOptions,
  explainService,
  type PlaneExplanation,
  type ServiceExplanation,
  type SizedCost,
} from "./advice/explain.js";
export { findServicePort } from "./advice/find-service.js";
export type { AddressPlan } from "./cluster/address-plan.js";
export type { Region } from "./cluster/address-words.js";
export { buildCluster, type EndpointRecord, type PortRecord, type ServiceRecord } from "./cluster/build.js";
export { applyChange, type Change } from "./cluster/change.js";
export type { Cidr, Cluster, ClusterSource, Network } from "./cluster/cluster.js";
export { generateCoverageFlows } from "./cluster/coverage-flows.js";
export type { EndpointDistribution } from "./cluster/distribution.js";
export type { EndpointUpdate, LiveCluster } from "./cluster/endpoint-updates.js";
export type { DualStack } from "./cluster/family.js";
export type { FlowTrace } from "./cluster/flows.js";
export { type GenerateOptions, generateCluster } from "./cluster/generate.js";
export { growCluster } from "./cluster/grow.js";
export type { Cidr6 } from "./cluster/ipv6.js";
export { parseCluster, writeCluster } from "./cluster/json.js";
export type { RawAddress, RawCidr } from "./cluster/raw-addresses.js";
/** What is thrown, by class: `errors.InputError` is the base of all that say what was given wrong. */
export * as errors from "./errors.js";
export { type Imported, type ImportOptions, importCluster } from "./formats/detect.js";
export { EXPORTS, type Export } from "./formats/export.js";
export type {
  PlaneCapabilities,
  PlaneColours,
  PlaneDescriptor,
  PlaneMarker,
  PlaneReport,
  StockMap,
} from "./planes/descriptor.js";
export { type NodeCost, nodeCosts } from "./planes/iptables/rules/node-costs.js";
export { compileNodeList, type NodeProgram } from "./planes/iptables/rules/node-list.js";
export type { NodeList } from "./planes/iptables/rules/saved-rules.js";
export type { ServiceWalk } from "./planes/nftables/rules/full-sync.js";
export {
  type BothFamilies,
  type ConnectionOptions,
  type Connections,
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  type HookWork,
  type IncrementalModel,
  type ListPosition,
  type MemoryLine,
  type Model,
  PASS,
  type Pair,
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
export { type Disagreement, describeDecision, type Equivalence, verifyPlanes } from "./planes/verify.js";
