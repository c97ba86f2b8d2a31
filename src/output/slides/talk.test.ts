import { describe, expect, it } from "vitest";
import { fakeFinding, fakeResults, withBalance } from "../../../test/support/results.js";
import { ARTICLE_CLAIMS } from "../../analysis/article-claims.js";
import { notesOf } from "./slides.js";
import { talkOf } from "./talk.js";

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
const FACTOR = fakeFinding("iptables-factor", "At 30,000 Services iptables is 400 times slower");
const SLOPE = fakeFinding("iptables-slope", "Every Service adds 1.2 ns to an iptables lookup");
const CONSTANT = fakeFinding("work-constant", "eBPF hash does constant work");
const BALANCE = fakeFinding("balance", "Maglev moves 10 % of flows");

describe("a talk about several runs", () => {
  const scaling = fakeResults({ findings: [CONSTANT, SLOPE, FACTOR] });
  const again = withBalance(fakeResults({ findings: [BALANCE, FACTOR] }));
  const talk = talkOf([scaling, again], VIEW);

  it("follows the article's claims, and within each the order of a talk, whatever the runs' order", () => {
    expect(talk.slides.map(({ finding }) => finding!.id)).toEqual([
      "iptables-factor",
      "iptables-slope",
      "work-constant",
      "balance",
    ]);
    const backwards = talkOf([again, scaling], VIEW).slides.map(({ claim }) => claim);
    const order = ARTICLE_CLAIMS.map(({ claim }) => claim);
    expect(backwards).toEqual(backwards.toSorted((a, b) => order.indexOf(a!) - order.indexOf(b!)));
  });

  it("says a finding once, of the first run that has it, and draws no chart twice", () => {
    expect(talk.slides.filter(({ finding }) => finding!.id === "iptables-factor")).toHaveLength(1);
    expect(talk.slides[0]!.results).toBe(scaling);
    const charts = talk.slides.map(({ chart }) => chart.id);
    expect(new Set(charts).size).toBe(charts.length);
  });

  it("has an order of evidence for each claim, and of nothing else", () => {
    for (const { talk: order, evidence, more } of ARTICLE_CLAIMS) {
      expect(order.length).toBeGreaterThan(0);
      expect([...evidence, ...more]).toEqual(expect.arrayContaining([...order]));
    }
  });

  it("says warnings once that differ in numbers alone, with how many are alike", () => {
    const late = (seconds: number) =>
      `a replicate failed: it did not finish within its time limit of ${seconds} s`;
    const warned = fakeResults({ findings: [FACTOR] });
    warned.cells[0]!.warnings.push(late(16.9), late(60), late(2.43));
    const care = talkOf([warned, again], VIEW).texts.find(({ title }) => title === "Read with care")!;
    expect(care.paragraphs).toContain(`${late(16.9)} and 2 alike (models, lookup)`);
  });

  it("says warnings apart that differ in a name with digits", () => {
    const warned = fakeResults({ findings: [FACTOR] });
    warned.cells[0]!.warnings.push(
      "nftables 1.36 was busy",
      "nftables 1.37 was busy",
      "p50 of IPv4",
      "p99 of IPv6",
    );
    const care = talkOf([warned, again], VIEW).texts.find(({ title }) => title === "Read with care")!;
    expect(care.paragraphs.filter((paragraph) => / and \d+ alike/.test(paragraph))).toEqual([]);
  });

  it("names the claim above each slide, and its verdict in the notes", () => {
    const [slide] = talk.slides;
    expect(slide!.claim).toBe(ARTICLE_CLAIMS[0]!.claim);
    const notes = notesOf(slide!, slide!.build(VIEW), slide!.results);
    expect(notes).toContain(ARTICLE_CLAIMS[0]!.verdict);
  });

  it("tells the runs apart on its first slide and in its warnings", () => {
    expect(talk.lead).toEqual([
      "Models: 5 data planes at 1 to 30,000 Services",
      expect.stringMatching(/^Models: /),
      expect.stringMatching(/^Measured with lbscale on [\d-]+, /),
    ]);
    expect(talkOf(Array(7).fill(scaling), VIEW).lead[0]).toBe("7 runs");
    const warned = fakeResults({ findings: [FACTOR] });
    warned.cells[0]!.warnings.push("not steady");
    const care = talkOf([warned, again], VIEW).texts.find(({ title }) => title === "Read with care")!;
    expect(care.paragraphs).toContain("not steady (models, lookup)");
  });
});
