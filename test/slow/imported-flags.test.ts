/** Flags of kube-proxy that an import read off a node's rules: every command that models rules uses them, and says so. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import { folder, lbscale } from "../support/cli.js";

const recorded = (path: string) => fileURLToPath(new URL(`../data/kube-proxy/${path}`, import.meta.url));
const NODE = recorded("1.36.3/masquerade-all/nftables.nft");
const SAID = "modelled as the rules show, unless other flags are given: --kube-proxy 1.36 --masquerade-all\n";
const SMALL = ["--planes", "nftables", "--profile", "quick", "--services", "14", "--replicates", "2"];

describe("flags that an import found", () => {
  const measured = join(folder, "measured");
  let run: ReturnType<typeof lbscale>;
  beforeAll(() => {
    run = lbscale(["run", "--cluster", NODE, ...SMALL, "--formats", "none", "--out", measured]);
  });

  it("are measured by run, stored with its command, and said", () => {
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining(SAID)]);
    const { command, settings } = readResults(measured).run;
    expect(command).toContain(" --kube-proxy 1.36 --masquerade-all ");
    expect(settings.planes).toMatchObject({ kubeProxy: "1.36", masqueradeAll: "true" });
    expect(settings.kubeProxy).toEqual({ nftables: "1.36.3" });
  });

  it("give way in run to those that are given", () => {
    const out = join(folder, "given");
    const given = ["--kube-proxy", "1.35", "--no-masquerade-all", "--formats", "none", "--out", out];
    expect(lbscale(["run", "--cluster", NODE, ...SMALL, ...given]).status).toBe(0);
    const { settings } = readResults(out).run;
    expect(settings.planes).toMatchObject({ kubeProxy: "1.35", masqueradeAll: "false" });
  });

  it("are counted by advise, which says where a run's times are without them", () => {
    const without = join(folder, "without");
    const plain = ["--kube-proxy", "1.37", "--no-masquerade-all", "--formats", "none", "--out", without];
    expect(lbscale(["run", "--cluster", NODE, ...SMALL, ...plain]).status).toBe(0);
    const advise = (path: string, ...more: string[]) =>
      lbscale(["advise", NODE, "--planes", "nftables", "--run", path, ...more, "--json"]);
    const [alike, other] = [advise(measured), advise(without)];
    expect(JSON.parse(alike.stdout).kubeProxy).toBe("1.36");
    expect(alike.stderr).toContain(SAID);
    expect(alike.stderr).not.toContain("has times without");
    expect(JSON.parse(other.stdout).kubeProxy).toBe("1.36");
    expect(other.stderr).toContain(
      `the run in ${without} has times without --kube-proxy, --masquerade-all: leave out --run`,
    );
    // What is given, and is what the run has, is no difference; what is given and is not, is refused.
    expect(advise(without, "--kube-proxy", "1.37", "--no-masquerade-all").status).toBe(0);
    expect(advise(without, "--kube-proxy", "1.36")).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^lbscale: --kube-proxy: the run in .* modelled 1\.37; leave out --run/m),
    });
  });

  it("are what verify holds the planes against", () => {
    const { status, stdout, stderr } = lbscale(["verify", NODE, "--planes", "nftables", "--flows", "2000"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining(SAID)]);
    expect(stdout).toMatch(/through nftables: 0 disagreements[\s\S]*masquerade-all/);
  });
});
