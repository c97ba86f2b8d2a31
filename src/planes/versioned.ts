/** A plane as one version of kube-proxy writes it, so that a run can hold several: `nftables@1.35`. */

import type { PlaneColours, PlaneDescriptor, PlaneMarker } from "./descriptor.js";
import {
  KUBE_PROXY_RELEASES,
  KUBE_PROXY_VERSIONS,
  type KubeProxyVersion,
  NEWEST_KUBE_PROXY,
  splitPlaneId,
} from "./kube-proxy-versions.js";
import { KUBE_PROXY_NFT } from "./nft-versions.js";
import type { Plane, PlaneOptions } from "./plane.js";

const MARKERS: readonly PlaneMarker[] = [
  "circle",
  "triangle",
  "rect",
  "rectRot",
  "crossRot",
  "star",
  "cross",
];

/** How far a version's colour is from its plane's, newest first, as a share of the way to black (on dark: to white). */
const SHADES = [0.15, 0.35, 0.5, 0.65];

/**
 * The release of kube-proxy whose rules a plane models; undefined where kube-proxy writes none of it.
 *
 * @param version of planes whose id names none: the newest by default
 */
export function releaseOf(
  { id, can }: Pick<PlaneDescriptor, "id" | "can">,
  version: KubeProxyVersion = NEWEST_KUBE_PROXY,
): string | undefined {
  return can.versions.length === 0 ? undefined : KUBE_PROXY_RELEASES[splitPlaneId(id).version ?? version];
}

/**
 * The nft that loads a plane's rules; undefined where none does.
 *
 * @param options of planes: the version of nft, or of the kube-proxy whose image has one
 */
export function nftVersionOf(
  { id, can }: Pick<PlaneDescriptor, "id" | "can">,
  { nftVersion, kubeProxy = NEWEST_KUBE_PROXY }: Pick<PlaneOptions, "nftVersion" | "kubeProxy"> = {},
): string | undefined {
  return can.loadedByNft ? (nftVersion ?? KUBE_PROXY_NFT[splitPlaneId(id).version ?? kubeProxy]) : undefined;
}

/** What the plane says about itself as a version: its own label, colour and marker, and a place next to the plane. */
export function versionedDescriptor(base: PlaneDescriptor, version: KubeProxyVersion): PlaneDescriptor {
  const { report } = base;
  const place = KUBE_PROXY_VERSIONS.indexOf(version) + 1;
  const marker = MARKERS[(MARKERS.indexOf(report.marker) + place) % MARKERS.length]!;
  const layoutOf = (label: string): string => `${label}, layout of ${version}`;
  return {
    id: `${base.id}@${version}`,
    name: `${base.name} ${version}`,
    report: {
      ...report,
      // "nftables 1.35" would be read as the version of the tool, and "kube-proxy 1.35" as the program itself.
      label: layoutOf(report.label),
      shortLabel: layoutOf(report.shortLabel),
      columnLabel: layoutOf(report.label),
      colours: shaded(report.colours, SHADES[KUBE_PROXY_VERSIONS.length - place]!),
      marker,
      order: report.order + place / 10,
    },
    can: base.can,
  };
}

/** The plane, compiled for a version whatever the options say. */
export function versionedPlane(base: Plane, version: KubeProxyVersion): Plane {
  const descriptor = versionedDescriptor(base.descriptor, version);
  const { compileBoth } = base;
  return {
    ...base,
    id: descriptor.id,
    label: descriptor.name,
    descriptor,
    compile: (cluster, options) => base.compile(cluster, { ...options, kubeProxy: version }),
    ...(compileBoth && {
      compileBoth: (clusters, options) => compileBoth(clusters, { ...options, kubeProxy: version }),
    }),
  };
}

function shaded(colours: PlaneColours, share: number): PlaneColours {
  const { lightColumn } = colours;
  return {
    light: mixed(colours.light, 0, share),
    lightLabel: mixed(colours.lightLabel, 0, share),
    dark: mixed(colours.dark, 255, share),
    ...(lightColumn !== undefined && { lightColumn: mixed(lightColumn, 0, share) }),
  };
}

/** A colour, moved so far towards black (0) or white (255). */
function mixed(colour: string, towards: number, share: number): string {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `#${channels
    .map((channel) => Math.round(channel + (towards - channel) * share))
    .map((channel) => channel.toString(16).padStart(2, "0").toUpperCase())
    .join("")}`;
}
