/** kube-proxy's own metrics, read by another program than lbscale while a run measures it. */

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Totals of one family since its start, in seconds where they are times. */
export interface Scraped {
  readonly syncs: number;
  readonly syncSeconds: number;
  /** Changes that it was told the time of, and how long they took until they were programmed. */
  readonly programmed: number;
  readonly programmedSeconds: number;
}

const POLL_MS = 20;
/** Runs in the network namespace of the program, and prints totals when they have changed. */
const SCRAPER = `
const value = (text, name) =>
  text.split("\\n").reduce((sum, line) =>
    (line.startsWith(name + " ") || line.startsWith(name + "{")) && !line.includes('"IPv6"')
      ? sum + Number(line.slice(line.lastIndexOf(" "))) : sum, 0);
for (let last = ""; ; await new Promise((next) => setTimeout(next, ${POLL_MS}))) {
  let text;
  try { text = await (await fetch("http://127.0.0.1:10249/metrics")).text(); } catch { continue; }
  const sync = "kubeproxy_sync_proxy_rules_duration_seconds";
  const network = "kubeproxy_network_programming_duration_seconds";
  const line = JSON.stringify({
    syncs: value(text, sync + "_count"), syncSeconds: value(text, sync + "_sum"),
    programmed: value(text, network + "_count"), programmedSeconds: value(text, network + "_sum"),
  });
  if (line !== last) console.log(last = line);
}`;

/** The process of a kube-proxy whose configuration lies in a folder; undefined: none is there yet. */
function kubeProxyIn(folder: string): string | undefined {
  return readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words[0]!.includes("/kube-proxy") && words.some((word) => word.startsWith(`${folder}/`));
    } catch {
      return false;
    }
  });
}

/**
 * Runs a command that starts one kube-proxy in a folder for temporary files, and scrapes that until it ends.
 * @returns The command's exit code, and all totals that were seen, in order.
 */
export async function scrapeDuring(
  command: readonly string[],
  folder: string,
): Promise<{ status: number | null; scraped: Scraped[] }> {
  const child = spawn(process.execPath, command, {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let pid: string | undefined;
  while (pid === undefined && child.exitCode === null) {
    await setTimeout(POLL_MS);
    pid = kubeProxyIn(folder);
  }
  const inside = [`--net=/proc/${pid}/ns/net`, process.execPath, "--input-type=module", "-e", SCRAPER];
  const scraper = spawn("nsenter", inside, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  scraper.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const status = await ended;
  scraper.kill();
  const lines = output.split("\n").slice(0, -1);
  return { status, scraped: lines.map((line) => JSON.parse(line) as Scraped) };
}
