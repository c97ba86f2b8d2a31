/** How long clusters of 1,000 to 20,000 Services take to import, in each format that lbscale exports: `npm run bench:import`. */

import { performance } from "node:perf_hooks";
import { generateCluster } from "../src/cluster/generate.js";
import { importCluster } from "../src/formats/detect.js";
import { EXPORTS } from "../src/formats/export.js";

const SIZES = [1000, 5000, 20_000];
/** IPVS is read from the three together. */
const IPVS = ["ipvsadm", "ipset", "ipvs-iptables"];

console.log("format         services      MB      ms  ns/byte");
for (const services of SIZES) {
  const cluster = generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: 4 } });
  const textOf = (format: string) => [...EXPORTS.find(({ id }) => id === format)!.write(cluster)].join("");
  for (const format of EXPORTS.map(({ id }) => id)) {
    if (format !== IPVS[0] && IPVS.includes(format)) continue;
    const texts = (format === IPVS[0] ? IPVS : [format]).map(textOf);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const started = performance.now();
    importCluster(texts);
    const ms = performance.now() - started;
    console.log(
      [
        (format === IPVS[0] ? "ipvs" : format).padEnd(14),
        String(services).padStart(8),
        (bytes / 1e6).toFixed(1).padStart(7),
        ms.toFixed(0).padStart(7),
        ((ms * 1e6) / bytes).toFixed(0).padStart(8),
      ].join(" "),
    );
  }
}
