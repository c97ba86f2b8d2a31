/** How kube-proxy's modes and versions are shown: a colour for each mode, a shade and a marker for each version. */

import type { PlaneColours, PlaneMarker, PlaneReport } from "../../../planes/descriptor.js";
import { type ModeName, parseKubeProxyPlane } from "./id.js";

/**
 * Of the newest version first. None is that of a plane whose rules lbscale writes itself: a chart of connections has both.
 */
const COLOURS: Readonly<Record<ModeName, readonly PlaneColours[]>> = {
  nftables: [
    { light: "#00664B", lightLabel: "#00664B", dark: "#4FD8B0" },
    { light: "#1B8A8F", lightLabel: "#187A7F", dark: "#45C7CC" },
    { light: "#3F8F3F", lightLabel: "#3A7F3A", dark: "#7DC97D" },
    { light: "#7A8F1E", lightLabel: "#667816", dark: "#B9CF5A" },
  ],
  "iptables-legacy": [
    { light: "#8A3B00", lightLabel: "#8A3B00", dark: "#FFB067" },
    { light: "#5F2900", lightLabel: "#5F2900", dark: "#C98A4B" },
  ],
  "iptables-nft": [
    { light: "#4F2F8F", lightLabel: "#4F2F8F", dark: "#D3C2F7" },
    { light: "#3A1F6B", lightLabel: "#3A1F6B", dark: "#9B7FD6" },
  ],
  iptables: [
    { light: "#B5384F", lightLabel: "#B5384F", dark: "#F08A9B" },
    { light: "#8C2238", lightLabel: "#8C2238", dark: "#D66F82" },
  ],
  ipvs: [{ light: "#A04E7D", lightLabel: "#A04E7D", dark: "#E3A5C8" }],
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
  // Not "nftables 1.37", which is a version of nft.
  const label = ["kube-proxy", (version ?? "").slice(0, 14), mode].filter((word) => word !== "").join(" ");
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
