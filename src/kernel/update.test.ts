import { describe, expect, it } from "vitest";
import type { UpdateMode } from "../planes/plane.js";
import type { ConnectReport } from "./tasks.js";
import { KernelError } from "./testbed/tools.js";
import { measureUpdates } from "./update.js";

const said = (reports: readonly ConnectReport[]) =>
  reports.map((report) => [
    report.kind,
    "update" in report ? report.update : null,
    "reason" in report ? report.reason : null,
  ]);

describe("changes in the kernel", () => {
  /** Two planes, of two updates and of one, in two blocks; `measure` says what becomes of one. */
  async function reportsOf(
    measure: (plane: string, block: number, mode: UpdateMode) => void,
    done: readonly (readonly [number, number])[] = [],
  ): Promise<ConnectReport[]> {
    const reports: ConnectReport[] = [];
    await measureUpdates(
      [{ plane: "a" }, { plane: "b" }],
      {
        updates: [
          { cell: 0, mode: "partial" },
          { cell: 0, mode: "full" },
          { cell: 1, mode: "partial" },
        ],
        updateSchedule: [
          [0, 1, 2],
          [1, 0, 2],
        ],
        done: { rounds: [], updates: done },
        cpu: null,
        isUp: () => false,
      },
      {
        updaterOf: ({ plane }) => ({
          measure: async (mode, block) => {
            measure(plane, block, mode);
            return { toolNs: [1, 2], callsNs: null, floorNs: 1 };
          },
        }),
        chase: { time: () => 1 },
      },
      (report) => reports.push(report),
    );
    return reports;
  }

  it("leave a reason in every cell of a plane where one fails, and go on with the others", async () => {
    const reports = await reportsOf((plane) => {
      if (plane === "a") throw new KernelError("refused");
    });
    expect(said(reports)).toEqual([
      ["update failed", 0, "refused"],
      ["update failed", 1, "refused"],
      ["update", 2, null],
      ["update", 2, null],
    ]);
  });

  it("leave no reason where none is left to be measured", async () => {
    // The first change of "a" has both of its blocks, one from before, when the second one fails in its last.
    const reports = await reportsOf(
      (plane, block, mode) => {
        if (plane === "a" && block === 1 && mode === "full") throw new KernelError("refused");
      },
      [[1, 0]],
    );
    expect(said(reports)).toEqual([
      ["update", 0, null],
      ["update", 1, null],
      ["update", 2, null],
      ["update failed", 1, "refused"],
      ["update", 2, null],
    ]);
  });

  it("are reported once for each place of the schedule where none fails", async () => {
    const reports = await reportsOf(() => {});
    expect(said(reports).map(([, update]) => update)).toEqual([0, 1, 2, 1, 0, 2]);
  });

  it("end with what is no refusal of the kernel", async () => {
    const fault = new TypeError("a fault of ours");
    await expect(
      reportsOf(() => {
        throw fault;
      }),
    ).rejects.toBe(fault);
  });
});
