import { describe, expect, it } from "vitest";
import { terminalColumns } from "./output.js";

describe("the width of the terminal", () => {
  it("is what COLUMNS says, where it says a width", () => {
    expect(terminalColumns({ COLUMNS: "72" })).toBe(72);
    for (const COLUMNS of ["", "0", "wide", "3", "80.5"])
      expect(terminalColumns({ COLUMNS })).toBe(process.stdout.columns);
  });
});
