/** Importing: the format is told by the content. To add one: its file, and a line in FORMATS before the last. */

import type { Cluster } from "../cluster/cluster.js";
import { parseCluster } from "../cluster/json.js";
import { InvalidInputError } from "../errors.js";
import { importKubernetes } from "../kubernetes/import.js";
import { describeImport } from "../kubernetes/import-report.js";
import type { NodeList } from "../planes/iptables/saved-rules.js";
import { importCilium } from "./cilium/index.js";
import { importIptables } from "./iptables/index.js";
import { importIpvsadm } from "./ipvsadm.js";
import { importNftables } from "./nftables/index.js";

/** A cluster from outside, and what became of the input. */
export interface Imported {
  readonly cluster: Cluster;
  /** What was read, left out and made up, as lines for a person. */
  readonly report: readonly string[];
  /** The node's own rules as they stand, where the input is iptables-save. */
  readonly nodeList?: NodeList;
}

interface Format {
  /** Tells the format by the beginning of a text. Bounded or linear: the text may be anything. */
  readonly recognises: RegExp;
  read(text: string): Imported;
}

const FORMATS: readonly Format[] = [
  // The cluster file of lbscale itself.
  { recognises: /^\s*\{\s*"lbscale"\s*:/, read: (text) => ({ cluster: parseCluster(text), report: [] }) },
  // iptables-save: comments, then a table.
  { recognises: /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*\*(?:raw|mangle|nat|filter|security)\s/, read: importIptables },
  // nft list ruleset, and what lbscale exports.
  {
    recognises: /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?:add )?table (?:ip|ip6|inet|arp|bridge|netdev) /,
    read: importNftables,
  },
  { recognises: /^\s*\{\s*"nftables"\s*:/, read: importNftables },
  { recognises: /^-A (?:-[tuf]|--(?:tcp|udp|sctp)-service|-f) /, read: importIpvsadm },
  { recognises: /^SERVICE ADDRESS/, read: importCilium },
  // `cilium service list -o json`, the maps that lbscale exports, `cilium bpf lb list -o json`.
  {
    recognises:
      /^\s*\[\s*\{\s*"(?:spec|status)"\s*:\s*\{\s*"(?:backend-addresses|frontend-address|flags|id|realized)"/,
    read: importCilium,
  },
  { recognises: /^\s*\{\s*"cilium_lb/, read: importCilium },
  { recognises: /^\s*\{\s*"[\d.:a-f[\]]{2,45}:\d{1,5}[^"]{0,30}"\s*:\s*\[/, read: importCilium },
  {
    recognises: /^/,
    read: (text) => {
      const { cluster, report } = importKubernetes(text);
      return { cluster, report: describeImport(report) };
    },
  },
];

/**
 * Reads a cluster in any known format.
 *
 * @param text Kubernetes YAML or JSON, iptables-save, nft (text or JSON), ipvsadm -Sn, or Cilium's lists.
 * @returns The cluster, the detected format, and lines that say what was inferred, synthesized and skipped.
 * @throws InvalidInputError in one line when the text has no known format, or is damaged or too large.
 * @throws InvalidClusterError where two services claim the same address and port.
 * @example
 * ```ts
 * const { cluster, report } = importCluster(readFileSync("services.yaml", "utf8"));
 * ```
 */
export function importCluster(text: string): Imported {
  // A byte-order mark is no part of the text; JSON.parse would refuse it.
  const plain = text.replace(/^\uFEFF/, "");
  const format = FORMATS.find(({ recognises }) => recognises.test(plain));
  if (!format) throw new InvalidInputError("the input has no format that can be imported");
  return format.read(plain);
}
