/** Two Services at one external address and port, which the API server takes: what kube-proxy makes of them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainService, plainSlice } from "../../src/kernel/real-program/plain-objects.js";
import { parseObject } from "../../src/kubernetes/list-watch/parse.js";
import { CLI, folder, kubeProxy, lacking } from "./kube-proxy-tools.js";
import { inNamespace } from "./tools.js";

test.runIf(process.env.CI === "true")("kube-proxy is built where CI is set", () => {
  expect(lacking).toBeNull();
});

const SHARED = "203.0.113.5";
const NODE = parseObject({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "me" },
  status: { addresses: [{ type: "InternalIP", address: "192.0.2.10" }] },
}).object;

/** A Service with the address among its `externalIPs`, and an endpoint. */
function sharing(name: string, last: number) {
  const names = { name, namespace: "shop", protocol: "TCP", family: 4 } as const;
  const plain = plainService({ ...names, clusterIP: `10.96.0.${last}` });
  const ready = { addresses: [`10.244.1.${last}`], conditions: { ready: true } };
  return [
    parseObject({ ...plain, spec: { ...(plain.spec as object), externalIPs: [SHARED] } }).object,
    plainSlice({ ...names, service: name, endpoints: [ready] }),
  ];
}

describe.skipIf(lacking !== null)("two Services at one external address and port", () => {
  const objects = join(folder, "shared.json");
  const config = join(folder, "shared-kubeconfig");

  test.each([
    // Both are written, in the random order of a map of Go: the first that a packet meets is its Service.
    ["iptables", "iptables-save -t nat | grep '^-A KUBE-SERVICES'", 2],
    // A map of nft has a key once: the last that was written stays.
    ["nftables", "nft list map ip kube-proxy service-ips", 1],
  ] as const)("%s mode of kube-proxy 1.37 syncs and keeps, by %j, %i of them", (mode, list, left) => {
    const items = [NODE, ...sharing("a", 11), ...sharing("b", 12)];
    writeFileSync(objects, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const metric = "kubeproxy_sync_proxy_rules_last_timestamp_seconds";
    const { status, output } = inNamespace(
      process.cwd(),
      `exec 2>${join(folder, "errors")}
rm -f ${config}
ip link set lo up
ip link add node0 type veth peer name node1
ip link set node0 up
ip addr add 192.0.2.10/32 dev node0
${process.execPath} ${CLI} serve ${objects} --kubeconfig ${config} >/dev/null &
until [ -s ${config} ]; do sleep 0.1; done
${kubeProxy("1.37")} --kubeconfig ${config} --hostname-override me --proxy-mode ${mode} \\
  --cluster-cidr 10.244.0.0/16 --conntrack-max-per-core 0 --conntrack-min 0 &
until curl -s http://127.0.0.1:10249/metrics | grep -q '^${metric}{ip_family="IPv4"} [1-9]'; do sleep 0.1; done
${list} | grep -F ${SHARED}
kill $(pgrep -P $$)
wait`,
    );
    expect(status).toBe(0);
    const frontends = output.split("\n").filter((line) => line.includes(SHARED));
    const owners = frontends.flatMap((line) => /shop\/([ab])[:/]/.exec(line)?.[1] ?? []);
    expect(owners).toHaveLength(left);
    expect(new Set(owners).size).toBe(left);
  });
});
