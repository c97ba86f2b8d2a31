/** All charts. To add one: its file, and a line here. */

import { addresses } from "./addresses.js";
import { balance } from "./balance.js";
import { churn, churnLookups, updateRollout, updateTime } from "./changes.js";
import type { Chart } from "./chart.js";
import {
  clusterConnect,
  clusterConnectFamilies,
  clusterConnectNodes,
  clusterDatagramProgramming,
  clusterDatagrams,
  clusterEstablished,
  clusterLeaves,
  clusterNewService,
  clusterPercentiles,
  clusterProgramming,
  clusterProgrammingNodes,
  clusterSync,
} from "./cluster.js";
import { kernelColdStart, kernelColdStartStages } from "./cold-start.js";
import { columns } from "./columns.js";
import { connect, established } from "./connections.js";
import { memory, update } from "./counts.js";
import { distribution } from "./distribution.js";
import { endpoints, endpointsAffinity } from "./endpoints.js";
import { family } from "./family.js";
import {
  guestColumns,
  guestLatency,
  guestUpdate,
  kernelColumns,
  kernelEstablished,
  kernelLatency,
  kernelMemory,
  kernelPercentiles,
  kernelPosition,
  kernelScaling,
  kernelSync,
  kernelUpdate,
} from "./kernel.js";
import { latency } from "./latency.js";
import { load } from "./load.js";
import { logarithm } from "./logarithm.js";
import { logarithmTime } from "./logarithm-time.js";
import { modelVersusKernel } from "./model-versus-kernel.js";
import { percentiles } from "./percentiles.js";
import { position } from "./position.js";
import {
  kernelFirstSync,
  kernelFirstSyncCpu,
  kernelProgramming,
  kernelProgrammingVisible,
  kernelProxyMemory,
  kernelRollout,
} from "./programming.js";
import { kernelProgrammingParts } from "./programming-parts.js";
import { published } from "./published.js";
import { publishedColumns, publishedPercentiles } from "./replays.js";
import { scaling } from "./scaling.js";
import { skew } from "./skew.js";
import { sync } from "./sync.js";
import { work } from "./work.js";

/** Of the real kernel, this machine's or a guest's. */
export const KERNEL_CHARTS: readonly Chart[] = [
  kernelProgramming,
  kernelProgrammingVisible,
  kernelProgrammingParts,
  kernelFirstSync,
  kernelFirstSyncCpu,
  kernelColdStart,
  kernelColdStartStages,
  kernelProxyMemory,
  kernelRollout,
  kernelColumns,
  kernelScaling,
  kernelLatency,
  kernelEstablished,
  kernelSync,
  kernelUpdate,
  kernelMemory,
  ...kernelPercentiles,
  kernelPosition,
  guestColumns,
  guestLatency,
  guestUpdate,
];

export const CHARTS: readonly Chart[] = [
  columns,
  scaling,
  latency,
  work,
  logarithm,
  logarithmTime,
  addresses,
  percentiles,
  position,
  distribution,
  skew,
  connect,
  established,
  endpoints,
  endpointsAffinity,
  family,
  update,
  updateTime,
  updateRollout,
  churn,
  churnLookups,
  load,
  sync,
  memory,
  balance,
  ...KERNEL_CHARTS,
  clusterConnect,
  clusterPercentiles,
  clusterConnectNodes,
  clusterConnectFamilies,
  clusterDatagrams,
  clusterEstablished,
  clusterProgramming,
  clusterProgrammingNodes,
  clusterDatagramProgramming,
  clusterLeaves,
  clusterNewService,
  clusterSync,
  modelVersusKernel,
  published,
  publishedColumns,
  publishedPercentiles,
];
