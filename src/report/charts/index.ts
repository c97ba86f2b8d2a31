/** All charts. To add one: its file, and a line here. */

import { balance } from "./balance.js";
import type { Chart } from "./chart.js";
import { columns } from "./columns.js";
import { connect, established } from "./connections.js";
import { memory, update } from "./counts.js";
import { endpoints, endpointsAffinity } from "./endpoints.js";
import { scaling } from "./scaling.js";
import { sync } from "./sync.js";
import { work } from "./work.js";

export const CHARTS: readonly Chart[] = [
  columns,
  scaling,
  work,
  connect,
  established,
  endpoints,
  endpointsAffinity,
  update,
  sync,
  memory,
  balance,
];
