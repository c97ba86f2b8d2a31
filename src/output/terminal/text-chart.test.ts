import { describe, expect, it } from "vitest";
import { fakeFinding, fakeResults, withPrograms } from "../../../test/support/results.js";
import { asciiText, lacksUtf8, textCharts } from "./text-chart.js";

const first = (results = fakeResults()) => textCharts(results, { most: 1 })[0]!;

describe("charts as text", () => {
  it("look like this", () => {
    const findings = [fakeFinding("iptables-slope", "Every Service adds 1.2 ns to an iptables lookup")];
    expect(first(fakeResults({ findings }))).toMatchInlineSnapshot(`
      "Every Service adds 1.2 ns to an iptables lookup
      Model: median lookup time of a new flow to a cluster IP, 95 % interval

      100 µs ┤
             │                                                i       i iptables
             │                                            ····
       10 µs ┤                                         ··i
             │                                     ···i
             │                                 ····
        1 µs ┤                              ··i
             │                          ····                          M eBPF + Maglev
             │                       ···                   ···*       I IPVS
      100 ns ┤                ······i                ·M··*····*       n nftables
             │*··········*··········*·········*·······*··e··          e eBPF hash
             │i·····
       10 ns ┤
             │
             │
        1 ns ┤
             └┴──────────┴──────────┴─────────┴──────────┴──────────┴
              1         10         100      1,000     10,000     100,000
              Number of Kubernetes Services in cluster, log–log, * several
      "
    `);
  });

  it("count rows between powers of ten, also where the picture's axis ends between these", () => {
    const results = fakeResults({
      ...{ planes: ["iptables"], services: [1, 1000], floorNs: 0 },
      latencyNs: (_plane, n) => (n === 1 ? 30 : 200),
    });
    const lines = first(results).split("\n");
    const row = (has: RegExp) => lines.findIndex((line) => has.test(line));
    expect([row(/^ *1 µs ┤/), row(/^ *10 ns ┤/)]).toEqual([3, 11]);
    // 30 ns is log10(3) of the way from 10 ns to 100 ns, which has four rows.
    expect(row(/i·/)).toBe(9);
  });

  it("leave a gap where nothing could be measured", () => {
    const whole = first(fakeResults({ planes: ["iptables"] }));
    const gap = first(fakeResults({ planes: ["iptables"], missing: ["iptables/1000"] }));
    const dots = (text: string) => text.match(/·/g)!.length;
    expect(gap.match(/i/g)!.length).toBe(whole.match(/i/g)!.length - 1);
    expect(dots(gap)).toBeLessThan(dots(whole) - 10);
  });

  it("are never wider than 80 columns, and give each line its letter", () => {
    const planes = [
      "iptables",
      "iptables-nft",
      "ipvs",
      "nftables",
      "ebpf",
      "ebpf-maglev",
      "a plane of another tool",
    ];
    for (const text of textCharts(withPrograms(fakeResults({ planes })))) {
      for (const line of text.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    }
    const names = first(fakeResults({ planes })).match(/ (\S) (?:a plane|IPVS|nftables|iptables|eBPF).*$/gm)!;
    expect(new Set(names.map((name) => name.trim()[0])).size).toBe(planes.length);
  });

  it("are drawn of every log-log chart and of no other", () => {
    const charts = textCharts(withPrograms(fakeResults()));
    for (const measure of ["median lookup time", "rules and table entries", "bytes that the kernel spends"])
      expect(charts.filter((text) => text.includes(measure)).length).toBeGreaterThan(0);
    for (const text of charts) expect(text).toContain("log–log");
  });

  it("are none where nothing was measured", () => {
    expect(textCharts({ ...fakeResults(), cells: [] })).toEqual([]);
  });
});

describe("terminals without UTF-8", () => {
  it("get ASCII alone", () => {
    const text = asciiText(`${first()}± × – … 字`);
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text).toContain("100 us +");
    expect(text).toContain("+/- x - ... ?");
  });

  it("are known by the first of LC_ALL, LC_CTYPE and LANG that is set", () => {
    expect(lacksUtf8({})).toBe(false);
    expect(lacksUtf8({ LANG: "en_GB.UTF-8" })).toBe(false);
    expect(lacksUtf8({ LANG: "C.utf8" })).toBe(false);
    expect(lacksUtf8({ LANG: "C" })).toBe(true);
    expect(lacksUtf8({ LC_ALL: "POSIX", LANG: "en_GB.UTF-8" })).toBe(true);
    expect(lacksUtf8({ LC_ALL: "", LC_CTYPE: "de_DE.UTF-8", LANG: "C" })).toBe(false);
  });
});
