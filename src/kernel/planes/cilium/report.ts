/** How Cilium's own control plane is shown. */

import type { PlaneColours, PlaneMarker, PlaneReport } from "../../../planes/descriptor.js";
import { type CiliumMode, parseCiliumPlane } from "./id.js";

interface Shown {
  /** After the version. */
  readonly words: string;
  readonly colours: PlaneColours;
  readonly marker: PlaneMarker;
}

/** None has the colours of a plane whose maps lbscale writes itself: a chart of connections has both. */
const SHOWN: Readonly<Record<CiliumMode, Shown>> = {
  "": {
    words: "",
    colours: { light: "#00559E", lightLabel: "#00559E", dark: "#7FB8EE" },
    marker: "rectRot",
  },
  unbuffered: {
    words: " (1 ms)",
    colours: { light: "#3A6EA5", lightLabel: "#3A6EA5", dark: "#A9CDF0" },
    marker: "circle",
  },
  tc: {
    words: " per packet",
    colours: { light: "#5B3F8C", lightLabel: "#5B3F8C", dark: "#B7A2E3" },
    marker: "triangle",
  },
};

/** After kube-proxy's. */
const FIRST = 300;

/** Describes a plane whose id is well-formed. */
export function ciliumReport(id: string): PlaneReport {
  const { mode, version } = parseCiliumPlane(id);
  const { words, colours, marker } = SHOWN[mode];
  const label = `Cilium ${(version ?? "").slice(0, 14)}${words}`.replace(/ +/g, " ").trim();
  return {
    label,
    shortLabel: label,
    columnLabel: label,
    colours,
    marker,
    order: FIRST + Object.keys(SHOWN).indexOf(mode),
    role: "proxy",
    structure: "hash",
    claims: [],
    memoryModelled: false,
  };
}
