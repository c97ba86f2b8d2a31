/** Connections with their state: the first packet, and the later ones that keepalive turns most packets into. */

import type { Chart } from "./chart.js";
import { scalingChart } from "./scaling.js";

const variants = ["", "socket"];
// The fill is bench/connections.ts': a chart must be readable without the program that measured it.
const note = "dashed: Cilium's load balancing at the socket · tables hold 65,536 connections already";

export const connect: Chart = scalingChart({
  id: "connect",
  title: "Time of a connection's first packet with the state that the plane keeps, log–log (model)",
  measure: { lane: "model", scenario: "connect", variants },
  findings: ["connect"],
  neutralTitle: "First packet of a connection, with its state",
  note,
});

export const established: Chart = scalingChart({
  id: "established",
  title: "Time of a later packet of a known connection, log–log (model)",
  measure: { lane: "model", scenario: "established", variants },
  findings: ["established"],
  neutralTitle: "Later packets of a known connection",
  note: `${note} · at tc, eBPF looks the Service up for later packets too`,
});
