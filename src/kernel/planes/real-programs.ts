/** Programs that are measured themselves, kube-proxy and Cilium's control plane, by the ids of their planes. */

import type { PlaneReport } from "../../planes/descriptor.js";
import {
  CILIUM_FORM,
  isCiliumPlane,
  parseCiliumPlane,
  type ResolvedCilium,
  resolveCilium,
} from "./cilium/id.js";
import { ciliumReport } from "./cilium/report.js";
import {
  isKubeProxyPlane,
  KUBE_PROXY_FORM,
  kernelLacks,
  parseKubeProxyPlane,
  type ResolvedKubeProxy,
  resolveKubeProxy,
} from "./kube-proxy/id.js";
import { kubeProxyReport } from "./kube-proxy/report.js";

/** A program that can be started here. */
export type RealProgram = ResolvedKubeProxy | ResolvedCilium;

/** How to write an id, for messages. */
export const REAL_PROGRAM_FORMS = `${KUBE_PROXY_FORM}, or ${CILIUM_FORM}`;

/** Whether a text is meant as the id of such a plane. */
export function isRealProgram(id: string): boolean {
  return isKubeProxyPlane(id) || isCiliumPlane(id);
}

/**
 * Looks at an id alone.
 * @throws UnknownNameError where it is not well-formed.
 */
export function checkRealProgram(id: string): void {
  if (isCiliumPlane(id)) parseCiliumPlane(id);
  else parseKubeProxyPlane(id);
}

/**
 * Finds the program of a plane.
 * @throws UnsupportedHostError, which says how to install what is missing; UnknownNameError,
 * InvalidOptionError for another program.
 */
export function resolveRealProgram(id: string): RealProgram {
  return isCiliumPlane(id) ? resolveCilium(id) : resolveKubeProxy(id);
}

/** What this machine's kernel lacks for a program; null: nothing. */
export function lackOf(program: RealProgram): string | null {
  return program.kind === "kube-proxy" ? kernelLacks(program) : null;
}

/** Describes a plane whose id is well-formed. */
export function realProgramReport(id: string): PlaneReport {
  return isCiliumPlane(id) ? ciliumReport(id) : kubeProxyReport(id);
}
