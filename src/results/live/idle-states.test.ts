import { expect, it } from "vitest";
import { idleFacts, idleWords } from "./idle-states.js";

it("idle states are shares of the idle time of all nodes, with the longest exit latency of each", () => {
  const poll = { name: "POLL", exitUs: 0, spentUs: 100 };
  const deep = { name: "C6", exitUs: 133, spentUs: 600 };
  expect(idleFacts([poll, deep, { ...poll, spentUs: 200 }, { ...deep, exitUs: 170, spentUs: 100 }])).toEqual({
    ...{ "share of idle time in POLL": 0.3, "exit latency ns of POLL": 0 },
    ...{ "share of idle time in C6": 0.7, "exit latency ns of C6": 170_000 },
  });
});

it("idle states are no facts where a node shows none, or where no CPU was idle", () => {
  expect(idleFacts([])).toEqual({});
  expect(idleFacts([{ name: "POLL", exitUs: 0, spentUs: 0 }])).toEqual({});
});

it("idle states are described from the smallest to the largest share of cells, without those that hardly occur", () => {
  const cell = (poll: number, c1: number, c6: number) => ({
    facts: idleFacts([
      { name: "POLL", exitUs: 0, spentUs: poll },
      { name: "C1", exitUs: 2, spentUs: c1 },
      { name: "C6", exitUs: 133, spentUs: c6 },
    ]),
  });
  expect(idleWords([cell(910, 3, 87), cell(990, 3, 7), { facts: { clockReadingNs: 25 } }])).toBe(
    "POLL 91 to 99 %, C6 (exit latency 133 µs) 1 to 9 %",
  );
  expect(idleWords([cell(1, 0, 0)])).toBe("POLL 100 %");
  expect(idleWords([{ facts: { clockReadingNs: 25 } }])).toBeNull();
});
