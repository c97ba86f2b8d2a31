/** First process of the user-mode Linux guest of a kube-proxy: loads modules, and passes on requests and replies. */

import { spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { prepareGuest } from "../testbed/guest-root.js";
import { GUEST_ERRORS_FILE, GUEST_REPLIES_FILE, GUEST_REQUESTS_FOLDER } from "./protocol.js";

/** Of Debian's user-mode-linux: what IPVS mode asks for in its sets and rules, external addresses and ranges included. */
const MODULES = [
  ...["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack", "nf_conntrack_netlink"],
  ...[
    "iptable_nat",
    "iptable_filter",
    "iptable_mangle",
    "ip6table_nat",
    "ip6table_filter",
    "ip6table_mangle",
  ],
  ...["ip_set", "ip_set_hash_ip", "ip_set_hash_ipport", "ip_set_hash_ipportip", "ip_set_hash_ipportnet"],
  ...["ip_set_bitmap_port", "xt_set", "xt_comment", "xt_statistic", "xt_tcpudp", "xt_nat", "xt_addrtype"],
  ...["xt_mark", "xt_conntrack", "xt_recent", "xt_MASQUERADE", "xt_sctp", "xt_physdev", "xt_ipvs"],
  ...["ipt_REJECT", "ip6t_REJECT", "br_netfilter", "veth", "dummy", "nlmon"],
];
const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
const POLL_MS = 10;
const MAX_POLL_MS = 500;

// Before /proc is mounted process.execPath is the host's program, user-mode Linux: the path of node is an argument.
const [folder, node] = process.argv.slice(2) as [string, string];
try {
  prepareGuest(folder, MODULES);
  const child = spawn(node, [WORKER], {
    cwd: folder,
    stdio: [
      "pipe",
      openSync(join(folder, GUEST_REPLIES_FILE), "a"),
      openSync(join(folder, GUEST_ERRORS_FILE), "a"),
    ],
  });
  let hasEnded = false;
  child.once("exit", () => {
    hasEnded = true;
  });
  // hostfs reports no changes.
  const requests = join(folder, GUEST_REQUESTS_FOLDER);
  let asked = performance.now();
  for (let next = 0; !hasEnded; ) {
    const names = readdirSync(requests);
    if (names.includes(String(next))) {
      child.stdin?.write(readFileSync(join(requests, String(next++))));
      asked = performance.now();
    } else {
      // What takes long is left alone: looking costs a call of the host's.
      await setTimeout(Math.min(POLL_MS + (performance.now() - asked) / 10, MAX_POLL_MS));
    }
  }
} catch (error) {
  console.error(String(error));
}
// Power off: the first process must not end before.
writeFileSync("/proc/sysrq-trigger", "o");
setInterval(() => {}, 1000);
