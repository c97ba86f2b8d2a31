/** `lbscale serve` with a real kube-proxy on it, started as docs/real-programs.md says. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folder, kubeProxy, lacking } from "./kube-proxy-tools.js";
import { inNamespace } from "./tools.js";

const SERVICES = 300;
const PAGE = readFileSync("docs/real-programs.md", "utf8");

test.runIf(process.env.CI === "true")("kube-proxy is built where CI is set", () => {
  expect(lacking).toBeNull();
});

describe.skipIf(lacking !== null)("lbscale serve", () => {
  test("kube-proxy started as the page says programs every Service and the range of Services, and follows endpoints that are replaced", () => {
    const [, , inside] = /^```sh\n([\s\S]*?\nunshare --net bash\n)([\s\S]*?)```/m.exec(PAGE)!;
    const commands = inside!
      .replace("--services 20000", `--services ${SERVICES} --churn 20`)
      .replaceAll("kubeconfig.yaml", join(folder, "kubeconfig.yaml"));
    const count = (metric: string): string =>
      `curl -s http://127.0.0.1:10249/metrics | sed -n 's/^${metric} //p'`;
    const received = count("kubeproxy_sync_proxy_rules_endpoint_changes_total");
    const line = `exec 2>${join(folder, "errors")}
KUBE_PROXY=${kubeProxy("1.37")}
${commands}
services() { nft list map ip kube-proxy service-ips 2>/dev/null | grep -c goto; }
until [ $(services) -gt ${0.9 * SERVICES} ]; do sleep 0.1; done
before=$(${received})
until [ $(${received}) -gt $before ]; do sleep 0.1; done
echo "services $(services)"
echo "ranges $(nft list table ip kube-proxy | grep -c 'Drop traffic to unallocated ClusterIPs')"
echo "followed $(($(${received}) - before))"
kill $(pgrep -P $$)
wait`;
    const { status, output } = inNamespace(process.cwd(), line);
    expect([status, output]).toEqual([0, expect.stringMatching(/^services \d+\nranges 1\nfollowed \d+\n$/)]);
    const [, services, followed] = /services (\d+)\nranges 1\nfollowed (\d+)/.exec(output)!;
    expect(Number(services)).toBeGreaterThan(0.9 * SERVICES);
    expect(Number(followed)).toBeGreaterThan(0);
  });
});
