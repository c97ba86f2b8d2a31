/**
 * Colours, type sizes and the look of each plane.
 *
 * Series colours: the five-colour set of Okabe-Ito (2008, "Color Universal Design") variants with at least 3:1
 * contrast whose smallest difference under normal and three simulated colour deficiencies (Machado et al. 2009,
 * ΔE76) is largest: 17.0 on white, 16.1 on dark. Labels on white are darkened to 4.5:1 (WCAG 2.1).
 */

import { plainText } from "../text.js";

/** The themes there are. */
export const THEME_NAMES = ["light", "dark"] as const;
/** `light` or `dark`. */
export type ThemeName = (typeof THEME_NAMES)[number];

/** Colours around the data. */
export interface Theme {
  readonly name: ThemeName;
  readonly ground: string;
  readonly text: string;
  readonly secondary: string;
  readonly grid: string;
  readonly axis: string;
  /** Zone below which the timer itself is measured. */
  readonly floor: string;
}

/** Colours of each theme. */
export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  light: {
    name: "light",
    ground: "#FFFFFF",
    text: "#1A1A1A",
    secondary: "#595959",
    grid: "#E3E3E3",
    axis: "#8C8C8C",
    floor: "#EFEFEF",
  },
  dark: {
    name: "dark",
    ground: "#12161C",
    text: "#F2F2F2",
    secondary: "#A9B0B8",
    grid: "#2A313A",
    axis: "#6B7480",
    floor: "#20262E",
  },
};

/** Shapes of points, as Chart.js calls them. */
export type Marker = "circle" | "triangle" | "rect" | "rectRot" | "crossRot" | "star" | "cross";

/** How one plane looks in one theme. */
export interface SeriesStyle {
  readonly label: string;
  /** As the article's legend names it: kube-proxy's modes by their proxy. */
  readonly columnLabel: string;
  readonly line: string;
  readonly labelColour: string;
  readonly column: string;
  readonly marker: Marker;
}

interface Row {
  readonly label: string;
  readonly columnLabel?: string;
  readonly light: string;
  readonly lightLabel: string;
  readonly dark: string;
  /** Colour of the published chart's columns, on white. */
  readonly lightColumn?: string;
  readonly marker: Marker;
}

/** In the order of the columns: eBPF left, iptables right. */
const ROWS: ReadonlyMap<string, Row> = new Map([
  [
    "direct",
    { label: "no proxy", light: "#767676", lightLabel: "#6E6E6E", dark: "#9AA3AC", marker: "cross" },
  ],
  [
    "direct-conntrack",
    { label: "no proxy, tracked", light: "#595959", lightLabel: "#595959", dark: "#C4CAD0", marker: "star" },
  ],
  [
    "ebpf",
    {
      label: "eBPF hash",
      columnLabel: "eBPF",
      light: "#0072B2",
      lightLabel: "#0072B2",
      dark: "#56B4E9",
      lightColumn: "#4285F4",
      marker: "rectRot",
    },
  ],
  [
    "ebpf-tc",
    { label: "eBPF per packet", light: "#882255", lightLabel: "#882255", dark: "#E18BB0", marker: "cross" },
  ],
  [
    "ebpf-maglev",
    {
      label: "eBPF + Maglev",
      light: "#000000",
      lightLabel: "#000000",
      dark: "#FFFFFF",
      marker: "crossRot",
    },
  ],
  [
    "nftables",
    {
      label: "nftables",
      columnLabel: "kube-proxy (nftables)",
      light: "#009E73",
      lightLabel: "#008662",
      dark: "#009E73",
      marker: "rect",
    },
  ],
  [
    "ipvs",
    {
      label: "IPVS",
      columnLabel: "kube-proxy (IPVS)",
      light: "#CC79A7",
      lightLabel: "#A36186",
      dark: "#CC79A7",
      marker: "triangle",
    },
  ],
  [
    "iptables-nft",
    {
      label: "iptables-nft",
      columnLabel: "kube-proxy (iptables-nft)",
      light: "#7B4FB5",
      lightLabel: "#7B4FB5",
      dark: "#B79CED",
      marker: "star",
    },
  ],
  [
    "iptables",
    {
      label: "iptables",
      columnLabel: "kube-proxy (iptables)",
      light: "#D55E00",
      lightLabel: "#C25600",
      dark: "#D55E00",
      lightColumn: "#DB4437",
      marker: "circle",
    },
  ],
]);

const ORDER = [...ROWS.keys()];

/**
 * The look of a plane. A plane this table doesn't know is grey under its own (cleaned) id.
 *
 * @param plane Id of a plane.
 * @param theme `light` or `dark`.
 * @returns Colour, marker and label.
 */
export function seriesStyle(plane: string, theme: ThemeName): SeriesStyle {
  const row: Row = ROWS.get(plane) ?? {
    label: plainText(plane, 20),
    light: "#767676",
    lightLabel: "#6E6E6E",
    dark: "#9AA3AC",
    marker: "star",
  };
  const light = theme === "light";
  return {
    label: row.label,
    columnLabel: row.columnLabel ?? row.label,
    line: light ? row.light : row.dark,
    labelColour: light ? row.lightLabel : row.dark,
    column: light ? (row.lightColumn ?? row.light) : row.dark,
    marker: row.marker,
  };
}

/** Sorts planes as the columns stand; unknown planes come last, by name. */
export function comparePlanes(a: string, b: string): number {
  const rank = (plane: string) => (ROWS.has(plane) ? ORDER.indexOf(plane) : ORDER.length);
  return rank(a) - rank(b) || (a < b ? -1 : Number(a > b));
}

/** Registered by canvas.ts. A name of our own, so that an Inter installed on the machine never changes a picture. */
export const FONT_FAMILY = "InterBundled";
/** In a browser, which has no such font, the system's. */
const FONT_STACK = `${FONT_FAMILY}, system-ui, sans-serif`;

/** CSS pixels at 1600 x 900. Nothing is smaller than the caption. */
const TYPE_PX = { title: 44, subtitle: 28, label: 26, tick: 24, caption: 20 } as const;
const WEIGHT = { title: 700, subtitle: 400, label: 600, tick: 400, caption: 400 } as const;
export type TypeSize = keyof typeof TYPE_PX;

/** How much smaller than the 1600 x 900 slide a picture is: by area, so that a square keeps readable type. */
export function scaleOf(view: {
  readonly width: number;
  readonly height: number;
  readonly scale?: number;
}): number {
  return view.scale ?? Math.sqrt((view.width * view.height) / (1600 * 900));
}

/** A font as Chart.js takes it. */
export function chartFont(size: TypeSize, scale: number) {
  return { family: FONT_STACK, size: TYPE_PX[size] * scale, weight: WEIGHT[size] };
}

/** A font as a canvas takes it. */
export function cssFont(size: TypeSize, scale: number): string {
  return `${WEIGHT[size]} ${TYPE_PX[size] * scale}px ${FONT_STACK}`;
}

/** The size of type in CSS pixels. */
export function typePx(size: TypeSize, scale: number): number {
  return TYPE_PX[size] * scale;
}
