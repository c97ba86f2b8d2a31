/**
 * Colours, type sizes and the look of each plane, whose own colours are in its folder.
 *
 * Series colours: the five-colour set of Okabe-Ito (2008, "Color Universal Design") variants with at least 3:1
 * contrast whose smallest difference under normal and three simulated colour deficiencies (Machado et al. 2009,
 * ΔE76) is largest: 17.0 on white, 16.1 on dark. Labels on white are darkened to 4.5:1 (WCAG 2.1).
 */

import { type Described, planeReport } from "../results/descriptors.js";
import type { PlaneDescription } from "../results/schema.js";

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
export type Marker = PlaneDescription["marker"];

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

/**
 * The look of a plane of a run, as the run describes it.
 *
 * @param results The run, or its descriptors.
 * @param plane Id of a plane.
 * @param theme `light` or `dark`.
 * @returns Colour, marker and label.
 * @example
 * ```ts
 * import { seriesStyle } from "lbscale/charts";
 * import { readResults } from "lbscale/results";
 *
 * const { label, line } = seriesStyle(readResults("results/default"), "ebpf", "light");
 * console.log(label, line);
 * ```
 */
export function seriesStyle(results: Described, plane: string, theme: ThemeName): SeriesStyle {
  const { label, columnLabel, colours, marker } = planeReport(results, plane);
  const light = theme === "light";
  return {
    label,
    columnLabel,
    line: light ? colours.light : colours.dark,
    labelColour: light ? colours.lightLabel : colours.dark,
    column: light ? (colours.lightColumn ?? colours.light) : colours.dark,
    marker,
  };
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
