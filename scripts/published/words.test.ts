import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { commandOf, isDirty, laneWords, measuredWords } from "./words.js";

const measuredAt = (gitCommit: string | null) => {
  const results = fakeResults();
  return { ...results, environment: { ...results.environment, gitCommit } };
};

it("the page of a run names its commit, and says when it has changes that are in none", () => {
  const hash = "0123456789abcdef0123456789abcdef01234567";
  expect(measuredWords(measuredAt(hash))).toContain(" at commit 0123456789ab, with `");
  expect(measuredWords(measuredAt(`${hash}-dirty-0123456789ab`))).toContain(
    " at commit 0123456789ab-dirty (with changes that are in no commit), with `",
  );
  expect(measuredWords(measuredAt(`${hash}, fedcba9876543210fedc`))).toContain(
    " at commit 0123456789ab and fedcba987654, with `",
  );
  expect(measuredWords(measuredAt(null))).not.toContain("commit");
  expect([hash, `${hash}-dirty-0123456789ab`, null].map((commit) => isDirty(measuredAt(commit)))).toEqual([
    false,
    true,
    false,
  ]);
});

it("runs that are published as one have a command each, also where it is the same", () => {
  const results = fakeResults();
  const { command } = results.run;
  const runs = ["nftables", "iptables"].map((label) => ({ label, results }));
  expect(commandOf(runs)).toBe(
    `${command} --out nftables && ${command} --out iptables && lbscale report nftables iptables`,
  );
});

it("a run that a program made by the library keeps its call as it is", () => {
  const results = fakeResults();
  const call = 'runBenchmark({"lane":"kernel"})';
  const runs = [{ label: "iptables", results: { ...results, run: { ...results.run, command: call } } }];
  expect(commandOf(runs)).toBe(`${call} && lbscale report iptables`);
});

it("the page of a run through NodePorts says what N is to IPVS, and that iptables is modelled too fast", () => {
  const results = fakeResults();
  expect(laneWords({ ...results, run: { ...results.run, entry: "nodePort" } })).toMatch(
    /two virtual services.*3\.6 to 3\.8 times as long/,
  );
  expect(laneWords(results)).toBe("Model lane: models of the data planes, not the kernel.");
});

it("the page of a cluster names Kubernetes, its nodes and each plane's program with its version", () => {
  const results = fakeResults();
  const [cell] = results.cells;
  const words = laneWords({
    ...results,
    cells: [
      { ...cell!, plane: "nftables", lane: "cluster", facts: { program: "kube-proxy", version: "v1.36.3" } },
    ],
    cluster: {
      ...results.cluster,
      parameters: { kubernetes: "v1.36.3", nodes: [{ os: "Debian GNU/Linux 12 (bookworm)" }] },
    },
  });
  expect(words).toContain("Kubernetes v1.36.3, 1 node of Debian GNU/Linux 12");
  expect(words).toContain("nftables (kube-proxy v1.36.3)");
});
