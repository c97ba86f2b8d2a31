/** How kube-proxy's modes and versions are shown: a colour for each mode, a shade and a marker for each version. */

import type { PlaneColours, PlaneMarker, PlaneReport } from "../../../planes/descriptor.js";
import { type ModeName, parseKubeProxyPlane } from "./id.js";

/** Of the newest version first: older ones are lighter on white, and darker on dark. */
const COLOURS: Readonly<Record<ModeName, readonly PlaneColours[]>> = {
  nftables: [
    { light: "#00664B", lightLabel: "#00664B", dark: "#4FD8B0" },
    { light: "#009E73", lightLabel: "#008662", dark: "#00B383" },
    { light: "#3F8F3F", lightLabel: "#3A7F3A", dark: "#7DC97D" },
    { light: "#7A8F1E", lightLabel: "#667816", dark: "#B9CF5A" },
  ],
  "iptables-legacy": [
    { light: "#D55E00", lightLabel: "#C25600", dark: "#FF8A3D" },
    { light: "#A34700", lightLabel: "#A34700", dark: "#E0783A" },
  ],
  "iptables-nft": [
    { light: "#7B4FB5", lightLabel: "#7B4FB5", dark: "#B79CED" },
    { light: "#5A3590", lightLabel: "#5A3590", dark: "#9B7FD6" },
  ],
  iptables: [
    { light: "#B5384F", lightLabel: "#B5384F", dark: "#F08A9B" },
    { light: "#8C2238", lightLabel: "#8C2238", dark: "#D66F82" },
  ],
  ipvs: [{ light: "#CC79A7", lightLabel: "#A36186", dark: "#CC79A7" }],
};

const MARKERS: readonly PlaneMarker[] = ["rect", "triangle", "circle", "rectRot"];
/** Place of each mode, after the planes that lbscale writes itself. */
const ORDER: Readonly<Record<ModeName, number>> = {
  nftables: 210,
  "iptables-legacy": 230,
  iptables: 240,
  "iptables-nft": 250,
  ipvs: 260,
};
/** The newest minor version that has a place of its own; a newer one shares it. */
const NEWEST = 37;

/** Describes a plane whose id is well-formed. */
export function kubeProxyReport(id: string): PlaneReport {
  const { mode, version } = parseKubeProxyPlane(id);
  const minor = /^1\.(\d+)$/.exec(version ?? "")?.[1];
  const age = minor === undefined ? 0 : Math.max(0, NEWEST - Number(minor));
  const colours = COLOURS[mode];
  const label = `${mode} ${(version ?? "").slice(0, 14)}`.trim();
  return {
    label,
    shortLabel: label,
    columnLabel: label,
    colours: colours[Math.min(age, colours.length - 1)]!,
    marker: MARKERS[age % MARKERS.length]!,
    order: ORDER[mode] + age,
    role: "proxy",
    structure: mode === "nftables" ? "hash" : mode === "ipvs" ? "buckets" : "list",
    claims: [],
    memoryModelled: false,
  };
}
