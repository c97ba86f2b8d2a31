import { expect, it } from "vitest";
import { SCOPE_INTERNAL } from "../layout.js";
import { BACKENDS, type HexMaps, SERVICES } from "./map-names.js";
import { listedBackends, withoutStale } from "./stale-entries.js";

/** 192.0.2.10, a NodePort, slot 0, TCP. */
const master = (scope: number) => `c000020a75300000060${scope}0000`;
/** 10.244.3.161:9090/TCP. */
const backend = (state: number) => `0af403a12382060${state}00000000`;
const maps = (services: HexMaps[string], state: number): HexMaps => ({
  [SERVICES]: services,
  [BACKENDS]: [["01000000", backend(state)]],
});
const forgotten: HexMaps[string] = [[master(SCOPE_INTERNAL), "000000000000002a42000000"]];
const backendsOf = (found: HexMaps) => found[BACKENDS]!.map(([, value]) => value);

it("a backend that is not ready goes with the frontends that were forgotten, unless a Service has it", () => {
  const held = maps(forgotten, 3);
  expect(withoutStale(held, new Set())).toEqual({ [SERVICES]: [], [BACKENDS]: [] });
  expect(backendsOf(withoutStale(held, listedBackends(held)))).toEqual([backend(3)]);
  // Where nothing was forgotten it is a difference like any other.
  expect(backendsOf(withoutStale(maps([], 3), new Set()))).toEqual([backend(3)]);
  // One that is ready has slots, which tell.
  expect(backendsOf(withoutStale(maps(forgotten, 0), new Set()))).toEqual([backend(0)]);
});
