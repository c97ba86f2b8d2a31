/** `lbscale serve` with a real kube-proxy on it, started as docs/real-programs.md says. */

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
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
  test("kube-proxy started as the page says programs the range of Services together with its first Service, then all, and follows endpoints that are replaced", () => {
    const [, , inside] = /^```sh\n([\s\S]*?\nunshare --net bash\n)([\s\S]*?)```/m.exec(PAGE)!;
    const commands = inside!
      .replace("--services 20000", `--services ${SERVICES} --churn 20`)
      .replaceAll("kubeconfig.yaml", join(folder, "kubeconfig.yaml"));
    const count = (metric: string): string =>
      `curl -s http://127.0.0.1:10249/metrics | sed -n 's/^${metric} //p'`;
    const received = count("kubeproxy_sync_proxy_rules_endpoint_changes_total");
    // What each call of nft is handed, in files that sort by time: the first sync must know the range already.
    const nft = join(folder, "nft");
    writeFileSync(
      nft,
      `#!/bin/sh\ncase " $* " in *" -f - "*) tee "${folder}/$(date +%s%N).handed" | /usr/sbin/nft "$@" ;; *) exec /usr/sbin/nft "$@" ;; esac\n`,
    );
    chmodSync(nft, 0o755);
    const line = `exec 2>${join(folder, "errors")}
PATH=${folder}:$PATH
KUBE_PROXY=${kubeProxy("1.37")}
${commands}
services() { nft list map ip kube-proxy service-ips 2>/dev/null | grep -c goto; }
until [ $(services) -gt ${0.9 * SERVICES} ]; do sleep 0.1; done
before=$(${received})
until [ $(${received}) -gt $before ]; do sleep 0.1; done
echo "services $(services)"
echo "ranges $(nft list table ip kube-proxy | grep -c 'Drop traffic to unallocated ClusterIPs')"
first=$(grep -l 'add element ip kube-proxy service-ips' ${folder}/*.handed | head -n 1)
echo "with the first Service $(grep -c 'Drop traffic to unallocated ClusterIPs' $first)"
echo "followed $(($(${received}) - before))"
kill $(pgrep -P $$)
wait`;
    const { status, output } = inNamespace(process.cwd(), line);
    expect([status, output]).toEqual([
      0,
      expect.stringMatching(/^services \d+\nranges 1\nwith the first Service 1\nfollowed \d+\n$/),
    ]);
    const [, services, followed] = /services (\d+)\n[\s\S]*\nfollowed (\d+)/.exec(output)!;
    expect(Number(services)).toBeGreaterThan(0.9 * SERVICES);
    expect(Number(followed)).toBeGreaterThan(0);
  });
});
