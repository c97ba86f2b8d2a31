/** What stops a run in a real cluster before it has made anything, in one line that says what to do. */

import { describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import {
  expired,
  forbid,
  kubeconfigOfMeasurer,
  kubeconfigWith,
  kubectl,
  lbscale,
  leftOf,
  leftOut,
  leftovers,
  measure,
  measureAsync,
  newOut,
  tokenOf,
  waitUntil,
  withTestCluster,
} from "./cluster-tools.js";

/** What a run says that is refused: nothing is there after it. */
function refused(...args: string[]): string {
  const { status, stderr } = measure(...args, "--out", newOut());
  expect([stderr, status]).toEqual([expect.stringMatching(/^lbscale: .*\n$/), 2]);
  expect(leftovers()).toEqual([]);
  return stderr;
}

describe.skipIf(leftOut)("before it makes anything, a run", () => {
  withTestCluster();

  it("refuses a context that is not there", () => {
    expect(refused("--context", "nowhere")).toBe('lbscale: kubectl: context "nowhere" does not exist\n');
  });

  it("is told by doctor what the cluster can measure, and what a user lacks for it", () => {
    const admin = lbscale("doctor", "--context", "lbscale");
    expect([admin.stderr, admin.status]).toEqual(["", 0]);
    expect(admin.stdout).toMatch(
      /Kubernetes v1\.36\.3, 1 of 1 nodes usable.*\ndata plane: nftables v1\.36\.3/,
    );
    expect(admin.stdout).toMatch(/^\+ connect and established, TCP and UDP\n\+ programming and sync$/m);
    const nobody = lbscale("doctor", "--kubeconfig", kubeconfigWith(tokenOf("default")));
    expect(nobody.stdout).toMatch(/^- programming and sync: may not list nodes, .*create pods\/attach/m);
    expect(leftovers()).toEqual([]);
  });

  it("refuses an expired token", () => {
    const file = kubeconfigWith(expired(tokenOf("default")));
    expect(refused("--kubeconfig", file)).toMatch(/does not accept your credentials .*: log in again/);
  });

  it("refuses a user without rights, naming each that is lacking", () => {
    const file = kubeconfigWith(tokenOf("default"));
    expect(refused("--kubeconfig", file)).toMatch(
      /may not list nodes, list services, create namespaces, .*: lbscale run --lane cluster --dry-run prints the rights/,
    );
  });

  it("refuses a user who may only read, naming what else is needed", () => {
    kubectl("create", "serviceaccount", "reader");
    kubectl(
      "create",
      "clusterrolebinding",
      "reader",
      "--clusterrole=view",
      "--serviceaccount=default:reader",
    );
    const words = refused("--kubeconfig", kubeconfigWith(tokenOf("reader")));
    expect(words).toContain("create namespaces, delete namespaces");
    expect(words).not.toContain("list pods");
  });

  it("in a namespace that is there is content with a Role in it, and with listing nodes and Services", () => {
    kubectl("create", "namespace", "team");
    const options = ["--namespace", "team", "--services", "2"];
    const kubeconfig = kubeconfigOfMeasurer(...options);
    const out = newOut();
    const { stderr, status } = measure(
      "--kubeconfig",
      kubeconfig,
      ...options,
      "--duration",
      "2s",
      "--out",
      out,
    );
    expect([stderr, status]).toEqual([expect.stringContaining("nftables"), 0]);
    expect(leftovers()).toEqual([]);
  });

  it("refuses a namespace whose quota leaves too little", () => {
    kubectl("create", "namespace", "small");
    kubectl("create", "quota", "few", "--hard=services=3", "--namespace=small");
    expect(refused("--namespace", "small", "--services", "10")).toMatch(
      /10 services are needed, and the quota few of namespace small leaves 3: name another namespace, .*, or make fewer Services \(--namespace, --services\)$/m,
    );
  });

  it("prints the objects for the cluster as it is where a quota would refuse them, and says so", () => {
    const options = ["--namespace", "small", "--services", "10", "--nodes", "2", "--dry-run"];
    const { status, stdout, stderr } = lbscale("run", "--lane", "cluster", ...options);
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(
        /10 services are needed, and the quota few .* leaves 3: .*; printed all the same\n$/,
      ),
    ]);
    const image = kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.images[*].names[*]}");
    const [, printed = "none"] = /^ +image: (.*)$/m.exec(stdout) ?? [];
    expect(image.split(" ")).toContain(printed);
  });

  it("refuses a namespace that is not there, nodes that are not there, and more nodes' labels than there are", () => {
    expect(refused("--namespace", "nowhere")).toMatch(/there is no namespace nowhere/);
    expect(refused("--node-selector", "pool=none")).toMatch(
      /none of 1 nodes takes the pods: .*--node-selector/,
    );
  });

  it("refuses a namespace that takes no pods without limits", () => {
    kubectl("create", "namespace", "bounded");
    kubectl("create", "quota", "limits", "--hard=limits.cpu=1", "--namespace=bounded");
    expect(refused("--namespace", "bounded")).toMatch(
      /does not take a Pod of this run \(.*must specify limits.cpu.*\): name another namespace, or none for one of the run's own \(--namespace\)/,
    );
  });

  it("says why a namespace refuses its pods where the user may not make pods, and removes what it made to find out", () => {
    const kubeconfig = kubeconfigOfMeasurer("--namespace", "bounded");
    const out = newOut();
    const { status, stderr } = measure("--kubeconfig", kubeconfig, "--namespace", "bounded", "--out", out);
    expect(stderr).toMatch(
      /lbscale: the cluster refuses the target pods \(.*must specify limits.cpu.*\): name another namespace/,
    );
    expect(status).toBe(2);
    expect(leftovers()).toEqual([]);
  });

  it("refuses a namespace where another has an object by a name that it needs", () => {
    kubectl("create", "namespace", "taken");
    kubectl("create", "configmap", "program-amd64", "--namespace=taken");
    expect(refused("--namespace", "taken")).toMatch(
      /namespace taken has a ConfigMap program-amd64 already: .*lbscale clean --namespace taken\), or choose another namespace \(--namespace\)/,
    );
  });

  it("refuses to begin where a policy forbids its namespace, in words of the policy", () => {
    const lift = forbid("namespaces", "ask the platform team first");
    const words = refused("--services", "1");
    expect(words).toMatch(
      /does not take a namespace of this run \(.*ask the platform team first.*\): ask for an exception, or name a namespace that is there/,
    );
    expect(lbscale("doctor", "--context", "lbscale").stdout).toMatch(
      /^- a namespace of the run's own: .*ask the platform team first/m,
    );
    lift();
  });

  it("removes its namespace where a policy forbids the Deployment's pods, in words of the policy", () => {
    const lift = forbid("pods", "no pods today");
    const out = newOut();
    const { status, stderr } = measure("--services", "1", "--out", out);
    expect(stderr).toMatch(
      /a trial Pod is refused \(.*no pods today.*\): pods of the Deployment may be admitted/,
    );
    expect(stderr).toMatch(
      /lbscale: the cluster refuses the target pods \(.*no pods today.*\): ask for an exception/,
    );
    expect([status, leftovers()]).toEqual([2, []]);
    lift();
  });

  // Side by side.
  it.concurrent("is content with the rights that --dry-run prints, and with no others", async () => {
    const out = newOut();
    const kubeconfig = kubeconfigOfMeasurer("--services", "2");
    const options = ["--services", "2", "--duration", "2s", "--out", out];
    const { stderr } = await measureAsync("--kubeconfig", kubeconfig, ...options);
    expect([stderr, readResults(out).run.complete]).toEqual([expect.stringContaining("nftables"), true]);
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent("takes a quota to its last Service and pod, and has nobody's Pod in its way", async () => {
    kubectl("create", "namespace", "exact");
    const hard =
      "services=2,pods=7,requests.cpu=70m,requests.memory=112Mi,count/replicasets.apps=1,configmaps=3";
    kubectl("create", "quota", "exact", `--hard=${hard}`, "--namespace=exact");
    waitUntil(() => kubectl("get", "quota", "exact", "-n", "exact", "-o", "jsonpath={.status.used}") !== "");
    const spec = {
      containers: [{ name: "a", image: "a", resources: { requests: { cpu: "10m", memory: "16Mi" } } }],
    };
    const overrides = JSON.stringify({ spec });
    kubectl("run", "targets", "--image=a", "--namespace=exact", `--overrides=${overrides}`);
    const out = newOut();
    const options = ["--namespace", "exact", "--services", "2", "--duration", "2s"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect([stderr.includes("lbscale:"), status]).toEqual([false, 0]);
    expect(await leftOf(stderr, "exact")).toEqual([]);
  });

  it.concurrent("refuses an image that the nodes neither have nor can pull, and removes what it made to find out", async () => {
    const options = ["--image", "localhost/none:1", "--out", newOut()];
    const { status, stderr } = await measureAsync(...options);
    expect(stderr).toContain("a pod on each of these nodes that has the image pulled");
    expect(stderr).toMatch(/lbscale: the nodes have no image localhost\/none:1 and can't pull it .*--image/);
    expect(status).toBe(2);
    expect(await leftOf(stderr)).toEqual([]);
  });

  it.concurrent("measures in a namespace under PodSecurity restricted, and leaves the namespace as it was", async () => {
    kubectl("create", "namespace", "limited");
    kubectl("label", "namespace", "limited", "pod-security.kubernetes.io/enforce=restricted");
    const before = kubectl("get", "all,endpointslices", "--namespace=limited", "-o", "name");
    const out = newOut();
    const options = ["--namespace", "limited", "--services", "2", "--duration", "2s"];
    const { status, stderr } = await measureAsync(...options, "--out", out);
    expect(status).toBe(0);
    expect(kubectl("get", "all,endpointslices", "--namespace=limited", "-o", "name")).toBe(before);
    expect(await leftOf(stderr, "limited")).toEqual([]);
  });

  it("leaves nothing of any of these", () => {
    expect(leftovers()).toEqual([]);
  });
});

describe.skipIf(leftOut)("in a cluster of eight addresses for Services, a run", () => {
  withTestCluster("--service-range", "10.96.0.0/29");

  it("refuses more Services than three addresses that are free", () => {
    for (const name of ["a", "b"]) kubectl("create", "service", "clusterip", name, "--tcp=80");
    expect(refused("--services", "1,10")).toMatch(
      /10 Services need as many addresses, and 3 are free in 10\.96\.0\.0\/29: add a ServiceCIDR, or make fewer \(--services\)/,
    );
  });

  it("takes the last three", () => {
    const out = newOut();
    expect(measure("--services", "3", "--duration", "2s", "--out", out).status).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it("refuses to begin where none is left", () => {
    for (const name of ["c", "d", "e"]) kubectl("create", "service", "clusterip", name, "--tcp=80");
    expect(refused("--services", "1")).toMatch(
      /a Service needs an address, and none is free in .*: add a ServiceCIDR, or remove Services/,
    );
  });
});
