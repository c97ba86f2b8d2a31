/** How long the whole cluster takes to program. */

import { scalingChart } from "./scaling.js";

export const sync = scalingChart({
  id: "sync",
  title: "Time to build the whole program from nothing, log–log (model)",
  measure: { lane: "model", scenario: "sync" },
  findings: ["sync"],
  neutralTitle: "Building the whole program from nothing",
  floor: false,
  note: "building the model's rules, tables and maps: no netlink, no iptables-restore",
});
