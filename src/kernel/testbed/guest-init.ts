/** First process of the user-mode Linux guest: mounts, loads modules, does what the host asked for, and powers off. */

import { spawnSync } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ERRORS_FILE, EXIT_FILE, REPORTS_FILE, REQUEST_FILE } from "./guest.js";
import { prepareGuest } from "./guest-root.js";

const MODULES = [
  ...[
    "ip_vs",
    "ip_vs_rr",
    "nf_conntrack",
    "nf_conntrack_netlink",
    "iptable_nat",
    "iptable_filter",
    "iptable_mangle",
  ],
  ...["ipv6", "ip6table_nat", "ip6table_filter", "ip6table_mangle", "ip6t_REJECT"],
  ...["ip_set", "ip_set_hash_ip", "ip_set_hash_ipport", "ip_set_hash_ipportip", "ip_set_hash_ipportnet"],
  ...["ip_set_bitmap_port", "xt_set", "xt_comment", "xt_statistic", "xt_tcpudp", "xt_nat", "xt_addrtype"],
  ...["xt_mark", "xt_conntrack", "xt_recent", "xt_MASQUERADE", "xt_sctp", "ipt_REJECT", "veth", "dummy"],
];
const WORK = fileURLToPath(new URL("../worker.js", import.meta.url));

// Before /proc is mounted a process takes itself for what the host runs, user-mode Linux: the path of node is handed in.
const [folder, node] = process.argv.slice(2) as [string, string];
try {
  prepareGuest(folder, MODULES);
  const { status } = spawnSync(node, ["--expose-gc", WORK], {
    // The only folder that compilers can write to.
    cwd: folder,
    stdio: [
      openSync(join(folder, REQUEST_FILE), "r"),
      openSync(join(folder, REPORTS_FILE), "a"),
      openSync(join(folder, ERRORS_FILE), "a"),
    ],
  });
  writeFileSync(join(folder, EXIT_FILE), String(status ?? -1));
} catch (error) {
  console.error(String(error));
}
// Power off: the first process must not end before. Without /proc it ends all the same, in a panic that says so.
writeFileSync("/proc/sysrq-trigger", "o");
setInterval(() => {}, 1000);
