import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { idleFacts } from "../results/live/idle-states.js";
import { formatMethod, kubeProxyFacts, methodFacts, planesAndSizes } from "./method.js";

it("the method says whose anonymous maps are modelled: the run's version of nft, or what old runs had", () => {
  const results = fakeResults();
  const said = (nft?: Record<string, string>) =>
    /nftables as nft (.*) makes them/.exec(
      formatMethod({
        ...results,
        run: { ...results.run, settings: { ...results.run.settings, ...(nft && { nft }) } },
      })[0]!,
    )?.[1];
  expect(said()).toBe("up to 1.1.1");
  expect(said({ nftables: "1.1.3", "nftables@1.36": "1.1.3" })).toBe("1.1.3");
  expect(said({ nftables: "1.1.3", "nftables@1.36": "1.0.6" })).toBe("1.1.3 and 1.0.6");
});

it("the method of a live cluster describes connections and clocks, and no process or checksum", () => {
  const results = fakeResults();
  const [cell] = results.cells;
  const live = (scenario: string, facts: Record<string, number>) => ({
    ...cell!,
    ...{ lane: "cluster" as const, scenario, facts },
  });
  const probe = {
    ...{ loopbackP50Ns: 15_000, clockResolutionNs: 1, clockReadingNs: 30, probeCores: 0.2 },
    ...idleFacts([{ name: "C1", exitUs: 2, spentUs: 5 }]),
  };
  const words = (cells: typeof results.cells) => formatMethod({ ...results, cells }).join(" ");
  const all = [live("connect", probe), live("connect", { ...probe, loopbackP50Ns: 16_000 })];
  expect(words(all)).toContain("every one by an endpoint of its Service");
  expect(words(all)).not.toMatch(/process|checksum|clock/);
  expect(words([live("programming", { clockErrorNs: 40_000 })])).toContain(
    "half the shortest is their error",
  );
  expect(methodFacts({ ...results, cells: [...all, live("sync", { clockErrorNs: 40_000 })] })).toEqual(
    expect.arrayContaining([
      ["Noise floor of connections (the same within one pod, median)", "15 µs to 16 µs"],
      ["The probe's clock", "steps of 1 ns, 30 ns per reading"],
      ["Error of the clocks compared, at most", "40 µs"],
      ["States of idle CPUs, by share of idle time", "C1 (exit latency 2 µs) 100 %"],
    ]),
  );
});

it("the method names whose rules a kernel loaded, and the real programs that were measured, each version once", () => {
  const results = fakeResults({ planes: ["iptables"], services: [1, 100, 1000, 5000] });
  const versions = ["1.37.2", "Kubernetes v1.37.2", "Kubernetes v1.37.2", "Kubernetes v1.36.3"];
  results.cells.forEach((cell, i) => {
    cell.facts = { kubeProxy: versions[i]!, ...(i > 0 && { minSyncPeriod: "1 ms" }) };
  });
  expect(kubeProxyFacts(results)).toEqual([
    ["Rules of kube-proxy", "1.37.2"],
    ["kube-proxy itself", "Kubernetes v1.37.2, Kubernetes v1.36.3"],
  ]);
});

it("a run's planes and sizes are counted in words that fit one of each", () => {
  const { cells } = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 1000] });
  const of = (plane: string, services: number) =>
    cells.filter((cell) => cell.plane === plane && cell.services === services);
  expect(planesAndSizes(cells)).toBe("2 data planes at 1 to 1,000 Services");
  expect(planesAndSizes(of("ebpf", 1))).toBe("1 data plane at 1 Service");
  expect(planesAndSizes(of("ebpf", 1000))).toBe("1 data plane at 1,000 Services");
});
